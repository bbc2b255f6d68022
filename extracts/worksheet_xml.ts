import { bracket } from './data_source_fields.ts';
import { filterXml, measureNamesXml } from './filter_xml.ts';
import {
  dependenciesXml,
  filterInstance,
  instanceReference,
  type SheetSource,
  sheetInstances,
  shelfReference,
} from './sheet_fields.ts';
import { stableUuid } from './stable_ids.ts';
import type { SheetSpec, ShelfItem } from './workbook_spec.ts';
import { el, type XmlElement } from './xml.ts';

/** The `worksheet` element of a sheet. @throws Error when a shelf or filter names a field that does not exist. */
export function worksheetXml(source: SheetSource, sheet: SheetSpec): XmlElement {
  return el(
    'worksheet',
    { name: sheet.name },
    el('layout-options', {}, el('title', {}, titleXml(sheet))),
    el(
      'table',
      {},
      viewXml(source, sheet),
      el('style'),
      el('panes', {}, paneXml(source, sheet)),
      el('rows', {}, shelf(source, sheet, sheet.rows)),
      el('cols', {}, shelf(source, sheet, sheet.columns)),
    ),
    el('simple-id', { uuid: stableUuid(`worksheet ${sheet.name}`) }),
  );
}

function titleXml(sheet: SheetSpec): XmlElement {
  return el(
    'formatted-text',
    {},
    el('run', { bold: true, fontsize: 12 }, sheet.title),
    el('run', { fontcolor: '#5f6b7a', fontsize: 9 }, `\n${sheet.subtitle}`),
  );
}

function viewXml(source: SheetSource, sheet: SheetSpec): XmlElement {
  const where = `sheet ${sheet.name}`;
  const measureNames = measureNamesXml(source, sheet);
  const sliced = sheet.filters.map((f) => instanceReference(source, filterInstance(source, f, where)));
  if (measureNames !== null) sliced.push(shelfReference(source, 'measure names', where));
  return el(
    'view',
    {},
    el('datasources', {}, el('datasource', { caption: source.caption, name: source.id })),
    dependenciesXml(source, sheetInstances(source, sheet)),
    measureNames?.filter ?? null,
    ...sheet.filters.map((filter) => filterXml(source, filter, where)),
    measureNames?.sort ?? null,
    sortXml(source, sheet),
    sliced.length === 0 ? null : el('slices', {}, ...sliced.map((column) => el('column', {}, column))),
    el('aggregation', { value: true }),
  );
}

function sortXml(source: SheetSource, sheet: SheetSpec): XmlElement | null {
  if (sheet.sort === undefined) return null;
  const where = `sheet ${sheet.name}`;
  return el('computed-sort', {
    column: shelfReference(source, { field: sheet.sort.field }, where),
    direction: sheet.sort.direction,
    using: shelfReference(source, sheet.sort.by, where),
  });
}

function paneXml(source: SheetSource, sheet: SheetSpec): XmlElement {
  const where = `sheet ${sheet.name}`;
  const encode = (name: string, item: ShelfItem | undefined) =>
    item === undefined ? [] : [el(name, { column: shelfReference(source, item, where) })];
  const encodings = [
    ...encode('color', sheet.colour),
    ...encode('text', sheet.text),
    ...(sheet.tooltip ?? []).flatMap((pill) => encode('tooltip', pill)),
  ];
  const labels = el('format', { attr: 'mark-labels-show', value: true });
  return el(
    'pane',
    { 'selection-relaxation-option': 'selection-relaxation-allow' },
    el('view', {}, el('breakdown', { value: 'auto' })),
    el('mark', { class: sheet.mark }),
    encodings.length === 0 ? null : el('encodings', {}, ...encodings),
    sheet.labels === true ? el('style', {}, el('style-rule', { element: 'mark' }, labels)) : null,
  );
}

/** Dimensions nest (`a / b`), measures stand side by side (`a + b`), each in brackets of its own where both occur. */
function shelf(source: SheetSource, sheet: SheetSpec, items: readonly ShelfItem[]): string {
  const where = `sheet ${sheet.name}`;
  const references = items.map((item) => ({
    text: shelfReference(source, item, where),
    measure: item === 'measure values' || (typeof item === 'object' && isMeasure(source, sheet, item)),
  }));
  const dimensions = references.filter((r) => !r.measure).map((r) => r.text);
  const measures = references.filter((r) => r.measure).map((r) => r.text);
  const nested = dimensions.reduceRight(
    (inner, outer) => (inner === '' ? outer : `(${outer} / ${inner})`),
    '',
  );
  const beside = measures.reduceRight((rest, first) => (rest === '' ? first : `(${first} + ${rest})`), '');
  if (nested === '' || beside === '') return nested + beside;
  return `(${nested} * ${beside})`;
}

function isMeasure(source: SheetSource, sheet: SheetSpec, item: Exclude<ShelfItem, string>): boolean {
  const instance = sheetInstances(source, { ...sheet, columns: [item], rows: [] })[0];
  return (
    instance !== undefined && instance.type === 'quantitative' && !instance.derivation.endsWith('-Trunc')
  );
}

/** The colour legend's column of a sheet, for a dashboard's legend zone; null where nothing is on colour. */
export function colourReference(source: SheetSource, sheet: SheetSpec): string | null {
  return sheet.colour === undefined ? null : shelfReference(source, sheet.colour, `sheet ${sheet.name}`);
}

/** The window of a sheet: the cards around it. */
export function worksheetWindowXml(sheet: SheetSpec): XmlElement {
  const strip = (size: number, ...types: readonly string[]) =>
    el('strip', { size }, ...types.map((type) => el('card', { type })));
  return el(
    'window',
    { class: 'worksheet', name: sheet.name },
    el(
      'cards',
      {},
      el('edge', { name: 'left' }, strip(160, 'pages', 'filters', 'marks')),
      el(
        'edge',
        { name: 'top' },
        strip(2147483647, 'columns'),
        strip(2147483647, 'rows'),
        strip(31, 'title'),
      ),
    ),
    el('simple-id', { uuid: stableUuid(`window ${bracket(sheet.name)}`) }),
  );
}
