import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { nodeEnv } from '../../connectors/node_env.ts';
import { LEAF_FIELDS, type Leaf, leafData, leafHash } from '../../evidence/leaf.ts';
import type { NightEnv } from '../../pipelines/night.ts';

/** The outside world of a close. Its clock shows hundredths, so that an instant's text has idle digits. */
export function closeEnv(): NightEnv {
  return {
    ...nodeEnv(() => undefined),
    now: () => new Date(Math.floor(Date.now() / 10) * 10),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
}

/** Runs statements in the warehouse of a data directory; gives the last one's rows as texts. */
export function sql(
  dataDir: string,
  ...statements: readonly string[]
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  return sqlIn(join(dataDir, 'warehouse.duckdb'), ...statements);
}

/** Runs statements in a DuckDB file; gives the last one's rows as texts. */
export async function sqlIn(
  file: string,
  ...statements: readonly string[]
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const instance = await DuckDBInstance.create(file);
  const connection = await instance.connect();
  try {
    let rows: readonly Readonly<Record<string, unknown>>[] = [];
    for (const statement of statements)
      rows = (await connection.runAndReadAll(statement)).getRowObjectsJson();
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** The table of exceptions, with rows of kind, period and whether they are open. */
export async function makeExceptions(
  dataDir: string,
  rows: readonly (readonly [kind: string, period: string, is_open: boolean])[],
): Promise<void> {
  const values = rows.map(([kind, period, open], n) => `('${n}', DATE '${period}', '${kind}', ${open})`);
  await sql(
    dataDir,
    'DROP TABLE IF EXISTS marts.fct_evidence_exceptions',
    `CREATE TABLE marts.fct_evidence_exceptions (exception_id VARCHAR, period DATE, kind VARCHAR, subscription_id VARCHAR,
       cluster_id VARCHAR, dimension VARCHAR, hour TIMESTAMP, first_hour TIMESTAMP, last_hour TIMESTAMP,
       amount_of_hours BIGINT, is_open BOOLEAN, sentence VARCHAR)`,
    ...(values.length === 0
      ? []
      : [
          `INSERT INTO marts.fct_evidence_exceptions BY NAME
           SELECT * FROM (VALUES ${values.join(', ')}) AS rows(exception_id, period, kind, is_open)`,
        ]),
  );
}

/**
 * Loads a restatement of one rated reading of an hour as a load of its own, as a backfill would: with its entry in the log,
 * not sealed yet. Gives the subscription whose reading it is.
 */
export async function restate(
  dataDir: string,
  reading: {
    readonly id: string;
    readonly hour: string;
    readonly quantity: string;
    readonly recorded_at: string;
  },
): Promise<string> {
  const { id, hour, quantity, recorded_at } = reading;
  const [row] = await sql(
    dataDir,
    `INSERT INTO ops.loads SELECT * REPLACE (
       load_id + 1 AS load_id, 1 AS rows_read, 1 AS rows_loaded, 0 AS rows_unchanged, 0 AS rows_quarantined)
     FROM ops.loads WHERE load_id = (SELECT max(load_id) FROM ops.loads)`,
    `UPDATE ops.loads SET source = 'polaris', stream = 'readings', as_of = (SELECT max(as_of) FROM ops.loads
       WHERE source = 'polaris' AND stream = 'readings') WHERE load_id = (SELECT max(load_id) FROM ops.loads)`,
    `INSERT INTO raw.polaris_readings SELECT * REPLACE ('${id}' AS reading_id, revision + 1 AS revision,
       '${quantity}' AS quantity, ${quantity} AS quantity_decimal, '${recorded_at}' AS recorded_at,
       '${recorded_at}'::TIMESTAMP AS recorded_at_utc,
       (SELECT max(seq) + 1 FROM raw.polaris_readings AS all_rows WHERE all_rows.cluster_id = rows.cluster_id) AS seq,
       (SELECT max(evidence_index) + 1 FROM raw.polaris_readings) AS evidence_index,
       (SELECT max(load_id) FROM ops.loads) AS load_id)
     FROM raw.polaris_readings AS rows
     WHERE dimension = 'capacity_used_tib' AND hour_start = '${hour}' AND subscription_id IN (
       SELECT subscription_id FROM marts.fct_overage WHERE line_type = 'usage' AND amount > 0
         AND service_period = date_trunc('month', TIMESTAMP '${hour}'))
     ORDER BY subscription_id, cluster_id, revision DESC LIMIT 1`,
    `SELECT evidence_index, load_id, run_id, ${LEAF_FIELDS.map((name) => `"${name}"::VARCHAR AS "${name}"`).join(', ')}
     FROM raw.polaris_readings WHERE reading_id = '${id}'`,
  );
  if (row === undefined) throw new Error(`tests: reading ${id}: got no reading to restate, want one`);
  const hash = leafHash(leafData(row as unknown as Leaf)).toString('hex');
  await sql(
    dataDir,
    `INSERT INTO evidence.entries BY NAME SELECT ${row.evidence_index} AS evidence_index,
       unhex('${hash}') AS leaf_hash, ${row.load_id} AS load_id, '${row.run_id}' AS run_id`,
  );
  return String(row.subscription_id);
}
