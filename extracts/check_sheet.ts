import type { CheckedSource } from './check_data_source.ts';
import { DERIVATIONS } from './workbook_spec.ts';
import { descendants, elementsOf, findElement, textOf, type XmlElement } from './xml.ts';

const BUILT_IN = ['[:Measure Names]', '[Multiple Values]'];
const QUALIFIED = /\[(?:[^\]]|\]\])+\]\.\[(?:[^\]]|\]\])+\]/g;
const NUMBERS_ONLY = ['Sum', 'Avg', 'Median'];
const DATES_ONLY = ['Year', 'Month', 'Year-Trunc', 'Quarter-Trunc', 'Month-Trunc', 'Week-Trunc', 'Day-Trunc'];

/**
 * Checks one `worksheet`: its dependencies against the data sources, its column instances, and every reference on
 * shelves, marks, filters, sorts and slices against them. Returns the qualified names that the sheet may use.
 */
export function checkSheet(
  sheet: XmlElement,
  sources: ReadonlyMap<string, CheckedSource>,
  problems: string[],
): ReadonlySet<string> {
  const report = (problem: string) => problems.push(`sheet ${sheet.attributes.name ?? ''}: ${problem}`);
  const known = new Set<string>();
  for (const dependencies of descendants(sheet)) {
    if (dependencies.name !== 'datasource-dependencies') continue;
    const name = dependencies.attributes.datasource ?? '';
    const source = sources.get(name);
    if (source === undefined) {
      report(`got data source ${name}, want one of the workbook`);
      continue;
    }
    for (const builtIn of BUILT_IN) known.add(`[${name}].${builtIn}`);
    for (const column of elementsOf(dependencies, 'column')) {
      const field = column.attributes.name ?? '';
      if (!source.fields.has(field)) report(`got a dependency on ${field}, want a field of ${name}`);
    }
    for (const instance of elementsOf(dependencies, 'column-instance')) {
      checkInstance(instance, source, report);
      known.add(`[${name}].${instance.attributes.name ?? ''}`);
    }
  }
  for (const reference of referencesOf(sheet)) {
    if (!known.has(reference)) report(`got a reference to ${reference}, want a column instance of the sheet`);
  }
  return known;
}

function checkInstance(instance: XmlElement, source: CheckedSource, report: (problem: string) => void): void {
  const { name = '', column = '', derivation = '', type = '' } = instance.attributes;
  const field = source.fields.get(column);
  if (field === undefined) {
    report(`column instance ${name}: got column ${column}, want a field of ${source.name}`);
    return;
  }
  const prefix = (DERIVATIONS as Readonly<Record<string, string>>)[derivation];
  if (prefix === undefined) {
    report(
      `column instance ${name}: got derivation ${derivation}, want one of ${Object.keys(DERIVATIONS).join(', ')}`,
    );
    return;
  }
  const wanted = `[${prefix}:${column.slice(1, -1)}:${type.slice(0, 1)}k]`;
  if (name !== wanted) report(`column instance ${name}: got that name for ${derivation}, want ${wanted}`);
  const isNumber = field.datatype === 'integer' || field.datatype === 'real';
  const isDate = field.datatype === 'date' || field.datatype === 'datetime';
  if (NUMBERS_ONLY.includes(derivation) && !isNumber)
    report(`column instance ${name}: got ${field.datatype}, want a number`);
  if (DATES_ONLY.includes(derivation) && !isDate)
    report(`column instance ${name}: got ${field.datatype}, want a date`);
  if (field.aggregates !== (derivation === 'User')) {
    report(
      `column instance ${name}: got derivation ${derivation}, want ${field.aggregates ? 'User: the formula aggregates itself' : 'another: User is for formulas that aggregate themselves'}`,
    );
  }
}

/** Every qualified name that a sheet uses, wherever it stands. */
function referencesOf(sheet: XmlElement): ReadonlySet<string> {
  const found = new Set<string>();
  const take = (text: string) => {
    for (const reference of text.match(QUALIFIED) ?? []) found.add(reference);
  };
  const table = findElement(sheet, 'table');
  if (table === null) return found;
  for (const element of descendants(table)) {
    if (['rows', 'cols', 'bucket'].includes(element.name)) take(textOf(element));
    if (element.name === 'column' && Object.keys(element.attributes).length === 0) take(textOf(element));
    if (['column', 'column-instance', 'calculation'].includes(element.name)) continue;
    for (const attribute of ['column', 'using', 'member']) take(element.attributes[attribute] ?? '');
  }
  return found;
}
