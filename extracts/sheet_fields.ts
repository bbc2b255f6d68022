import { type ColumnInstance, columnInstance, columnInstanceXml, continuousDate } from './column_instance.ts';
import { bracket, fieldOf, referencesIn } from './data_source_fields.ts';
import type { ResolvedField } from './data_source_model.ts';
import { columnXml } from './field_xml.ts';
import type { FilterSpec, Pill, SheetSpec, ShelfItem } from './workbook_spec.ts';
import { el, type XmlElement } from './xml.ts';

type Fields = ReadonlyMap<string, ResolvedField>;

/** The data source a sheet reads, as its XML needs it. */
export interface SheetSource {
  readonly id: string;
  readonly caption: string;
  readonly fields: Fields;
}

/** The qualified name of a shelf item, e.g. `[federated.x].[sum:committed:qk]`. */
export function shelfReference(source: SheetSource, item: ShelfItem, where: string): string {
  if (item === 'measure names') return `${bracket(source.id)}.[:Measure Names]`;
  if (item === 'measure values') return `${bracket(source.id)}.[Multiple Values]`;
  return instanceReference(source, columnInstance(source.fields, item, where));
}

/** The qualified name of a column instance. */
export function instanceReference(source: SheetSource, instance: ColumnInstance): string {
  return `${bracket(source.id)}.${bracket(instance.key)}`;
}

/** The instance that a filter applies to: continuous for a range, otherwise as it is. */
export function filterInstance(source: SheetSource, filter: FilterSpec, where: string): ColumnInstance {
  const instance = columnInstance(source.fields, { field: filter.field }, where);
  return filter.keep === 'range' ? continuousDate(instance) : instance;
}

/** All instances that a sheet uses, each once. */
export function sheetInstances(source: SheetSource, sheet: SheetSpec): readonly ColumnInstance[] {
  const where = `sheet ${sheet.name}`;
  const items = [...sheet.columns, ...sheet.rows, sheet.colour, sheet.text];
  const pills: Pill[] = items.filter((item): item is Pill => typeof item === 'object');
  pills.push(...(sheet.measures ?? []), ...(sheet.tooltip ?? []));
  if (sheet.sort !== undefined) pills.push({ field: sheet.sort.field }, sheet.sort.by);
  const instances = [
    ...pills.map((pill) => columnInstance(source.fields, pill, where)),
    ...sheet.filters.map((filter) => filterInstance(source, filter, where)),
  ];
  return [...new Map(instances.map((instance) => [instance.key, instance])).values()];
}

/** The `datasource-dependencies` element: each column used, directly or by a formula, and each instance. */
export function dependenciesXml(source: SheetSource, instances: readonly ColumnInstance[]): XmlElement {
  const used = new Map<string, ResolvedField>();
  const take = (field: ResolvedField) => {
    if (used.has(field.local)) return;
    used.set(field.local, field);
    if (field.kind === 'calculation') {
      for (const reference of referencesIn(field.calculation.formula)) {
        take(fieldOf(source.fields, reference, `calculated field ${field.field.caption}`));
      }
    }
  };
  for (const instance of instances) take(instance.field);
  return el(
    'datasource-dependencies',
    { datasource: source.id },
    ...[...used.values()].map((field) => columnXml(source.fields, field)),
    ...instances.map(columnInstanceXml),
  );
}
