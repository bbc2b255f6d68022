import { rename, rm } from 'node:fs/promises';
import type { Warehouse } from '../warehouse.ts';
import type { Session } from './database.ts';
import { identifier, literal } from './sql.ts';
import { count, textOrNull } from './values.ts';

type Exported = Awaited<ReturnType<Warehouse['exportParquet']>>;

/**
 * Writes a query's rows, in its order, to a Parquet file; rows, column types and exact sums are read back from the
 * file that was written. A file appears under its name only when it is whole.
 */
export async function exportParquet(session: Session, query: string, path: string): Promise<Exported> {
  const partial = `${path}.partial`;
  try {
    await session.run(
      `export ${path}`,
      `COPY (${query}) TO ${literal(partial)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    const exported = await describe(session, partial);
    await rename(partial, path);
    return exported;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Writes a Parquet file's rows, in their order, as CSV: see `Warehouse.exportCsv`. The file appears when it is whole. */
export async function exportCsv(session: Session, parquet: string, path: string): Promise<void> {
  const partial = `${path}.partial`;
  try {
    await session.run(
      `export ${path}`,
      `COPY (SELECT * FROM read_parquet(${literal(parquet)})) TO ${literal(partial)}
       (FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"', NULLSTR '',
        TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ', DATEFORMAT '%Y-%m-%d')`,
    );
    await rename(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function describe(session: Session, path: string): Promise<Exported> {
  const file = `read_parquet(${literal(path)})`;
  const described = await session.rows('describe the export', `DESCRIBE SELECT * FROM ${file}`);
  const columns = described.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  const decimals = columns.filter(({ type }) => type.startsWith('DECIMAL'));
  const sums = decimals.map(({ name }, index) => `sum(${identifier(name)})::VARCHAR AS s${index}`);
  const row = await session.row(
    'sum the export',
    `SELECT ${['count(*) AS n', ...sums].join(', ')} FROM ${file}`,
  );
  const exact = decimals.flatMap(({ name }, index) => {
    const sum = textOrNull(row[`s${index}`]);
    return sum === null ? [] : [[name, sum] as const];
  });
  return { rows: count(row.n), columns, sums: Object.fromEntries(exact) };
}
