import { bracket } from './data_source_fields.ts';
import { filterInstance, instanceReference, type SheetSource, shelfReference } from './sheet_fields.ts';
import type { FilterSpec, SheetSpec } from './workbook_spec.ts';
import { el, type XmlElement } from './xml.ts';

const ENUMERATE = { 'user:ui-domain': 'database', 'user:ui-marker': 'enumerate' } as const;

/** One `filter` element of a sheet. */
export function filterXml(source: SheetSource, filter: FilterSpec, where: string): XmlElement {
  const instance = filterInstance(source, filter, where);
  const common = { column: instanceReference(source, instance), 'filter-group': filter.group };
  const level = bracket(instance.key);
  if (filter.keep === 'range') {
    return el('filter', { class: 'quantitative', ...common, 'included-values': 'all' });
  }
  if (filter.keep === 'all') {
    const all = {
      function: 'level-members',
      level,
      'user:ui-enumeration': 'all',
      'user:ui-marker': 'enumerate',
    };
    return el('filter', { class: 'categorical', ...common }, el('groupfilter', all));
  }
  const member = (value: string) => ({
    function: 'member',
    level,
    member: literal(instance.field.datatype, value),
  });
  const [first, ...others] = filter.keep;
  if (first === undefined) {
    throw new Error(
      `extracts: ${where}: got a filter on ${filter.field} that keeps nothing, want at least one value`,
    );
  }
  const inclusive = { 'user:ui-enumeration': 'inclusive', ...ENUMERATE };
  const only = others.length === 0;
  const group = only
    ? el('groupfilter', { ...member(first), ...inclusive })
    : el(
        'groupfilter',
        { function: 'union', ...inclusive },
        ...filter.keep.map((value) => el('groupfilter', member(value))),
      );
  return el('filter', { class: 'categorical', ...common }, group);
}

/** The filter that keeps a sheet's own measures on 'measure names', and their order; null where it shows none. */
export function measureNamesXml(
  source: SheetSource,
  sheet: SheetSpec,
): { readonly filter: XmlElement; readonly sort: XmlElement } | null {
  const where = `sheet ${sheet.name}`;
  const measures = sheet.measures ?? [];
  if (measures.length === 0) return null;
  const column = shelfReference(source, 'measure names', where);
  const names = measures.map((pill) => `"${shelfReference(source, pill, where)}"`);
  const members = names.map((name) =>
    el('groupfilter', { function: 'member', level: '[:Measure Names]', member: name }),
  );
  return {
    filter: el(
      'filter',
      { class: 'categorical', column },
      el('groupfilter', { function: 'union', 'user:op': 'manual' }, ...members),
    ),
    sort: el(
      'manual-sort',
      { column, direction: 'ASC' },
      el('dictionary', {}, ...names.map((name) => el('bucket', {}, name))),
    ),
  };
}

/** A value in Tableau's notation: dates between `#`, texts in quotes, the rest bare. */
function literal(datatype: string, value: string): string {
  if (datatype === 'date' || datatype === 'datetime') return `#${value}#`;
  return datatype === 'string' ? `"${value}"` : value;
}
