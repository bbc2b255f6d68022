import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect } from 'vitest';
import { type SignerKey, signNote } from '../../../evidence/note.ts';
import { readCheckpoint } from '../../../evidence/storage/checkpoint_files.ts';
import { type ExportedPack, exportPack } from '../../../pipelines/evidence/pack/export_pack.ts';
import { requestTimestamp } from '../../../pipelines/evidence/timestamp.ts';
import { dataPaths, programPaths } from '../../../pipelines/paths.ts';
import { signingKey } from '../../../pipelines/signing_key.ts';
import { lookInto } from '../../../pipelines/warehouse_access.ts';
import { SMALL, startTestWorld, type TestWorld } from '../../support/test_night.ts';
import { startAuthority } from './timestamp_authority.ts';

/** What no page may show as it is. */
export const HOSTILE = `<script>alert(1)</script> & "quoted" 'text' żółć`;

/** A warehouse after two nights, in which September closed at the first one's checkpoint and October at the second's. */
export interface PackWorld {
  readonly test: TestWorld;
  readonly data: string;
  readonly signer: SignerKey;
  export(month: string, folder: string, data?: string): Promise<ExportedPack>;
  close(): Promise<void>;
}

export async function startPackWorld(): Promise<PackWorld> {
  const test = await startTestWorld({ ...SMALL, dimensions: 3 });
  const data = test.newDataDir();
  writeKey(join(data, 'keys', 'evidence.pem'));
  const first = await test.night(data, { only: ['load', 'seal'] });
  test.world.setNow('2026-11-23T03:00:10Z');
  const second = await test.night(data, { only: ['load', 'seal', 'transform', 'extract'] });
  expect([first.error, second.error]).toEqual([null, null]);
  const signer = (await signingKey(test.config(data))) as SignerKey;
  await sql(data, ...standIns());
  await closeMonth(data, signer, '2026-09', first.evidence.tree_size);
  await closeMonth(data, signer, '2026-10', second.evidence.tree_size);
  await stamp(data, second.evidence.tree_size);
  return {
    test,
    data,
    signer,
    export: (month, folder, from = data) =>
      lookInto(dataPaths(from), (warehouse) =>
        exportPack(
          {
            data: dataPaths(from),
            warehouse,
            origin: signer.name,
            signer,
            now: () => new Date('2026-11-24T00:00:00Z'),
            tell: () => undefined,
          },
          month,
          folder,
        ),
      ),
    close: () => test.close(),
  };
}

/** A key whose base64 has a plus, as a line of verifier.vkey has between its parts. */
function writeKey(file: string): void {
  for (;;) {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const bytes = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    if (
      !Buffer.concat([Buffer.of(1), bytes])
        .toString('base64')
        .includes('+')
    )
      continue;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    return;
  }
}

/** Runs statements in the DuckDB file of a data directory; gives the last one's rows. */
export async function sql(
  data: string,
  ...statements: readonly string[]
): Promise<readonly Record<string, string | null>[]> {
  const instance = await DuckDBInstance.create(join(data, 'warehouse.duckdb'));
  const connection = await instance.connect();
  try {
    let rows: readonly Record<string, string | null>[] = [];
    for (const each of statements)
      rows = (await connection.runAndReadAll(each)).getRowObjectsJson() as typeof rows;
    return rows;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** One exception whose text is hostile, and the marts that its report is made of where no model makes them. */
function standIns(): readonly string[] {
  const decimals = (names: string) =>
    names
      .split(' ')
      .map((name) => `12.5::DECIMAL(38,9) AS ${name}`)
      .join(', ');
  const make = (name: string, select: string) =>
    `CREATE TABLE IF NOT EXISTS marts.${name} AS SELECT ${select}`;
  return [
    make(
      'fct_evidence_exceptions',
      `'x' AS exception_id, DATE '2026-10-01' AS period, 'seq_gap' AS kind, NULL::VARCHAR AS subscription_id, 'c' AS cluster_id,
       NULL::VARCHAR AS dimension, NULL::TIMESTAMP AS hour, NULL::TIMESTAMP AS first_hour, NULL::TIMESTAMP AS last_hour,
       NULL::BIGINT AS amount_of_hours, true AS is_open, 'a hole' AS sentence`,
    ),
    `INSERT INTO marts.fct_evidence_exceptions BY NAME SELECT 'hostile' AS exception_id, DATE '2026-10-01' AS period,
     'seq_gap' AS kind, true AS is_open, 9999::BIGINT AS amount_of_hours, '${HOSTILE.replaceAll("'", "''")}' AS sentence`,
    make(
      'fct_period_close_totals',
      `DATE '2026-10-01' AS month, 'capacity_used_tib' AS dimension, 1::BIGINT AS readings, NULL::BIGINT AS source_readings,
       NULL::BIGINT AS readings_difference, ${decimals('quantity source_quantity quantity_difference')}`,
    ),
    make(
      'fct_completeness',
      `DATE '2026-10-01' AS month, 'capacity_used_tib' AS dimension, 'bill' AS decision, 5::BIGINT AS cells,
       0::BIGINT AS cells_estimated, 5::BIGINT AS readings, ${decimals('quantity')}`,
    ),
    make(
      'fct_evidence_roll_forward',
      `DATE '2026-10-01' AS service_period, 'capacity_used_tib' AS dimension,
       ${decimals('original_quantity restatement_change quantity_at_close late_original_quantity late_restatement_change quantity_now')}`,
    ),
  ];
}

/** What a close leaves in the warehouse and in files. */
async function closeMonth(data: string, signer: SignerKey, month: string, size: number): Promise<void> {
  const [number, day] = [month.slice(5), `DATE '${month}-01'`];
  const cut_off = `${day} + INTERVAL 1 MONTH + INTERVAL 78 HOUR`;
  const head = `(SELECT root_hash FROM evidence.tree_heads WHERE tree_size = ${size})`;
  const load = `(SELECT max(load_id) FROM evidence.entries WHERE evidence_index < ${size})`;
  await sql(
    data,
    `INSERT INTO evidence.close_preparations BY NAME SELECT ${number}::BIGINT AS preparation_id, ${day} AS month, ${cut_off} AS cut_off_at,
       ${load} AS load_id, 'anna@example.com' AS prepared_by, TIMESTAMP '2026-11-23 08:00:00' AS prepared_at, ${size} AS tree_size,
       ${head} AS root_hash, 2 AS exceptions, 40 AS lines_reperformed, 0 AS reperform_differences`,
    `INSERT INTO evidence.closed_lines BY NAME SELECT * REPLACE ('closed' AS status) FROM marts.fct_overage WHERE close_month = ${day}`,
    `INSERT INTO evidence.period_closes BY NAME SELECT p.* EXCLUDE (load_id), load_id AS prepared_load_id, load_id AS approved_load_id,
       'ben@example.com' AS approved_by, TIMESTAMP '2026-11-23 09:00:00' AS approved_at, 'known outage' AS accepted_reason
     FROM (SELECT preparation_id, month, cut_off_at, load_id, prepared_by, prepared_at, tree_size, root_hash, exceptions
       FROM evidence.close_preparations WHERE month = ${day}) AS p`,
  );
  const lines = await sql(
    data,
    `SELECT COLUMNS(*)::VARCHAR FROM evidence.closed_lines WHERE close_month = ${day} ORDER BY line_id`,
  );
  const text = lines
    .map((line) => `${JSON.stringify(Object.fromEntries(Object.entries(line).toSorted()))}\n`)
    .join('');
  const [row] = await sql(
    data,
    `SELECT base64(${head}) AS root, sha256('${text.replaceAll("'", "''")}') AS hash`,
  );
  const folder = join(data, 'evidence', 'closes');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${month}.lines.jsonl`), text);
  const said = `month ${month}\ntree_size ${size}\nroot ${row?.root}\nlines ${lines.length}\nlines_sha256 ${row?.hash}\n`;
  writeFileSync(join(folder, `${month}.close`), signNote(`${signer.name}/close\n${said}`, signer));
}

/** The authority's certificate stays in the data directory. */
async function stamp(data: string, size: number): Promise<void> {
  const authority = await startAuthority(join(data, 'tsa'));
  try {
    const note = Buffer.from((await readCheckpoint(join(data, 'evidence'), size)) ?? '');
    const answer = await requestTimestamp(authority.url, note, new AbortController().signal);
    writeFileSync(join(data, 'evidence', 'checkpoints', `${String(size).padStart(12, '0')}.tsr`), answer);
  } finally {
    await authority.close();
  }
}

/** What a pack's own page of instructions came to: the commands of some of its sections, in order, in one shell. */
export interface Followed {
  readonly ok: boolean;
  readonly said: string;
}

/** Runs the fenced commands of VERIFY.md whose section is wanted, from first to last, as a reader would paste them. */
export function followPage(world: PackWorld, pack: string, wanted: (section: string) => boolean): Followed {
  cpSync(join(world.data, 'tsa', 'tsa.pem'), join(dirname(pack), 'tsa.pem'));
  const sections = readFileSync(join(pack, 'VERIFY.md'), 'utf8').split(/^## /m);
  const commands = sections
    .filter(wanted)
    .flatMap((section) => Array.from(section.matchAll(/```sh\n([\s\S]*?)```/g), ([, script]) => script));
  const PATH = `${dirname(programPaths().python)}${delimiter}${process.env.PATH}`;
  const options = {
    cwd: pack,
    encoding: 'utf8',
    input: commands.join('\n'),
    env: { ...process.env, PATH },
  } as const;
  try {
    return { ok: true, said: execFileSync('sh', ['-e'], { ...options, stdio: ['pipe', 'pipe', 'pipe'] }) };
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    return { ok: false, said: `${stdout}${stderr}` };
  }
}
