import { bracket, fieldOf } from './data_source_fields.ts';
import type { ResolvedField } from './data_source_model.ts';
import { fieldType } from './field_xml.ts';
import { DERIVATIONS, type Derivation, type Pill } from './workbook_spec.ts';
import { el, type XmlElement } from './xml.ts';

/** A field in one use: what Tableau calls a column instance. `key` is its unbracketed name. */
export interface ColumnInstance {
  readonly key: string;
  readonly field: ResolvedField;
  readonly derivation: Derivation;
  readonly type: 'nominal' | 'ordinal' | 'quantitative';
}

const AGGREGATIONS: readonly Derivation[] = ['Sum', 'Avg', 'Min', 'Max', 'Median', 'Count', 'CountD', 'User'];
const DATE_PARTS: readonly Derivation[] = ['Year', 'Month'];

/**
 * The instance a pill stands for. A calculation that aggregates itself is always `User`; a dimension without a
 * derivation is `None`.
 * @throws Error when the field does not exist or the derivation does not suit it.
 */
export function columnInstance(
  fields: ReadonlyMap<string, ResolvedField>,
  pill: Pill,
  where: string,
): ColumnInstance {
  const field = fieldOf(fields, pill.field, where);
  const aggregate = field.kind === 'calculation' && field.calculation.aggregate;
  const derivation = pill.as ?? (aggregate ? 'User' : 'None');
  const problem =
    pill.discrete === true && !derivation.endsWith('-Trunc')
      ? 'a truncated date for discrete'
      : misuse(field, derivation, aggregate);
  if (problem !== null) {
    throw new Error(
      `extracts: ${where}: got ${derivation} of ${pill.field}, want ${problem}; change the pill's derivation`,
    );
  }
  const type = pill.discrete === true ? 'ordinal' : instanceType(field, derivation);
  return { key: `${DERIVATIONS[derivation]}:${field.local}:${type[0]}k`, field, derivation, type };
}

function misuse(field: ResolvedField, derivation: Derivation, aggregate: boolean): string | null {
  if (aggregate) return derivation === 'User' ? null : 'User, since the calculation aggregates itself';
  if (derivation === 'User')
    return 'an aggregation, since User is for calculations that aggregate themselves';
  const isDate = field.datatype === 'date' || field.datatype === 'datetime';
  if ((derivation.endsWith('-Trunc') || DATE_PARTS.includes(derivation)) && !isDate) {
    return `a date for that, and ${field.local} is ${field.datatype}`;
  }
  const isNumber = field.datatype === 'integer' || field.datatype === 'real';
  if (['Sum', 'Avg', 'Median'].includes(derivation) && !isNumber) {
    return `a number for that, and ${field.local} is ${field.datatype}`;
  }
  return null;
}

function instanceType(field: ResolvedField, derivation: Derivation): ColumnInstance['type'] {
  if (AGGREGATIONS.includes(derivation) || derivation.endsWith('-Trunc')) return 'quantitative';
  if (DATE_PARTS.includes(derivation)) return 'ordinal';
  return fieldType(field);
}

/** A date as it is, but continuous (an axis or a range), where `None` alone would be discrete. */
export function continuousDate(instance: ColumnInstance): ColumnInstance {
  return { ...instance, type: 'quantitative', key: instance.key.replace(/:ok$/, ':qk') };
}

/** The `column-instance` element. */
export function columnInstanceXml(instance: ColumnInstance): XmlElement {
  return el('column-instance', {
    column: bracket(instance.field.local),
    derivation: instance.derivation,
    name: bracket(instance.key),
    pivot: 'key',
    type: instance.type,
  });
}
