import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeHyper } from '../../extracts/hyper_file.ts';
import { findHyperd, type Hyperd, startHyperd } from '../../extracts/hyperd.ts';
import { SIMULATED_CREDENTIALS, startTableauSimulator } from '../../simulators/tableau/tableau.ts';
import { runPython, venvDir } from '../extracts/python.ts';
import { exportTables } from '../extracts/sample_extract.ts';
import { makePackages } from '../extracts/sample_packages.ts';

let folder: string;
let hyperd: Hyperd;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterline-tsc-'));
  hyperd = await startHyperd(await findHyperd(venvDir()));
});

afterAll(async () => {
  await hyperd.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The base rows (1, 2, 3), big enough for several chunks, and the payload that changes 3 and adds 4. */
async function rowFiles(): Promise<{ readonly hyper: string; readonly payload: string }> {
  const row = (id: number, amount: string, filler: string) =>
    `SELECT CAST(${id} AS BIGINT) AS id, CAST('${amount}' AS DECIMAL(38,9)) AS amount, ${filler} AS note`;
  // Random text does not compress: the file passes 2 MB, so that 1 MB chunks are at least three.
  const noise = `(SELECT string_agg(CAST(uuid() AS VARCHAR), '') FROM range(60000))`;
  const make = async (name: string, sql: string) => {
    const [table] = await exportTables(folder, sql, [{ name: 'rows_by_id', orderBy: ['id'] }]);
    if (table === undefined) throw new Error('no table');
    const path = join(folder, `${name}.hyper`);
    await writeHyper({ hyperd, path, tables: [table] });
    return path;
  };
  const base = [row(1, '1.1', "'a'"), row(2, '2.2', noise), row(3, '3.3', "'c'")].join(' UNION ALL ');
  const payload = [row(3, '33.000000003', "'changed'"), row(4, '4.4', "'new'")].join(' UNION ALL ');
  return {
    hyper: await make('base', `CREATE TABLE rows_by_id AS ${base}`),
    payload: await make('payload', `CREATE TABLE rows_by_id AS ${payload}`),
  };
}

test('tableauserverclient signs in, publishes, polls, updates, downloads and sets permissions', async () => {
  const packages = await makePackages(hyperd, folder);
  const rows = await rowFiles();
  const simulator = await startTableauSimulator({ hyperd });
  try {
    const { connectedApp, personalAccessTokens, users } = SIMULATED_CREDENTIALS;
    const settings = join(folder, 'settings.json');
    await writeFile(
      settings,
      JSON.stringify({
        url: simulator.url,
        rest_version: '3.27',
        site: 'meterline',
        user: users[0],
        token_name: 'meterline',
        token_secret: personalAccessTokens.meterline,
        connected_app: {
          client_id: connectedApp.clientId,
          secret_id: connectedApp.secretId,
          secret_value: connectedApp.secretValue,
        },
        tdsx: packages.tdsx,
        twbx: packages.twbx,
        table: 'rows_by_id',
        ...rows,
      }),
    );
    const seen = await runPython<{ client: string; rows: string[][]; workbook_members: string[] }>(
      'tableau_client.py',
      settings,
    );
    expect(seen.workbook_members).toEqual(['meterline.twb', 'Data/Extracts/meterline.hyper']);
    // Upsert changed 3 and added 4, insert added both once more, delete took those below 2.
    expect(seen.rows.map(([id, amount]) => [id, amount])).toEqual([
      ['2', '2.200000000'],
      ['3', '33.000000003'],
      ['3', '33.000000003'],
      ['4', '4.400000000'],
      ['4', '4.400000000'],
    ]);
    const appended = [...simulator.requests].filter(([key]) => /^PUT .*fileUploads/.test(key));
    expect(Math.max(...appended.map(([, count]) => count))).toBeGreaterThanOrEqual(3);
    expect(simulator.published().map(({ kind, name, revision }) => [kind, name, revision])).toEqual([
      ['datasource', 'meterline', 3],
      ['datasource', 'rows', 4],
    ]);
  } finally {
    await simulator.close();
  }
});
