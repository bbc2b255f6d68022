import { descendants, elementsOf, findElement, textOf, type XmlElement } from './xml.ts';

/** What the sheets of a workbook may refer to in one data source. */
export interface CheckedSource {
  readonly name: string;
  /** By bracketed name: the data type and whether it is a calculation that aggregates itself. */
  readonly fields: ReadonlyMap<string, { readonly datatype: string; readonly aggregates: boolean }>;
}

const AGGREGATES = /\b(SUM|AVG|MIN|MAX|MEDIAN|COUNT|COUNTD|ATTR)\s*\(/i;
const CONNECTION_CLASSES = ['federated', 'sqlproxy'];

/**
 * Checks one `datasource` element of a .tds or .twb: connection classes, named connections, package members,
 * fields of metadata, folders, formulas and relationships. `members`: the paths inside the package.
 * Problems are appended as sentences; none means that every reference leads somewhere.
 */
export function checkDataSource(
  source: XmlElement,
  members: readonly string[],
  problems: string[],
): CheckedSource {
  const name = source.attributes.name ?? source.attributes['formatted-name'] ?? '';
  const report = (problem: string) => problems.push(`data source ${name}: ${problem}`);
  const connection = findElement(source, 'connection');
  if (connection === null) report('got no connection, want one');
  else checkConnection(connection, members, report);
  const fields = fieldsOf(source);
  checkColumns(source, fields, report);
  checkObjectGraph(source, fields, report);
  return { name, fields };
}

function checkConnection(
  connection: XmlElement,
  members: readonly string[],
  report: (problem: string) => void,
): void {
  const kind = connection.attributes.class ?? '';
  if (!CONNECTION_CLASSES.includes(kind)) {
    report(`got connection class ${kind}, want ${CONNECTION_CLASSES.join(' or ')}`);
  }
  if (kind !== 'federated') return;
  const named = elementsOf(findElement(connection, 'named-connections') ?? connection, 'named-connection');
  if (named.length === 0) report('got no named connection, want one of class hyper');
  for (const one of named) {
    const inner = findElement(one, 'connection')?.attributes ?? {};
    if (inner.class !== 'hyper') report(`got named connection class ${inner.class ?? ''}, want hyper`);
    const member = inner.dbname ?? '';
    if (!members.includes(member))
      report(`got extract ${member}, want one of the package: ${members.join(', ')}`);
  }
  const names = new Set(named.map((one) => one.attributes.name));
  for (const relation of descendants(connection)) {
    const used = relation.name === 'relation' ? relation.attributes.connection : undefined;
    if (used !== undefined && !names.has(used))
      report(`got a relation over connection ${used}, want a named one`);
  }
}

function fieldsOf(source: XmlElement): CheckedSource['fields'] {
  const fields = new Map<string, { datatype: string; aggregates: boolean }>();
  for (const record of descendants(source)) {
    if (record.name !== 'metadata-record') continue;
    const local = findElement(record, 'local-name');
    const type = findElement(record, 'local-type');
    if (local !== null && type !== null)
      fields.set(textOf(local), { datatype: textOf(type), aggregates: false });
  }
  for (const column of elementsOf(source, 'column')) {
    const formula = findElement(column, 'calculation')?.attributes.formula;
    const datatype = column.attributes.datatype ?? '';
    if (formula !== undefined) {
      fields.set(column.attributes.name ?? '', { datatype, aggregates: AGGREGATES.test(formula) });
    }
  }
  return fields;
}

function checkColumns(
  source: XmlElement,
  fields: CheckedSource['fields'],
  report: (problem: string) => void,
): void {
  for (const column of elementsOf(source, 'column')) {
    const name = column.attributes.name ?? '';
    if (column.attributes.datatype !== 'table' && !fields.has(name)) {
      report(`got column ${name}, want one of the extract's columns or a calculation`);
    }
    const formula = findElement(column, 'calculation')?.attributes.formula ?? '';
    for (const reference of formulaReferences(formula)) {
      if (!fields.has(reference)) report(`formula of ${name}: got ${reference}, want an existing field`);
    }
  }
  for (const item of descendants(source)) {
    const name = item.attributes.name ?? '';
    if (item.name === 'folder-item' && !fields.has(name))
      report(`got ${name} in a folder, want an existing field`);
    const key = item.attributes.key ?? '';
    if (item.name === 'map' && 'key' in item.attributes && !fields.has(key)) {
      report(`got ${key} in the column map, want a field of the metadata`);
    }
  }
}

function checkObjectGraph(
  source: XmlElement,
  fields: CheckedSource['fields'],
  report: (problem: string) => void,
): void {
  const graph = findElement(source, 'object-graph');
  if (graph === null) return;
  const objects = new Set(
    elementsOf(findElement(graph, 'objects') ?? graph, 'object').map((o) => o.attributes.id),
  );
  for (const element of descendants(graph)) {
    const object = element.attributes['object-id'];
    if (object !== undefined && !objects.has(object))
      report(`got a relationship with ${object}, want an existing table`);
    const operand = element.name === 'expression' ? (element.attributes.op ?? '') : '';
    if (operand.startsWith('[') && !fields.has(operand)) {
      report(`got a relationship by ${operand}, want an existing field`);
    }
  }
}

/** The bracketed names in a formula, outside of text literals and comments. */
function formulaReferences(formula: string): readonly string[] {
  const code = formula.replace(/"(?:[^"]|"")*"|'(?:[^']|'')*'|\/\/[^\n]*|\/\*[\s\S]*?\*\//g, ' ');
  return code.match(/\[(?:[^\]]|\]\])+\]/g) ?? [];
}
