import { describe, expect, test } from 'vitest';
import { dataSourceProblems, workbookProblems } from '../../extracts/check_workbook.ts';
import type { DataSourceConnection } from '../../extracts/data_source_model.ts';
import { renderTds } from '../../extracts/tds.ts';
import { renderTwb } from '../../extracts/twb.ts';
import type { SheetSpec, WorkbookSpec } from '../../extracts/workbook_spec.ts';
import { usageAndChurnWorkbook } from '../../extracts/workbooks/usage_and_churn.ts';
import {
  USAGE_AND_CHURN_COLUMNS,
  usageAndChurnSource,
} from '../../extracts/workbooks/usage_and_churn_source.ts';
import { descendants, elementsOf, findElement, textOf } from '../../extracts/xml.ts';
import { readXml } from '../../extracts/xml_read.ts';
import { column, SAMPLE_TABLES } from './sample_model.ts';

const MEMBER = 'Data/Extracts/meterline.hyper';
const EXTRACT: DataSourceConnection = { kind: 'extract', member: MEMBER };
const PUBLISHED: DataSourceConnection = {
  kind: 'published',
  serverUrl: 'https://tableau.example.com',
  site: 'meterline',
  contentUrl: 'meterline',
};
const MODEL = usageAndChurnSource(SAMPLE_TABLES);
const WORKBOOK = usageAndChurnWorkbook(MODEL, '2026-01-31');
const TWB = renderTwb(WORKBOOK, MODEL, EXTRACT);

describe('the workbook meterline', () => {
  test.each([
    ['with its extract', EXTRACT, [MEMBER]],
    ['over the published source', PUBLISHED, []],
  ])('is sound %s', (_, connection, members) => {
    const twb = renderTwb(WORKBOOK, MODEL, connection);
    expect(workbookProblems(twb, members)).toEqual([]);
  });

  test('is the same text every time', () => {
    expect(
      renderTwb(usageAndChurnWorkbook(MODEL, '2026-01-31'), usageAndChurnSource(SAMPLE_TABLES), EXTRACT),
    ).toBe(TWB);
  });

  test('has two dashboards that show every sheet', () => {
    const root = readXml(TWB);
    const dashboards = elementsOf(findElement(root, 'dashboards') ?? root, 'dashboard');
    expect(dashboards.map((d) => d.attributes.name)).toEqual(['Usage against commitment', 'Churn board']);
    const shown = dashboards.flatMap((dashboard) =>
      [...descendants(dashboard)].flatMap((zone) =>
        zone.name === 'zone' && zone.attributes['type-v2'] === undefined ? (zone.attributes.name ?? []) : [],
      ),
    );
    expect(shown.toSorted()).toEqual(WORKBOOK.sheets.map((sheet) => sheet.name).toSorted());
  });

  test('fills each dashboard without gap or overlap', () => {
    const root = readXml(TWB);
    for (const dashboard of elementsOf(findElement(root, 'dashboards') ?? root, 'dashboard')) {
      const leaves = [...descendants(dashboard)].filter(
        (e) => e.name === 'zone' && elementsOf(e, 'zone').length === 0,
      );
      const number = (zone: (typeof leaves)[number], key: string) => Number(zone.attributes[key]);
      const area = leaves.reduce((sum, zone) => sum + number(zone, 'w') * number(zone, 'h'), 0);
      expect(area).toBe(100_000 * 100_000);
      for (const zone of leaves) expect(number(zone, 'x') + number(zone, 'w')).toBeLessThanOrEqual(100_000);
    }
  });

  test('divides in Tableau, from sums', () => {
    const formulas = [...descendants(readXml(TWB))].flatMap((e) =>
      e.name === 'calculation' ? (e.attributes.formula ?? []) : [],
    );
    expect(formulas).toContain('IF SUM([committed]) > 0 THEN SUM([measured]) / SUM([committed]) END');
  });

  test('opens the churn board on the as-of date', () => {
    const members = [...descendants(readXml(TWB))].flatMap((e) =>
      e.name === 'groupfilter' && e.attributes.level === '[none:as_of_date:ok]'
        ? (e.attributes.member ?? [])
        : [],
    );
    expect(new Set(members)).toEqual(new Set(['#2026-01-31#']));
  });

  test('takes captions, descriptions, folders and formats from the model', () => {
    const source = findElement(readXml(TWB), 'datasources', 'datasource');
    const columns = new Map(elementsOf(source ?? readXml(TWB), 'column').map((c) => [c.attributes.name, c]));
    expect(columns.get('[account_name]')?.attributes.caption).toBe('Account');
    expect(textOf(columns.get('[account_name]') ?? readXml('<a/>'))).toBe(
      `The "customer's" <name> & nothing else`,
    );
    expect(columns.get('[quantity_avg]')?.attributes['default-format']).toBe('n#,##0.0;-#,##0.0');
    expect(columns.get('[account_id (fct_overage)]')?.attributes.hidden).toBe('true');
    expect(columns.get('[score]')?.attributes.aggregation).toBe('Avg');
    const folders = elementsOf(
      findElement(source ?? readXml(TWB), 'folders-common') ?? readXml('<a/>'),
      'folder',
    );
    expect(folders.map((folder) => folder.attributes.name)).toEqual(['Usage', 'Churn', 'Ratios']);
  });

  test('types columns as Tableau writes them for Hyper', () => {
    const types = [...descendants(readXml(TWB))].flatMap((record) =>
      record.name === 'metadata-record'
        ? [
            [
              record.attributes.class,
              ...['local-name', 'remote-type', 'local-type'].map((n) =>
                textOf(findElement(record, n) ?? record),
              ),
            ],
          ]
        : [],
    );
    expect(types).toContainEqual(['column', '[quantity_avg]', '131', 'real']);
    expect(types).toContainEqual(['column', '[usage_date]', '133', 'date']);
    expect(types).toContainEqual(['column', '[hours_expected]', '20', 'integer']);
    expect(types).toContainEqual(['column', '[days_since_activity]', '3', 'integer']);
    expect(types).toContainEqual(['column', '[score]', '5', 'real']);
    expect(types).toContainEqual(['column', '[band]', '129', 'string']);
    expect(types).toContainEqual(['column', '[is_closed]', '11', 'boolean']);
  });

  test('has explain-data from 26.1 on only', () => {
    expect(TWB).toContain('<explain-data');
    const older = renderTwb(WORKBOOK, MODEL, EXTRACT, '18.1');
    expect(older).not.toContain('explain-data');
    expect(workbookProblems(TWB.replaceAll("version='26.1'", "version='18.1'"), [MEMBER])).toEqual([
      expect.stringContaining('got explain-data in version 18.1'),
    ]);
  });
});

/** What is planted, the text replaced, its replacement, and what the checker must say. */
const PLANTED: readonly (readonly [string, string | RegExp, string, string])[] = [
  [
    'a shelf that refers to nothing',
    /(<rows>.*?)\[usr:Calculation_held_tib:qk\]/,
    '$1[usr:Calculation_gone:qk]',
    'sheet Held by day: got a reference to',
  ],
  [
    'an instance of nothing',
    "<column-instance column='[measured]'",
    "<column-instance column='[measure]'",
    'got column [measure], want a field',
  ],
  [
    'a dependency on nothing',
    "name='[line_type]' role='dimension' type='nominal'>\n              <desc>",
    "name='[line]' role='dimension' type='nominal'>\n              <desc>",
    'got a dependency on [line]',
  ],
  [
    'a formula over nothing',
    'SUM([committed]) END',
    'SUM([commited]) END',
    'formula of [Calculation_utilisation]: got [commited]',
  ],
  [
    'a folder item for nothing',
    "<folder-item name='[quantity_avg]'",
    "<folder-item name='[quantity]'",
    'got [quantity] in a folder',
  ],
  [
    'a relationship by nothing',
    "<expression op='[account_id (fct_overage)]'",
    "<expression op='[account (fct_overage)]'",
    'got a relationship by [account (fct_overage)]',
  ],
  [
    'a relationship with no table',
    /first-end-point object-id='[^']*'/,
    "first-end-point object-id='gone'",
    'got a relationship with gone',
  ],
  ['a zone naming no sheet', /(<zone [^>]*)name='Scores'>/, "$1name='Score'>", 'dashboard Churn board: zone'],
  [
    'a control of a field its sheet does not use',
    /(<zone [^>]*name='Scores' param='[^']*)none:band:nk/,
    '$1none:line_type:nk',
    'want a field that the sheet Scores uses',
  ],
  [
    'a window naming no sheet',
    "<window class='worksheet' name='Scores'>",
    "<window class='worksheet' name='Score'>",
    'window Score: got no such worksheet',
  ],
  [
    'a viewpoint on no sheet',
    "<viewpoint name='Scores'>",
    "<viewpoint name='Score'>",
    'got a viewpoint on Score',
  ],
  [
    'a wrong connection class',
    "<connection class='federated'>",
    "<connection class='postgres'>",
    'got connection class postgres',
  ],
  [
    'a wrong named connection class',
    "class='hyper'",
    "class='textscan'",
    'got named connection class textscan',
  ],
  [
    'an extract outside the package',
    MEMBER,
    'Data/Extracts/other.hyper',
    'got extract Data/Extracts/other.hyper',
  ],
  ['a derivation that does not exist', "derivation='Sum'", "derivation='Total'", 'got derivation Total'],
  ['a derivation against its name', "derivation='Sum'", "derivation='Avg'", 'got that name for Avg'],
  [
    'a sum of a text',
    "column='[band]' derivation='None' name='[none:band:nk]' pivot='key' type='nominal'",
    "column='[band]' derivation='Sum' name='[sum:band:qk]' pivot='key' type='quantitative'",
    'got string, want a number',
  ],
  [
    'a date part of a text',
    "column='[band]' derivation='None' name='[none:band:nk]' pivot='key' type='nominal'",
    "column='[band]' derivation='Month-Trunc' name='[tmn:band:qk]' pivot='key' type='quantitative'",
    'got string, want a date',
  ],
  [
    'a sum of a ratio',
    "derivation='User' name='[usr:Calculation_utilisation:qk]'",
    "derivation='Sum' name='[sum:Calculation_utilisation:qk]'",
    'want User: the formula aggregates itself',
  ],
];

describe('a planted error is found:', () => {
  const plant = (from: string | RegExp, to: string): string => {
    const planted = TWB.replace(from, to);
    expect(planted).not.toBe(TWB);
    return workbookProblems(planted, [MEMBER]).join('\n');
  };
  test.each(PLANTED)('%s', (_, from, to, want) => {
    expect(plant(from, to)).toContain(want);
  });

  test('a filter on nothing', () => {
    const planted = TWB.replaceAll(
      /(<filter class='categorical' column='\[[^\]]+\]\.)\[none:line_type:nk\]/g,
      '$1[none:line:nk]',
    );
    expect(workbookProblems(planted, [MEMBER]).join('\n')).toMatch(
      /got a reference to \[federated\..*\]\.\[none:line:nk\]/,
    );
  });

  test('a wrong class in a .tds', () => {
    const tds = renderTds(MODEL, EXTRACT);
    expect(dataSourceProblems(tds, [MEMBER])).toEqual([]);
    expect(dataSourceProblems(tds.replace("class='hyper'", "class='excel-direct'"), [MEMBER])).toEqual([
      expect.stringContaining('got named connection class excel-direct, want hyper'),
    ]);
    expect(dataSourceProblems(TWB, [MEMBER])).toEqual(['document: got <workbook>, want <datasource>']);
  });
});

describe('a workbook that cannot be made names its place:', () => {
  const change = (name: string, sheet: Partial<SheetSpec>): WorkbookSpec => ({
    ...WORKBOOK,
    sheets: WORKBOOK.sheets.map((one) => (one.name === name ? { ...one, ...sheet } : one)),
  });
  test('a field that does not exist', () => {
    const bad = change('Scores', { rows: [{ field: 'fct_churn_indicators.scores', as: 'Avg' }] });
    expect(() => renderTwb(bad, MODEL, EXTRACT)).toThrow(
      /sheet Scores: got a reference to fct_churn_indicators.scores/,
    );
  });
  test('a sum of a text', () => {
    const bad = change('Scores', { rows: [{ field: 'fct_churn_indicators.band', as: 'Sum' }] });
    expect(() => renderTwb(bad, MODEL, EXTRACT)).toThrow(
      /sheet Scores: got Sum of fct_churn_indicators.band/,
    );
  });
  test('a dashboard over a sheet that is not there', () => {
    const bad = { ...WORKBOOK, sheets: WORKBOOK.sheets.filter((sheet) => sheet.name !== 'Scores') };
    expect(() => renderTwb(bad, MODEL, EXTRACT)).toThrow(
      /dashboard Churn board: got a zone for the sheet Scores/,
    );
  });
  test.each(Object.entries(USAGE_AND_CHURN_COLUMNS))('%s without a column it needs', (name, columns) => {
    const tables = SAMPLE_TABLES.map((table) =>
      table.name === name
        ? { ...table, columns: table.columns.filter((c) => c.name !== columns.at(-1)) }
        : table,
    );
    expect(() => usageAndChurnSource(tables)).toThrow(`got ${name} without ${columns.at(-1)}`);
  });
});

test('a mart with more indicators shows more, one without reasons still renders', () => {
  const tables = SAMPLE_TABLES.map((table) =>
    table.name === 'fct_churn_indicators'
      ? {
          ...table,
          columns: [
            ...table.columns.filter((c) => !c.name.endsWith('_reason')),
            column('days_to_renewal', 'integer'),
          ],
        }
      : table,
  );
  const model = usageAndChurnSource(tables);
  const twb = renderTwb(usageAndChurnWorkbook(model, '2026-01-31'), model, EXTRACT);
  expect(workbookProblems(twb, [MEMBER])).toEqual([]);
  expect(twb).toContain('[avg:days_to_renewal:qk]');
});
