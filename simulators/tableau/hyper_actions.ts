import { type HyperEngine, onDatabase } from './published_file.ts';
import { TableauRefusal } from './xml.ts';

/** One action on the data of a live-to-Hyper source, as the REST API takes it. */
interface Action {
  readonly action: 'insert' | 'replace' | 'delete' | 'update' | 'upsert';
  readonly 'target-table': string;
  readonly 'target-schema'?: string;
  readonly 'source-table'?: string;
  readonly 'source-schema'?: string;
  readonly condition?: Condition;
}

type Condition = Combination | Comparison;

interface Combination {
  readonly op: 'and' | 'or' | 'not';
  readonly args: readonly Condition[];
}

interface Comparison {
  readonly op: keyof typeof OPERATORS;
  readonly 'source-col'?: string;
  readonly 'target-col'?: string;
  readonly const?: { readonly type: string; readonly v: string | number | boolean | null };
}

type Query = (sql: string) => Promise<readonly Readonly<Record<string, string | null>>[]>;

const OPERATORS = {
  eq: '=',
  neq: '<>',
  gt: '>',
  gte: '>=',
  lt: '<',
  lte: '<=',
  is: 'IS NOT DISTINCT FROM',
} as const;

/**
 * Applies a batch of actions to the target file in one transaction, through hyperd; `source` is the uploaded payload.
 * @throws TableauRefusal 400000 for a batch that is not understood; hyperd's error when a statement fails.
 */
export async function applyActions(
  engine: HyperEngine,
  body: string,
  target: string,
  source: string | null,
): Promise<void> {
  const actions = readActions(body);
  const databases: [string, string][] = [['target', target]];
  if (source !== null) databases.push(['source', source]);
  await onDatabase(engine, databases, async (query) => {
    await query('BEGIN TRANSACTION');
    try {
      for (const action of actions) await apply(query, action);
      await query('COMMIT');
    } catch (error) {
      await query('ROLLBACK');
      throw error;
    }
  });
}

function readActions(body: string): readonly Action[] {
  const parsed: unknown = JSON.parse(body);
  const actions =
    typeof parsed === 'object' && parsed !== null && 'actions' in parsed ? parsed.actions : null;
  if (!Array.isArray(actions) || actions.length === 0) throw misunderstood('the list of actions is missing');
  return actions as readonly Action[];
}

async function apply(query: Query, action: Action): Promise<void> {
  const target = await tableOf(query, 'target', action['target-table'], action['target-schema']);
  const sourceTable = action['source-table'];
  const source =
    sourceTable === undefined ? null : await tableOf(query, 'source', sourceTable, action['source-schema']);
  if (source === null) {
    if (action.action !== 'delete') throw misunderstood(`${action.action} without source-table`);
    await query(`DELETE FROM ${target.name} AS t WHERE ${sql(action.condition)}`);
    return;
  }
  const columns = source.columns.map(quote).join(', ');
  const insert = `INSERT INTO ${target.name} (${columns}) SELECT ${columns} FROM ${source.name} AS s`;
  const set = source.columns.map((column) => `${quote(column)} = s.${quote(column)}`).join(', ');
  const update = () =>
    query(`UPDATE ${target.name} AS t SET ${set} FROM ${source.name} AS s WHERE ${sql(action.condition)}`);
  const matching = (from: string, alias: string) =>
    `EXISTS (SELECT 1 FROM ${from} AS ${alias} WHERE ${sql(action.condition)})`;
  switch (action.action) {
    case 'insert':
      await query(insert);
      return;
    case 'replace':
      await query(`DELETE FROM ${target.name}`);
      await query(insert);
      return;
    case 'delete':
      await query(`DELETE FROM ${target.name} AS t WHERE ${matching(source.name, 's')}`);
      return;
    case 'update':
      await update();
      return;
    case 'upsert':
      await update();
      await query(`${insert} WHERE NOT ${matching(target.name, 't')}`);
      return;
    default:
      throw misunderstood(`the action ${String(action.action)}`);
  }
}

async function tableOf(
  query: Query,
  database: 'source' | 'target',
  table: string,
  schema: string | undefined,
): Promise<{ readonly name: string; readonly columns: readonly string[] }> {
  const rows = await query(
    `SELECT n.nspname AS schema_name, a.attname AS column_name FROM "${database}".pg_catalog.pg_attribute a
     JOIN "${database}".pg_catalog.pg_class c ON a.attrelid = c.oid
     JOIN "${database}".pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relname = '${table.replaceAll("'", "''")}' AND a.attnum > 0 ORDER BY a.attnum`,
  );
  const found = schema ?? rows[0]?.schema_name ?? '';
  const columns = rows.filter((row) => row.schema_name === found).flatMap((row) => row.column_name ?? []);
  if (columns.length === 0) throw misunderstood(`no table ${table} in the ${database}`);
  return { name: `"${database}".${quote(found)}.${quote(table)}`, columns };
}

function sql(condition: Condition | undefined): string {
  if (condition === undefined) throw misunderstood('a condition is missing');
  if ('args' in condition) {
    if (condition.op === 'not') return `(NOT ${sql(condition.args[0])})`;
    return `(${condition.args.map(sql).join(condition.op === 'and' ? ' AND ' : ' OR ')})`;
  }
  const operator = OPERATORS[condition.op];
  if (operator === undefined) throw misunderstood(`the operator ${String(condition.op)}`);
  const { 'target-col': target, 'source-col': source, const: fixed } = condition;
  const operands = [
    ...(target === undefined ? [] : [`t.${quote(target)}`]),
    ...(source === undefined ? [] : [`s.${quote(source)}`]),
    ...(fixed === undefined ? [] : [constant(fixed.v)]),
  ];
  if (operands.length !== 2) throw misunderstood(`${operands.length} operands of ${condition.op}`);
  return `(${operands.join(` ${operator} `)})`;
}

function constant(value: string | number | boolean | null): string {
  return typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value);
}

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function misunderstood(what: string): TableauRefusal {
  return new TableauRefusal('400000', 'Bad Request', `The action batch is not understood: ${what}.`);
}
