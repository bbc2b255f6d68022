import type { Stream } from '../../schemas/streams.ts';
import type { Session } from './database.ts';
import { FIXED_TABLES, LAYOUT_VERSION, rawTableOf, SCHEMAS, type StoredColumn, type Table } from './ddl.ts';
import { identifier, list, literal } from './sql.ts';

/**
 * Creates what is missing: schemas, tables, and columns that a newer program added to an existing table.
 * Does nothing where all is there.
 * @throws Error for a layout newer than this program's, or a column whose type changed
 */
export async function migrate(session: Session, streams: readonly Stream[]): Promise<void> {
  await session.transaction(async () => {
    for (const schema of SCHEMAS)
      await session.run(`create schema ${schema}`, `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
    const existing = await existingColumns(session);
    if (existing.has('ops.layout')) await checkLayout(session);
    for (const table of [...FIXED_TABLES, ...streams.map(rawTableOf)])
      await bringUp(session, table, existing.get(`${table.schema}.${table.name}`));
    if (!existing.has('ops.layout'))
      await session.run('record the layout', `INSERT INTO ops.layout VALUES (${LAYOUT_VERSION})`);
  });
}

async function bringUp(
  session: Session,
  table: Table,
  existing: ReadonlyMap<string, string> | undefined,
): Promise<void> {
  const name = `${table.schema}.${table.name}`;
  if (existing === undefined) {
    const columns = list(table.columns.map(definition));
    await session.run(`create table ${name}`, `CREATE TABLE ${name} (${columns})`);
    return;
  }
  for (const column of table.columns) {
    const type = existing.get(column.name);
    if (type === undefined)
      await session.run(
        `add column ${name}.${column.name}`,
        `ALTER TABLE ${name} ADD COLUMN ${definition(column)}`,
      );
    else if (type !== column.type)
      throw new Error(
        `warehouse: column ${name}.${column.name}: got type ${type}, want ${column.type}; ` +
          'this program cannot convert it: load into a new data directory',
      );
  }
}

function definition(column: StoredColumn): string {
  return `${identifier(column.name)} ${column.type}`;
}

async function existingColumns(session: Session): Promise<Map<string, Map<string, string>>> {
  const rows = await session.rows(
    'list the columns',
    `SELECT schema_name || '.' || table_name AS "table", column_name, data_type FROM duckdb_columns()
     WHERE database_name = current_database() AND schema_name IN (${list(SCHEMAS.map(literal))})`,
  );
  const tables = new Map<string, Map<string, string>>();
  for (const row of rows) {
    const columns = tables.get(String(row.table)) ?? new Map<string, string>();
    tables.set(String(row.table), columns.set(String(row.column_name), String(row.data_type)));
  }
  return tables;
}

async function checkLayout(session: Session): Promise<void> {
  const rows = await session.rows('read the layout', 'SELECT max(layout_version) AS version FROM ops.layout');
  const version = Number(rows[0]?.version ?? 0);
  if (version > LAYOUT_VERSION)
    throw new Error(
      `warehouse: layout of the database: got version ${version}, want at most ${LAYOUT_VERSION}; ` +
        'a newer meterline wrote it: run that one',
    );
}
