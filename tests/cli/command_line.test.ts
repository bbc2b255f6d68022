import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { programPaths } from '../../pipelines/paths.ts';
import { acquireRunLock } from '../../warehouse/lock.ts';
import { scratch } from '../support/scratch.ts';

const entry = join(programPaths().root, 'bin', 'meterline.mjs');
let folder = '';
beforeEach(() => {
  folder = scratch();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program in the scratch folder; `until` stops it with SIGTERM once its output matches. */
function meterline(args: readonly string[], until?: RegExp): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += String(chunk);
      if (until?.test(stdout)) child.kill('SIGTERM');
    });
    child.stderr.on('data', (chunk) => {
      stderr += String(chunk);
    });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const untouched = () => expect(readdirSync(folder).filter((name) => name !== 'meterline.yaml')).toEqual([]);

describe('usage', () => {
  it.each([
    [['run', '--as-of', '2026-02-30'], /--as-of: got 2026-02-30, want a date/],
    [['run', '--only', 'polarsi'], /--only: got polarsi, want one of polaris, salesforce/],
    [
      ['run', '--accept-quarantine', 'readings'],
      /--accept-quarantine: got readings, want one of polaris\.dimensions/,
    ],
    [['run', '--simulators-now', 'tomorrow'], /--simulators-now: .*got tomorrow, want an instant/],
    [['rum'], /unknown command 'rum'[\s\S]*run/],
    [['run', '--publsih'], /unknown option '--publsih'/],
    [
      ['evidence', 'export', '2026-10'],
      /evidence: warehouse: got no file .*, want one; run `meterline run` first/,
    ],
    [['quarantine', 'list', '--limit', '0'], /--limit: got 0, want a whole number from 1/],
    [['quarantine', 'show', 'x'], /<id>: got x, want a whole number from 1/],
    [['quarantine', 'show', '7'], /row 7: got no such row, want one that .*list/],
    [['quarantine', 'replay', '--id', '0'], /--id: got 0, want a whole number from 1/],
    [['quarantine', 'replay', '--source', 'polarsi'], /--source: got polarsi, want one of polaris/],
    [['quarantine', 'replay', '--stream', 'reading'], /--stream: got reading, want one of dimensions/],
    [['simulate', '--fault', 'polaris:hiccup'], /--fault: got kind hiccup, want one of throttle_seconds/],
    [['backfill', '--to', '2026-11-20'], /required option '--from <date>' not specified/],
    [
      ['backfill', '--from', '2026-02-30', '--to', '2026-03-02'],
      /--from: got 2026-02-30, want a date yyyy-mm-dd/,
    ],
    [['backfill', '--from', '2026-11-01', '--to', 'now'], /--to: got now, want a date yyyy-mm-dd/],
    [
      ['backfill', '--from', '2026-11-20', '--to', '2026-11-20'],
      /--to \(exclusive\): got 2026-11-20, want a day after --from \(inclusive\), 2026-11-20/,
    ],
    [
      ['backfill', '--from', '2026-11-01', '--to', '2026-11-20', '--reprocess', 'some'],
      /--reprocess: got some, want one of none, failed, all/,
    ],
    [
      ['backfill', '--from', '2026-11-01', '--to', '2026-11-20', '--accept-quarantine', 'readings'],
      /--accept-quarantine: got readings, want one of/,
    ],
    [
      ['backfill', '--from', '2026-11-01', '--to', '2026-11-20'],
      /backfill: warehouse: got one without readings, want one that has some; `meterline run`/,
    ],
    [
      ['evidence', 'close', '2026-13', '--prepare', '--by', 'a'],
      /<month>: got 2026-13, want a month yyyy-mm/,
    ],
    [['evidence', 'close', '2026-09', '--prepare'], /required option '--by <id>' not specified/],
    [['evidence', 'close', '2026-09', '--by', 'a'], /got neither or both of --prepare and --approve/],
    [
      ['evidence', 'close', '2026-09', '--prepare', '--by', 'a', '--accept', 'so'],
      /--accept: got it with --prepare, want it with --approve/,
    ],
    [
      ['evidence', 'close', '2026-09', '--approve', '--by', 'a', '--accept', ' '],
      /--accept: got an empty reason/,
    ],
    [['evidence', 'close', '2026-09', '--prepare', '--by', 'a'], /close: got no warehouse at .*want one/],
    [['evidence', 'reopen', '2026-09'], /reopen 2026-09: .*corrected by adjustments only/],
    [['policies', 'check', 'absent'], /dimensions\.yaml: got no file that can be read/],
    [['policies', 'diff', 'here', 'there'], /policies: here: got neither a folder nor a version/],
    [
      ['policies', 'diff', 'here', 'there', '--month', '2026-13'],
      /--month: got 2026-13, want a month yyyy-mm/,
    ],
    [
      ['policies', 'diff', 'fixed-capacity@2026-01-01.1', 'peak-day@2026-01-01.1'],
      /policies: diff: got no overage lines .*want a warehouse whose models were built; run .meterline run. first/,
    ],
    [['status', '--config', 'absent.yaml'], /absent\.yaml: cannot be read/],
  ])('%j: exit 2, says what is wanted, touches nothing', async (args, message) => {
    const { code, stderr } = await meterline(args);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
    untouched();
  });

  it('a wrong configuration: exit 2 with the right key, nothing touched', async () => {
    writeFileSync(join(folder, 'meterline.yaml'), 'data_dir: ./here\ngates: { freshnes_hours: 3 }\n');
    const { code, stderr } = await meterline(['run']);
    expect(stderr).toContain('gates.freshnes_hours: unknown key, want \\"freshness_hours\\"');
    expect(code).toBe(2);
    untouched();
  });

  it('--help lists every command', async () => {
    const { code, stdout } = await meterline(['--help']);
    expect(code).toBe(0);
    for (const command of [
      'run',
      'backfill',
      'schedule',
      'status',
      'quarantine',
      'extract',
      'publish',
      'policies',
      'simulate',
      'doctor',
    ]) {
      expect(stdout).toMatch(new RegExp(`^  ${command}\\b`, 'm'));
    }
  });
});

describe('backfill', () => {
  const days = ['backfill', '--from', '2026-11-01', '--to', '2026-11-20'];

  it('--dry-run without a warehouse says so and touches nothing', async () => {
    const { code, stdout } = await meterline([...days, '--dry-run']);
    expect(stdout).toMatch(
      /2026-11-01 to 2026-11-20 \(UTC, exclusive\).*there is no warehouse with readings yet/,
    );
    expect(code).toBe(0);
    untouched();
    const json = await meterline([...days, '--dry-run', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      backfill: { feed_as_of: null, ranges: [], dry_run: true },
    });
  });

  it('--help says that --to is exclusive and days are UTC', async () => {
    const { stdout } = await meterline(['backfill', '--help']);
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/the day after the last, yyyy-mm-dd \(UTC\): exclusive/);
  });

  it('without Polaris says what cannot be done', async () => {
    writeFileSync(join(folder, 'meterline.yaml'), 'data_dir: ./data\n');
    const { code, stderr } = await meterline(days);
    expect(code).toBe(2);
    expect(stderr).toMatch(/sources\.polaris: got none.*Salesforce cannot be read by days/);
    untouched();
  });
});

describe('policies check', () => {
  const shipped = join(programPaths().root, 'policies');

  it('lists what was checked: exit 0', async () => {
    const { code, stdout } = await meterline(['policies', 'check']);
    expect(stdout).toMatch(/policies: valid: 7 versions in 7 files of /);
    expect(stdout).toMatch(/overage\/fixed-capacity@2026-01-01\.1\.yaml +2026-01-01\.1 +from 2026-01-01 /);
    expect(code).toBe(0);
    const json = await meterline(['policies', 'check', shipped, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      folder: shipped,
      checked: { files: 7, versions: 7, pairs: 0 },
      notes: [],
    });
    untouched();
  });

  it('names everything that is wrong, in every file: exit 2', async () => {
    const policies = join(folder, 'policies');
    cpSync(shipped, policies, { recursive: true });
    const edit = (file: string, from: string, to: string) => {
      const text = readFileSync(join(policies, file), 'utf8');
      writeFileSync(join(policies, file), text.replace(from, to));
    };
    edit('hygiene.yaml', 'data.steward@', 'Sales.Operations@');
    edit('marketplace.yaml', 'aws: 1', 'aws: 1.5');
    const wrong = await meterline(['policies', 'check', 'policies', '--json']);
    expect(wrong.code).toBe(2);
    const { error } = JSON.parse(wrong.stdout) as { error: { message: string } };
    expect(error.message).toContain('hygiene.yaml approved_by: got "Sales.Operations@example.com"');
    expect(error.message).toContain('marketplace.yaml window_hours.aws: got 1.5');
    edit('hygiene.yaml', 'Sales.Operations@', 'data.steward@');
    edit('marketplace.yaml', 'aws: 1.5', 'aws: 1');
    for (const example of ['peak-day', 'p95-hour'])
      cpSync(
        join(policies, `examples/overage/${example}@2026-01-01.1.yaml`),
        join(policies, `overage/${example}@2026-01-01.1.yaml`),
      );
    const tied = await meterline(['policies', 'check', 'policies']);
    expect(tied.code).toBe(2);
    expect(tied.stderr.match(/got the same reach as/g)).toHaveLength(3);
  });
});

describe('status', () => {
  it('before any run: stale, exit 1', async () => {
    const { code, stdout } = await meterline(['status']);
    expect(code).toBe(1);
    expect(stdout).toContain('no run has ended');
  });

  it('after a good night: fresh, exit 0; a day later: stale, exit 1', async () => {
    const night = (finished_at: string) => ({
      runs: [],
      last_success_at: finished_at,
      last_success_as_of: '2026-11-21',
      freshness_hours: 26,
    });
    mkdirSync(join(folder, 'data', 'status'), { recursive: true });
    const write = (at: Date) =>
      writeFileSync(join(folder, 'data', 'status', 'status.json'), JSON.stringify(night(at.toISOString())));
    write(new Date(Date.now() - 3_600_000));
    const fresh = await meterline(['status', '--json']);
    expect(fresh.code).toBe(0);
    expect(JSON.parse(fresh.stdout)).toMatchObject({ stale: false, last_success_as_of: '2026-11-21' });
    write(new Date(Date.now() - 27 * 3_600_000));
    expect((await meterline(['status'])).code).toBe(1);
  });
});

describe('one run at a time', () => {
  it('another process that has the data directory: exit 75, naming it', async () => {
    const lock = await acquireRunLock(join(folder, 'data'));
    try {
      writeFileSync(join(folder, 'meterline.yaml'), `policies: ${join(programPaths().root, 'policies')}\n`);
      const { code, stderr } = await meterline(['run', '--json']);
      expect(code).toBe(75);
      expect(stderr).toContain(`process ${process.pid}`);
    } finally {
      lock.release();
    }
  });
});

describe('simulate', () => {
  it('prints a configuration that doctor accepts and that holds no secret', async () => {
    const size = ['--customers', '2', '--days', '2', '--dimensions', '2'];
    const { code, stdout } = await meterline(['simulate', ...size], /tableau:[\s\S]*kind: pat/);
    expect(code).toBe(0);
    expect(stdout).toContain('export METERLINE_DEMO_SECRET=');
    expect(stdout).toMatch(/client_secret: \$\{METERLINE_DEMO_SECRET\}/);
    expect(stdout).not.toMatch(/client_secret: [^$]/);
    expect(existsSync(join(folder, 'data', 'simulators.json'))).toBe(true);
  });

  it('a world does not change once it exists, and its clock never goes back', async () => {
    const small = ['simulate', '--customers', '2', '--days', '2', '--dimensions', '2'];
    await meterline([...small, '--now', '2026-11-23T03:00:10Z'], /kind: pat/);
    const other = await meterline(['simulate', '--customers', '3']);
    expect(other.code).toBe(2);
    expect(other.stderr).toContain('customers: got 3, want 2');
    const back = await meterline(['simulate', '--now', '2026-11-22T03:00:10Z']);
    expect(back.code).toBe(2);
    expect(back.stderr).toContain('the clock never goes back');
  });
});

describe('doctor', () => {
  it('finds everything well against the simulators', async () => {
    const { code, stdout } = await meterline(['doctor', '--json']);
    const { findings } = JSON.parse(stdout) as {
      findings: { what: string; ok: boolean; observed: string }[];
    };
    expect(findings.filter((finding) => !finding.ok)).toEqual([]);
    expect(findings.map((finding) => finding.what)).toEqual(
      expect.arrayContaining([
        'Node',
        'Python environment',
        'hyperd',
        'polaris',
        'salesforce',
        'tackle',
        'Tableau',
      ]),
    );
    expect(code).toBe(0);
  });
});
