import { bracket, tableauFormula } from './data_source_fields.ts';
import type { ResolvedField } from './data_source_model.ts';
import { tableauType } from './hyper_types.ts';
import { el, type XmlElement } from './xml.ts';

type Fields = ReadonlyMap<string, ResolvedField>;

/** Tableau's field type: dates are ordinal, texts nominal, measures quantitative. */
export function fieldType(field: ResolvedField): 'nominal' | 'ordinal' | 'quantitative' {
  if (field.field.role === 'measure') return 'quantitative';
  if (field.datatype === 'date' || field.datatype === 'datetime') return 'ordinal';
  return field.datatype === 'integer' || field.datatype === 'real' ? 'ordinal' : 'nominal';
}

/** The `column` element: caption, type, role, format, description and, for a calculation, its formula. */
export function columnXml(fields: Fields, field: ResolvedField): XmlElement {
  const { caption, description, role, defaultFormat, defaultAggregation, hidden } = field.field;
  const where = `calculated field ${caption}`;
  return el(
    'column',
    {
      aggregation: defaultAggregation ?? undefined,
      caption,
      datatype: field.datatype,
      'default-format': defaultFormat ?? undefined,
      hidden: hidden ? true : undefined,
      name: bracket(field.local),
      role,
      type: fieldType(field),
    },
    field.kind === 'calculation'
      ? el('calculation', {
          class: 'tableau',
          formula: tableauFormula(fields, field.calculation.formula, where),
        })
      : null,
    description === '' ? null : el('desc', {}, el('formatted-text', {}, el('run', {}, description))),
  );
}

/** The `metadata-record` of a column: how it is called and typed in the extract. */
export function metadataRecordXml(
  field: Extract<ResolvedField, { kind: 'column' }>,
  ordinal: number,
  parent: string,
  objectId: string | null,
): XmlElement {
  const { datatype, remoteType, aggregation } = tableauType(field.column.type);
  const text = (name: string, value: string | number) => el(name, {}, String(value));
  return el(
    'metadata-record',
    { class: 'column' },
    text('remote-name', field.column.name),
    text('remote-type', remoteType),
    text('local-name', bracket(field.local)),
    text('parent-name', bracket(parent)),
    text('remote-alias', field.column.name),
    text('ordinal', ordinal),
    text('local-type', datatype),
    text('aggregation', aggregation),
    datatype === 'string' ? el('collation', { flag: 0, name: 'binary' }) : null,
    text('contains-null', 'true'),
    objectId === null ? null : text('object-id', bracket(objectId)),
  );
}
