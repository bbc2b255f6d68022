import { columnInstance, continuousDate } from './column_instance.ts';
import { dependenciesXml, filterInstance, instanceReference, type SheetSource } from './sheet_fields.ts';
import { stableUuid } from './stable_ids.ts';
import type { DashboardSpec, SheetSpec, ZoneSpec } from './workbook_spec.ts';
import { colourReference } from './worksheet_xml.ts';
import { el, type XmlElement } from './xml.ts';

/** Zones are placed in hundred-thousandths of the dashboard's width and height. */
const WHOLE = 100_000;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

interface Board {
  readonly source: SheetSource;
  readonly sheets: ReadonlyMap<string, SheetSpec>;
  readonly dashboard: DashboardSpec;
  readonly nextId: () => number;
}

/** The `dashboard` element. @throws Error when a zone names a sheet or field that does not exist. */
export function dashboardXml(
  source: SheetSource,
  sheets: readonly SheetSpec[],
  dashboard: DashboardSpec,
): XmlElement {
  let id = 2;
  const byName = new Map(sheets.map((sheet) => [sheet.name, sheet]));
  const board: Board = { source, sheets: byName, dashboard, nextId: () => ++id };
  const { width, height } = dashboard;
  const filters = filterInstances(board, dashboard.content);
  const rootId = board.nextId();
  const content = zoneXml(board, dashboard.content, { x: 0, y: 0, w: WHOLE, h: WHOLE });
  return el(
    'dashboard',
    { name: dashboard.name },
    el('style'),
    el('size', {
      maxheight: height,
      maxwidth: width,
      minheight: height,
      minwidth: width,
      'sizing-mode': 'fixed',
    }),
    filters.length === 0
      ? null
      : el('datasources', {}, el('datasource', { caption: source.caption, name: source.id })),
    filters.length === 0 ? null : dependenciesXml(source, filters),
    el(
      'zones',
      {},
      el(
        'zone',
        { ...place({ x: 0, y: 0, w: WHOLE, h: WHOLE }), id: rootId, 'type-v2': 'layout-basic' },
        content,
      ),
    ),
    el('simple-id', { uuid: stableUuid(`dashboard ${dashboard.name}`) }),
  );
}

/** The window of a dashboard: which sheets it looks at. */
export function dashboardWindowXml(dashboard: DashboardSpec, first: boolean): XmlElement {
  const viewpoints = sheetsIn(dashboard.content).map((name) =>
    el('viewpoint', { name }, el('zoom', { type: 'entire-view' })),
  );
  return el(
    'window',
    { class: 'dashboard', maximized: first ? true : undefined, name: dashboard.name },
    el('viewpoints', {}, ...viewpoints),
    el('active', { id: -1 }),
    el('simple-id', { uuid: stableUuid(`dashboard window ${dashboard.name}`) }),
  );
}

function zoneXml(board: Board, zone: ZoneSpec, box: Box): XmlElement {
  const base = { ...place(box), id: board.nextId() };
  switch (zone.kind) {
    case 'rows':
    case 'columns': {
      const param = zone.kind === 'rows' ? 'vert' : 'horz';
      const boxes = divide(box, zone.zones, zone.kind);
      const inner = zone.zones.map((child, index) => zoneXml(board, child, boxes[index] ?? box));
      return el('zone', { ...base, param, 'type-v2': 'layout-flow' }, ...inner);
    }
    case 'text':
      return el('zone', { ...base, 'type-v2': 'text' }, textXml(zone.title, zone.text), styleXml());
    case 'sheet':
      return el('zone', { ...base, name: sheetOf(board, zone.sheet).name }, styleXml());
    case 'filter':
      return filterZoneXml(board, zone, base);
    case 'legend': {
      const sheet = sheetOf(board, zone.sheet);
      const param = colourReference(board.source, sheet);
      if (param === null) throw missing(board, `a legend of ${sheet.name}`, 'a sheet with a field on colour');
      return el(
        'zone',
        { ...base, name: sheet.name, 'pane-specification-id': 0, param, 'type-v2': 'color' },
        styleXml(),
      );
    }
  }
}

function filterZoneXml(
  board: Board,
  zone: Extract<ZoneSpec, { kind: 'filter' }>,
  base: Readonly<Record<string, number>>,
): XmlElement {
  const sheet = sheetOf(board, zone.sheet);
  const filter = sheet.filters.find((candidate) => candidate.field === zone.field);
  if (filter === undefined)
    throw missing(board, `a control for ${zone.field}`, `a filter on it in ${sheet.name}`);
  const param = instanceReference(board.source, filterInstance(board.source, filter, `sheet ${sheet.name}`));
  const control = {
    several: { mode: 'checkdropdown' },
    one: { mode: 'dropdown', 'show-all': false },
    range: {},
  }[zone.control];
  return el(
    'zone',
    { ...base, ...control, name: sheet.name, param, 'type-v2': 'filter', values: 'database' },
    styleXml(),
  );
}

function divide(box: Box, zones: readonly ZoneSpec[], direction: 'rows' | 'columns'): readonly Box[] {
  const total = zones.reduce((sum, zone) => sum + zone.share, 0);
  let before = 0;
  return zones.map((zone) => {
    const from = before / total;
    before += zone.share;
    const to = before / total;
    const part = (start: number, length: number) => {
      const first = start + Math.round(length * from);
      return { first, length: start + Math.round(length * to) - first };
    };
    const { first, length } = direction === 'rows' ? part(box.y, box.h) : part(box.x, box.w);
    return direction === 'rows' ? { ...box, y: first, h: length } : { ...box, x: first, w: length };
  });
}

function filterInstances(board: Board, zone: ZoneSpec): ReturnType<typeof columnInstance>[] {
  if (zone.kind === 'rows' || zone.kind === 'columns') {
    const all = zone.zones.flatMap((child) => filterInstances(board, child));
    return [...new Map(all.map((instance) => [instance.key, instance])).values()];
  }
  if (zone.kind !== 'filter') return [];
  const instance = columnInstance(
    board.source.fields,
    { field: zone.field },
    `dashboard ${board.dashboard.name}`,
  );
  return [zone.control === 'range' ? continuousDate(instance) : instance];
}

/** The sheets a zone shows, in order. */
function sheetsIn(zone: ZoneSpec): readonly string[] {
  if (zone.kind === 'sheet') return [zone.sheet];
  return zone.kind === 'rows' || zone.kind === 'columns' ? zone.zones.flatMap(sheetsIn) : [];
}

function sheetOf(board: Board, name: string): SheetSpec {
  const sheet = board.sheets.get(name);
  if (sheet === undefined) throw missing(board, `a zone for the sheet ${name}`, 'a sheet of the workbook');
  return sheet;
}

function missing(board: Board, got: string, want: string): Error {
  return new Error(
    `extracts: dashboard ${board.dashboard.name}: got ${got}, want ${want}; correct the workbook`,
  );
}

function textXml(title: string, text: string): XmlElement {
  return el(
    'formatted-text',
    {},
    el('run', { bold: true, fontsize: 16 }, title),
    el('run', { fontcolor: '#5f6b7a', fontsize: 10 }, `\n${text}`),
  );
}

function styleXml(): XmlElement {
  return el(
    'zone-style',
    {},
    el('format', { attr: 'border-color', value: '#000000' }),
    el('format', { attr: 'border-style', value: 'none' }),
    el('format', { attr: 'border-width', value: 0 }),
    el('format', { attr: 'margin', value: 4 }),
  );
}

function place(box: Box): { readonly h: number; readonly w: number; readonly x: number; readonly y: number } {
  return { h: box.h, w: box.w, x: box.x, y: box.y };
}
