import { type CheckedSource, checkDataSource } from './check_data_source.ts';
import { checkSheet } from './check_sheet.ts';
import { descendants, elementsOf, findElement, type XmlElement } from './xml.ts';
import { readXml } from './xml_read.ts';

/**
 * Checks a .twb document for what its schema cannot see: a reference to no field, a zone or window without its
 * sheet, a connection of the wrong class, an extract that is not in the package, a derivation that does not exist,
 * does not suit the field or contradicts its own name. `members`: the paths inside the package.
 * Returns the problems as sentences, each naming its place; an empty list is a sound workbook.
 * @throws Error when the text is not well-formed XML.
 */
export function workbookProblems(twb: string, members: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const root = readXml(twb);
  if (root.name !== 'workbook') return [`document: got <${root.name}>, want <workbook>`];
  const version = Number.parseFloat(root.attributes.version ?? '');
  if (findElement(root, 'explain-data') !== null && !(version >= 26)) {
    problems.push(
      `document: got explain-data in version ${root.attributes.version}, want 26.1 or newer for it`,
    );
  }
  const sources = new Map<string, CheckedSource>();
  for (const source of elementsOf(findElement(root, 'datasources') ?? root, 'datasource')) {
    const checked = checkDataSource(source, members, problems);
    sources.set(checked.name, checked);
  }
  const sheets = new Map<string, ReadonlySet<string>>();
  for (const sheet of elementsOf(findElement(root, 'worksheets') ?? root, 'worksheet')) {
    const name = sheet.attributes.name ?? '';
    if (sheets.has(name)) problems.push(`sheet ${name}: got the name twice, want it once`);
    sheets.set(name, checkSheet(sheet, sources, problems));
  }
  const dashboards = elementsOf(findElement(root, 'dashboards') ?? root, 'dashboard');
  for (const dashboard of dashboards) checkDashboard(dashboard, sheets, problems);
  checkWindows(root, sheets, new Set(dashboards.map((d) => d.attributes.name ?? '')), problems);
  return problems;
}

/** Checks a .tds document in the same way. */
export function dataSourceProblems(tds: string, members: readonly string[]): readonly string[] {
  const problems: string[] = [];
  const root = readXml(tds);
  if (root.name !== 'datasource') return [`document: got <${root.name}>, want <datasource>`];
  checkDataSource(root, members, problems);
  return problems;
}

function checkDashboard(
  dashboard: XmlElement,
  sheets: ReadonlyMap<string, ReadonlySet<string>>,
  problems: string[],
): void {
  const report = (problem: string) =>
    problems.push(`dashboard ${dashboard.attributes.name ?? ''}: ${problem}`);
  const ids = new Set<string>();
  for (const zone of descendants(dashboard)) {
    if (zone.name !== 'zone') continue;
    const { id = '', name, param } = zone.attributes;
    if (ids.has(id)) report(`got zone id ${id} twice, want it once`);
    ids.add(id);
    if (name === undefined) {
      if (zone.attributes['type-v2'] === undefined)
        report(`zone ${id}: got neither sheet nor type, want one`);
      continue;
    }
    const references = sheets.get(name);
    if (references === undefined) report(`zone ${id}: got sheet ${name}, want a sheet of the workbook`);
    else if (param !== undefined && !references.has(param)) {
      report(`zone ${id}: got ${param}, want a field that the sheet ${name} uses`);
    }
  }
}

function checkWindows(
  root: XmlElement,
  sheets: ReadonlyMap<string, unknown>,
  dashboards: ReadonlySet<string>,
  problems: string[],
): void {
  for (const window of elementsOf(findElement(root, 'windows') ?? root, 'window')) {
    const name = window.attributes.name ?? '';
    const known = window.attributes.class === 'dashboard' ? dashboards.has(name) : sheets.has(name);
    if (!known) problems.push(`window ${name}: got no such ${window.attributes.class ?? 'sheet'}, want one`);
    for (const viewpoint of elementsOf(findElement(window, 'viewpoints') ?? window, 'viewpoint')) {
      const sheet = viewpoint.attributes.name ?? '';
      if (!sheets.has(sheet)) problems.push(`window ${name}: got a viewpoint on ${sheet}, want a sheet`);
    }
  }
}
