import type { Warehouse } from '../warehouse.ts';
import { audit } from './audit.ts';
import { builds } from './builds.ts';
import { closes } from './closes.ts';
import { startComparison, uncomparedDays } from './control_totals.ts';
import { type Database, type DatabaseOptions, openDatabase } from './database.ts';
import { exportCsv, exportParquet } from './export_parquet.ts';
import { startLoad } from './load.ts';
import { log } from './log.ts';
import { migrate } from './migrate.ts';
import { quarantinedRows, quarantineGroups } from './quarantine.ts';
import { readingDays } from './reading_days.ts';
import { references } from './references.ts';
import { openQuarantine, quarantinedDetail } from './replay.ts';
import { runs } from './runs.ts';
import { literal } from './sql.ts';
import { textOrNull } from './values.ts';

/**
 * The warehouse in one DuckDB file. No other process can open the file until `close`.
 * @throws Error when the file is open elsewhere
 */
export async function openDuckDbWarehouse(options: DatabaseOptions): Promise<Warehouse> {
  const database = await openDatabase(options);
  const { main } = database;
  return {
    migrate: (streams) => migrate(main, streams),
    bookmark: async ({ source, name }) => {
      const [row] = await main.rows(
        'read the bookmark',
        `SELECT bookmark FROM ops.bookmarks WHERE source = ${literal(source)} AND stream = ${literal(name)}`,
      );
      return textOrNull(row?.bookmark ?? null);
    },
    references: (streams) => references(main, streams),
    startLoad: (stream, run_id, now) => startLoad(database, stream, run_id, now),
    ...runs(main),
    ...builds(main),
    ...log(main),
    ...audit(main),
    ...closes(main),
    quarantinedRow: (quarantine_id) => quarantinedDetail(main, quarantine_id),
    openQuarantine: (stream, quarantine_id) => openQuarantine(main, stream, quarantine_id),
    uncomparedDays: () => uncomparedDays(main),
    startComparison: (run_id, is_part) => startComparison(database, { run_id, is_part }),
    readingDays: (days) => readingDays(main, days),
    quarantined: (filter) => quarantinedRows(main, filter),
    quarantineGroups: (filter) => quarantineGroups(main, filter),
    exportParquet: (query, path) => exportParquet(main, query, path),
    exportCsv: (parquet, path) => exportCsv(main, parquet, path),
    query: (sql) => readOnly(database, sql),
    close: async () => database.close(),
  };
}

/** In a session of its own, since it must not meet a transaction that is open on the main one. */
async function readOnly(
  database: Database,
  sql: string,
): Promise<readonly Readonly<Record<string, string | null>>[]> {
  const session = await database.session();
  try {
    await session.run('begin to read', 'BEGIN TRANSACTION READ ONLY');
    const rows = await session.rows('read', sql);
    return rows.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [
          name,
          value === null || typeof value === 'string' ? value : JSON.stringify(value),
        ]),
      ),
    );
  } finally {
    session.close();
  }
}
