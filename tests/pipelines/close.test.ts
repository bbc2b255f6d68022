import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderClose } from '../../cli/close_text.ts';
import { openCloseNote, signCloseNote } from '../../evidence/close_note.ts';
import { readVerifierKeys } from '../../evidence/storage/checkpoint_files.ts';
import { approveClose, type CloseSteps, prepareClose } from '../../pipelines/evidence/close.ts';
import type { CloseReport } from '../../pipelines/evidence/close_report.ts';
import { inCloseRun } from '../../pipelines/evidence/close_run.ts';
import { reperform } from '../../pipelines/evidence/reperform.ts';
import { requestTimestamp } from '../../pipelines/evidence/timestamp.ts';
import { verifyEvidence } from '../../pipelines/evidence/verify.ts';
import { verifyCloses } from '../../pipelines/evidence/verify_closes.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import { sha256 } from '../../pipelines/policy_versions.ts';
import { signingKey } from '../../pipelines/signing_key.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { DifferenceError, NightError, UsageError } from '../../schemas/errors.ts';
import { FIXED_TABLES } from '../../warehouse/duckdb/ddl.ts';
import { killAt, recordPoints } from '../e2e/kill/kill_process.ts';
import { startTestWorld, type TestWorld } from '../support/test_night.ts';
import { closeEnv, makeExceptions, restate, sql } from './close_world.ts';
import { openssl, startAuthority } from './evidence/timestamp_authority.ts';

const TRUE_STEPS: CloseSteps = { reperform, requestTimestamp };
/** `restate` puts readings past the pages, which a re-performance finds, as it should: most of these tests go without it. */
const NO_REPERFORMANCE: CloseSteps = {
  reperform: async (_data, _warehouse, _scope, { length }) => ({
    ...{ pages: 0, readings: 0, lines: length, totals: [], differences: [] },
  }),
  requestTimestamp,
};
const POLICIES = join(import.meta.dirname, '../../policies');

let test: TestWorld;
let dataDir = '';
/** A copy from just before the first approval. */
let ready = '';

beforeAll(async () => {
  test = await startTestWorld();
  dataDir = test.newDataDir();
  const night = await test.night(dataDir, { only: ['load', 'seal', 'transform'] });
  expect(night.error).toBeNull();
}, 600_000);
afterAll(() => test.close());

const config = (more = {}) => ({ ...test.config(dataDir), policies: POLICIES, ...more });
const prepare = (month: string, by: string, more = {}, steps = NO_REPERFORMANCE): Promise<CloseReport> =>
  prepareClose(config(more), { month, by }, closeEnv(), steps);
const approve = (
  month: string,
  by: string,
  accept: string | null = null,
  more = {},
  steps = NO_REPERFORMANCE,
): Promise<CloseReport> => approveClose(config(more), { month, by, accept }, closeEnv(), steps);

/** The message of a refusal, which is one of usage: exit 2. */
const refused = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'not refused',
    (error: unknown) => {
      expect(error).toBeInstanceOf(UsageError);
      return (error as Error).message;
    },
  );

const OCTOBER_OPEN = [
  ['seq_gap', '2026-10-01', true],
  ['seq_gap', '2026-10-01', true],
  ['missing_readings', '2026-10-01', true],
  ['missing_readings', '2026-10-01', false],
] as const;

/** Brings the models up to what is loaded, and puts the exceptions of this test in the place of the world's own. */
const transform = async () => {
  const night = await test.night(dataDir, { only: ['transform'] });
  expect(night.error).toBeNull();
  await makeExceptions(dataDir, OCTOBER_OPEN);
};

const frozen = (month: string) =>
  sql(dataDir, `SELECT * FROM evidence.closed_lines WHERE close_month = '${month}-01' ORDER BY line_id`);
const LINE = FIXED_TABLES.find(({ name }) => name === 'closed_lines')?.columns.map(({ name }) => name) ?? [];
const shown = (month: string) =>
  sql(
    dataDir,
    `SELECT ${LINE.join(', ')} FROM marts.fct_overage WHERE close_month = '${month}-01' ORDER BY line_id`,
  );
const closeFile = (name: string) => readFileSync(join(dataDir, 'evidence', 'closes', name), 'utf8');

describe('before a month is prepared', () => {
  it('refuses where the exceptions are not known, rather than taking them for nothing', async () => {
    await sql(dataDir, 'DROP TABLE IF EXISTS marts.fct_evidence_exceptions');
    expect(await refused(prepare('2026-09', 'ada'))).toMatch(
      /2026-09: got no table marts\.fct_evidence_exceptions.*--only transform/,
    );
    await makeExceptions(dataDir, OCTOBER_OPEN);
  });

  it.each([
    ['2026-9', 'ada', /<month>: got 2026-9, want a month yyyy-mm/],
    ['2026-09', ' ', /--by: got " ", want an id/],
    ['2026-09', 'a\u200bda', /--by: got .*, want an id on one line/],
    ['2026-09', 'ada\nbob', /--by: got "ada\\nbob", want an id on one line/],
    ['2026-10', 'ada', /2026-10: got 2026-09 still open, want every earlier month closed; close it first/],
    ['2026-08', 'ada', /2026-08: got no reading or overage line before 2026-09-01/],
  ])('refuses %j by %j', async (month, by, message) => {
    expect(await refused(prepare(month, by))).toMatch(message);
  });

  it('refuses before the cut-off, as it is configured', async () => {
    const cut_offs = { as_of: '02:00', close: { days: 60, time: '06:00' } };
    expect(await refused(prepare('2026-09', 'ada', { cut_offs }))).toMatch(
      /2026-09: got readings known up to 2026-11-2\S+, want them up to the cut-off 2026-11-30T06:00:00Z/,
    );
  });

  it('refuses where a policy says something else than its version did, and where a version is new', async () => {
    const policies = join(test.newDataDir(), 'policies');
    cpSync(POLICIES, policies, { recursive: true });
    const [name = ''] = readdirSync(join(policies, 'overage'));
    const file = join(policies, 'overage', name);
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/burst_pct: "[^"]+"/, 'burst_pct: "33"'));
    expect(await refused(prepare('2026-09', 'ada', { policies }))).toMatch(
      /policies: overage\/\S+@\S+, burst_pct: got "33", want "\d+" as when this version was first used/,
    );
    writeFileSync(file, `# a comment is free\n${text}`);
    const hygiene = join(policies, 'hygiene.yaml');
    writeFileSync(
      hygiene,
      readFileSync(hygiene, 'utf8').replace(/^version: .*$/m, 'version: "2031-01-01.1"'),
    );
    expect(await refused(prepare('2026-09', 'ada', { policies }))).toMatch(
      /got 1 policy versions that no night has used.*--only transform/,
    );
  });

  it('refuses without a key that signs the log', async () => {
    const { signing_key_file: _, ...evidence } = test.config(dataDir).evidence;
    expect(await refused(approve('2026-09', 'bob', null, { evidence }))).toMatch(/got no signing key/);
  });
});

describe('the life of a close', () => {
  let prepared: CloseReport;
  let again: CloseReport;

  it('prepares: lines, totals beside Polaris, the sealed log', async () => {
    prepared = await prepare('2026-09', ' Ada@example.com ', {}, TRUE_STEPS);
    expect(prepared).toMatchObject({
      status: 'soft_closed',
      prepared_by: 'Ada@example.com',
      cut_off_at: '2026-10-04T06:00:00Z',
      exceptions: [],
      lines_reperformed: prepared.lines,
      reperform_differences: 0,
    });
    expect(prepared.lines).toBeGreaterThan(3);
    const totals = await sql(
      dataDir,
      `SELECT dimension, count(*)::INTEGER AS readings, sum(quantity_decimal)::VARCHAR AS quantity FROM (
         SELECT dimension, cluster_id, hour_start, arg_max(quantity_decimal, revision) AS quantity_decimal
         FROM raw.polaris_readings
         WHERE hour_start BETWEEN '2026-09-01' AND '2026-09-30 23:00:00' AND recorded_at_utc <= '2026-10-04 06:00:00'
         GROUP BY ALL) GROUP BY dimension ORDER BY dimension`,
    );
    const made = prepared.totals.map(({ dimension, readings, quantity }) => ({
      dimension,
      readings,
      quantity,
    }));
    expect(made).toEqual(totals);
    expect(prepared.totals.every((total) => (total.source_readings ?? 0) >= total.readings)).toBe(true);
    expect(await frozen('2026-09')).toEqual([]);
    expect(await sql(dataDir, 'SELECT * FROM evidence.period_closes')).toEqual([]);
  });

  it('refuses the preparer’s own approval, naming both', async () => {
    expect(await refused(approve('2026-09', 'ADA@example.com'))).toMatch(
      /got an approval by ADA@example\.com of what Ada@example\.com prepared, want another person/,
    );
  });

  it('refuses tables older than what is loaded, and what came since of any dimension', async () => {
    const newest = '(SELECT max(load_id) FROM ops.loads)';
    await sql(
      dataDir,
      `INSERT INTO ops.loads SELECT * REPLACE (load_id + 1 AS load_id) FROM ops.loads WHERE load_id = ${newest}`,
    );
    expect(await refused(approve('2026-09', 'bob'))).toMatch(
      /got models built up to load \d+, want load \d+; run `meterline run --only transform`/,
    );
    await sql(
      dataDir,
      `INSERT INTO raw.polaris_readings SELECT * REPLACE ('late-0' AS reading_id, ${newest} AS load_id)
       FROM raw.polaris_readings WHERE dimension <> 'capacity_used_tib' AND hour_start = '2026-09-25 05:00:00' LIMIT 1`,
    );
    expect(await refused(approve('2026-09', 'bob'))).toMatch(
      /got 1 revision of readings loaded since.*late-0/,
    );
    await sql(
      dataDir,
      `DELETE FROM raw.polaris_readings WHERE reading_id = 'late-0'`,
      `DELETE FROM ops.loads WHERE load_id = ${newest}`,
    );
  });

  it('says of each total that differs from Polaris what that may be', () => {
    const total = {
      dimension: 'd',
      readings: 1,
      quantity: '1.0',
      source_readings: 2,
      source_quantity: '2.0',
    };
    expect(renderClose({ ...prepared, totals: [total] })).toMatch(
      /≠ differs: Polaris also has what was recorded after the cut-off; .*control_total_difference/,
    );
  });

  it('refuses what came since and would post into the month, and a preparation over models that lack it', async () => {
    await restate(dataDir, {
      id: 'late-1',
      hour: '2026-09-25 05:00:00',
      quantity: '900.5',
      recorded_at: '2026-10-03T00:00:00Z',
    });
    expect(await refused(approve('2026-09', 'bob'))).toMatch(
      /got 1 revision of readings loaded since.*late-1 \(capacity_used_tib, hour 2026-09-25T05:00:00Z, recorded 2026-10-03T00:00:00Z, load \d+\).*prepare again/,
    );
    expect(await refused(prepare('2026-09', 'ada'))).toMatch(
      /got models built up to load \d+, want load \d+; run `meterline run --only transform`/,
    );
  });

  it('prepares again with it', async () => {
    await transform();
    const pastThePages = await prepare('2026-09', 'ada', {}, TRUE_STEPS);
    expect(pastThePages.reperform_differences).toBeGreaterThan(0);
    expect(await refused(approve('2026-09', 'bob'))).toMatch(
      /got \d+ differences of the re-performance, want nothing open/,
    );
    again = await prepare('2026-09', 'ada');
    expect(again.tree_size).toBe(prepared.tree_size + 1);
    expect(again.amounts).not.toEqual(prepared.amounts);
    const raise = (by: number) =>
      sql(
        dataDir,
        `UPDATE evidence.prepared_lines SET amount = amount + ${by} WHERE amount IS NOT NULL
           AND preparation_id = (SELECT max(preparation_id) FROM evidence.close_preparations)`,
      );
    await raise(1);
    const changed = approve('2026-09', 'bob');
    await expect(changed).rejects.toThrow(DifferenceError);
    await expect(changed).rejects.toThrow(/got prepared lines with SHA-256 \w{64}, want \w{64}; find out/);
    await raise(-1);
    ready = test.newDataDir();
    cpSync(dataDir, ready, { recursive: true });
  });

  it('closes: frozen lines in the warehouse, the mart and a signed file', async () => {
    const closed = await approve('2026-09', 'bob');
    expect(closed).toMatchObject({ status: 'closed', approved_by: 'bob', amounts: again.amounts });
    const lines = await frozen('2026-09');
    expect(lines.length).toBe(again.lines);
    expect(lines.every((line) => line.status === 'closed')).toBe(true);
    expect(await shown('2026-09')).toEqual(lines);
    const text = closeFile('2026-09.lines.jsonl');
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).line_id),
    ).toEqual(lines.map((line) => line.line_id));
    const note = openCloseNote(closeFile('2026-09.close'), await readVerifierKeys(join(dataDir, 'evidence')));
    expect(note).toMatchObject({
      month: '2026-09',
      lines: lines.length,
      lines_sha256: sha256(text),
      tree_size: again.tree_size,
      accepted: null,
      as_of_date: again.as_of,
      lines_reperformed: again.lines,
      reperform_differences: 0,
      timestamped_at: null,
      previous: null,
      totals: again.totals,
    });
  });

  it('stays as it is: the same approval changes nothing, another and a new preparation are refused', async () => {
    const files = [closeFile('2026-09.close'), closeFile('2026-09.lines.jsonl')];
    expect(await approve('2026-09', 'Bob')).toMatchObject({ status: 'closed', approved_by: 'bob' });
    expect([closeFile('2026-09.close'), closeFile('2026-09.lines.jsonl')]).toEqual(files);
    expect(await refused(approve('2026-09', 'carl'))).toMatch(
      /got a month closed by bob at \S+, want an open/,
    );
    expect(await refused(prepare('2026-09', 'carl'))).toMatch(/got a month closed by bob/);
  });

  it('posts what comes later as an adjustment in the next month, which freezes it', async () => {
    const before = await frozen('2026-09');
    const subscription = await restate(dataDir, {
      id: 'late-2',
      hour: '2026-09-26 05:00:00',
      quantity: '800.25',
      recorded_at: '2026-11-10T00:00:00Z',
    });
    await transform();
    expect(await shown('2026-09')).toEqual(before);
    const adjustment = `SELECT line_id, status, service_period::VARCHAR AS service, posting_period::VARCHAR AS posting
      FROM marts.fct_overage WHERE line_type = 'adjustment' AND subscription_id = '${subscription}'
        AND service_period = '2026-09-01'`;
    const [line, ...more] = await sql(dataDir, adjustment);
    expect(more).toEqual([]);
    expect(line).toMatchObject({ status: 'adjustment', service: '2026-09-01', posting: '2026-10-01' });

    const october = await prepare('2026-10', 'ada');
    expect(october.exceptions).toEqual([
      { kind: 'seq_gap', exceptions: 2 },
      { kind: 'missing_readings', exceptions: 1 },
    ]);
    expect(await refused(approve('2026-10', 'bob'))).toMatch(
      /got 2 seq_gap, 1 missing_readings, want nothing open; .*--accept <reason>/,
    );

    const authority = await startAuthority(join(dataDir, 'tsa'));
    const evidence = { ...test.config(dataDir).evidence, timestamp_authority_url: authority.url };
    const stamp = () => approve('2026-10', 'bob', 'gaps are known\nto SRE', { evidence });
    authority.answer = () => ({ status: 500, body: Buffer.from('down') });
    const failing = stamp();
    await expect(failing).rejects.toThrow(NightError);
    await expect(failing).rejects.toThrow(/time stamp of 127\.0\.0\.1:\d+: .*500/);
    expect(await frozen('2026-10')).toEqual([]);

    authority.answer = null;
    const closed = await stamp().finally(() => authority.close());
    expect(closed.accepted_reason).toBe('gaps are known\nto SRE');
    const kept = `evidence/checkpoints/${String(closed.tree_size).padStart(12, '0')}`;
    const verify = `ts -verify -data ${kept}.checkpoint -in ${kept}.tsr -CAfile ${authority.certificate}`;
    expect(openssl(verify.split(' '), dataDir)).toMatch(/Verification: OK/);
    const note = openCloseNote(closeFile('2026-10.close'), await readVerifierKeys(join(dataDir, 'evidence')));
    const previous = sha256(closeFile('2026-09.close'));
    expect(note).toMatchObject({ accepted: 'gaps are known\nto SRE', exceptions: 3, previous });
    expect(note.timestamped_at).toMatch(/^2\d{3}-\d\d-\d\dT/);
    expect((await frozen('2026-10')).find((each) => each.line_id === line?.line_id)).toMatchObject({
      line_type: 'adjustment',
      status: 'adjustment',
      service_period: '2026-09-01',
    });
    expect(await shown('2026-10')).toEqual(await frozen('2026-10'));
  });

  it('refuses a month that is not over', async () => {
    expect(await refused(prepare('2026-11', 'ada'))).toMatch(
      /2026-11: got readings known up to 2026-11-2\S+, want a month that is over \(2026-12-01T00:00:00Z\)/,
    );
  });

  it('is verified with the log', async () => {
    const data = dataPaths(dataDir);
    const policies = await loadPolicies(POLICIES);
    const verify = () =>
      lookInto(data, async (warehouse) => {
        const { timestamps } = await verifyEvidence(data, warehouse, null, () => undefined);
        expect(timestamps).toBe(1);
        return verifyCloses(data, warehouse, policies);
      });
    const verified = await verify();
    const lines = (await frozen('2026-09')).length + (await frozen('2026-10')).length;
    expect(verified).toEqual({ closes: 2, closed_lines: lines, policy_versions: expect.any(Number) });

    const folder = join(dataDir, 'evidence', 'checkpoints');
    const stamped = readdirSync(folder).find((name) => name.endsWith('.tsr')) ?? '';
    const other = readdirSync(folder).find(
      (name) => /\d\.checkpoint$/.test(name) && !name.startsWith(stamped.slice(0, 12)),
    );
    renameSync(join(folder, stamped), join(folder, `${other?.slice(0, 12)}.tsr`));
    await expect(verify()).rejects.toThrow(/time stamp of the checkpoint of \d+ entries: got imprint/);

    const closesOnly = () => lookInto(data, (warehouse) => verifyCloses(data, warehouse, policies));
    await expect(closesOnly()).rejects.toThrow(
      /2026-10: got no time stamp beside its checkpoint, want the one of 2\S+Z that the close names/,
    );
    const signer = await signingKey(test.config(dataDir));
    if (signer === null) throw new Error('tests: signer: got none, want one');
    const { origin: _, ...september } = openCloseNote(closeFile('2026-09.close'), [signer]);
    writeFileSync(
      join(dataDir, 'evidence', 'closes', '2026-09.close'),
      signCloseNote({ ...september, accepted: 'so' }, signer),
    );
    await sql(dataDir, `UPDATE evidence.period_closes SET accepted_reason = 'so' WHERE month = '2026-09-01'`);
    await expect(closesOnly()).rejects.toThrow(
      /2026-10: got SHA-256 \w{64} before it, want SHA-256 \w{64} as signed; the note before was replaced/,
    );
  });
});

describe('an approval that is killed', () => {
  const work = (data_dir: string) => ({
    config: { ...test.config(data_dir), policies: POLICIES },
    options: null,
    approve: { month: '2026-09', by: 'bob' },
  });
  const look = async (folder: string) => ({
    closes: await sql(folder, 'SELECT month::VARCHAR AS month, approved_by FROM evidence.period_closes'),
    lines: await sql(folder, 'SELECT * FROM evidence.closed_lines ORDER BY line_id'),
    files: readdirSync(join(folder, 'evidence', 'closes')).toSorted(),
  });
  const copy = () => {
    const folder = test.newDataDir();
    cpSync(ready, folder, { recursive: true });
    mkdirSync(join(folder, 'evidence', 'closes'), { recursive: true });
    return folder;
  };
  const COMMITTED = 'after COMMIT of INSERT INTO evidence.period_closes#1';
  const OPEN = { closes: [], lines: [], files: [] };
  let points: readonly string[] = [];
  let closed: Awaited<ReturnType<typeof look>>;

  beforeAll(async () => {
    const whole = copy();
    points = await recordPoints(work(whole), join(whole, 'points.txt'));
    closed = await look(whole);
    expect(closed.files).toEqual(['2026-09.close', '2026-09.lines.jsonl']);
    expect(points).toContain(COMMITTED);
  });

  it('has closed nothing or all, once the next command has swept up', async () => {
    const steps = points.filter((point) => /evidence[./]/.test(point) && !point.startsWith('dbt'));
    expect(steps.length).toBeGreaterThan(10);
    for (const point of steps) {
      const folder = copy();
      await killAt(work(folder), point);
      await inCloseRun(work(folder).config, closeEnv(), async () => undefined);
      const isClosed = points.indexOf(point) >= points.indexOf(COMMITTED);
      expect(await look(folder), point).toEqual(isClosed ? closed : OPEN);
      rmSync(folder, { recursive: true });
    }
  });

  it.each([COMMITTED.replace('after', 'before'), COMMITTED])(
    'is finished by the same command: %s',
    async (point) => {
      const folder = copy();
      await killAt(work(folder), point);
      const { config: killed, approve: request } = work(folder);
      const report = await approveClose(killed, { ...request, accept: null }, closeEnv());
      expect(report.status).toBe('closed');
      expect(await look(folder)).toEqual(closed);
      const policies = await loadPolicies(POLICIES);
      const data = dataPaths(folder);
      const verified = await lookInto(data, (warehouse) => verifyCloses(data, warehouse, policies));
      expect(verified.closes).toBe(1);
    },
  );
});
