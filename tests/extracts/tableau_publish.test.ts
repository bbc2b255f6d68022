import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findHyperd, withHyperd } from '../../extracts/hyperd.ts';
import { TableauError } from '../../extracts/tableau_http.ts';
import { PublishError, publishAll } from '../../extracts/tableau_publish.ts';
import { connectTableau, type TableauClient, type TableauLimits } from '../../extracts/tableau_rest.ts';
import type { TableauAuth } from '../../extracts/tableau_sign_in.ts';
import { SIMULATED_CREDENTIALS, startTableauSimulator } from '../../simulators/tableau/tableau.ts';
import { venvDir } from './python.ts';
import { makePackages, type SamplePackages } from './sample_packages.ts';

let folder: string;
let packages: SamplePackages;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterline-publish-test-'));
  packages = await withHyperd(await findHyperd(venvDir()), (hyperd) => makePackages(hyperd, folder));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

const SECRET = SIMULATED_CREDENTIALS.personalAccessTokens.meterline ?? '';
const TOKEN: TableauAuth = { kind: 'pat', tokenName: 'meterline', tokenSecret: SECRET };
const APP: TableauAuth = {
  kind: 'connected_app',
  username: 'meterline@example.com',
  ...SIMULATED_CREDENTIALS.connectedApp,
};

/** Small enough that each sample package needs several chunks. */
const SMALL_CHUNKS = { singleRequestBytes: 4_000, chunkBytes: 1_501 };

type Simulator = Awaited<ReturnType<typeof startTableauSimulator>>;

async function withSimulator(
  work: (simulator: Simulator, open: (options?: Open) => Promise<Opened>) => Promise<void>,
): Promise<void> {
  const simulator = await startTableauSimulator();
  try {
    await work(simulator, (options = {}) => opened(simulator, options));
  } finally {
    await simulator.close();
  }
}

interface Open {
  readonly auth?: TableauAuth;
  readonly limits?: Partial<TableauLimits>;
}

interface Opened {
  readonly client: TableauClient;
  readonly waits: number[];
}

/** A client whose waits are recorded; real time passes only for Retry-After. */
async function opened(simulator: Simulator, { auth = TOKEN, limits = {} }: Open): Promise<Opened> {
  const waits: number[] = [];
  const sleep = (milliseconds: number): Promise<void> => {
    waits.push(milliseconds);
    return new Promise((resolve) => setTimeout(resolve, Math.min(milliseconds, 2)));
  };
  const client = await connectTableau(
    { url: simulator.url, site: 'meterline', auth },
    { limits, effects: { sleep, random: () => 0.5 } },
  );
  return { client, waits };
}

const night = () => ({
  project: 'default',
  datasources: [{ name: 'meterline', path: packages.tdsx }],
  workbooks: [{ name: 'meterline', path: packages.twbx }],
  backups: join(folder, 'backups'),
});

const signIns = (simulator: Simulator): number =>
  [...simulator.requests]
    .filter(([key]) => key.endsWith('/auth/signin'))
    .reduce((sum, [, count]) => sum + count, 0);

describe('publishing', () => {
  test.each([
    ['a personal access token', TOKEN],
    ['a connected app', APP],
  ])('data sources, then workbooks, with %s; a second night replaces both', async (_, auth) => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open({ auth });
      const first = await publishAll(client, night());
      expect(first.published.map(({ kind, replaced }) => [kind, replaced])).toEqual([
        ['datasource', false],
        ['workbook', false],
      ]);
      // A run that was killed while it published could not remove its backups.
      await mkdir(night().backups, { recursive: true });
      await writeFile(join(night().backups, 'left.twbx'), 'large');
      const second = await publishAll(client, night());
      await expect(readdir(night().backups)).rejects.toThrow(/ENOENT/);
      expect(second.published.every(({ replaced }) => replaced)).toBe(true);
      expect(simulator.published().map(({ kind, revision, project }) => [kind, revision, project])).toEqual([
        ['datasource', 2, 'default'],
        ['workbook', 2, 'default'],
      ]);
      await client.signOut();
      const order = [...simulator.requests.keys()].filter((key) =>
        /^POST .*(datasources|workbooks)$/.test(key),
      );
      expect(order.map((key) => key.split('/').pop())).toEqual(['datasources', 'workbooks']);
    });
  });

  test('large files in chunks arrive byte for byte', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open({ limits: SMALL_CHUNKS });
      await publishAll(client, night());
      const project = await client.findProject('default');
      const found = await client.find('datasource', 'meterline', project.id);
      const path = join(folder, 'downloaded.tdsx');
      await client.download('datasource', found?.id ?? '', path);
      expect((await readFile(path)).equals(await readFile(packages.tdsx))).toBe(true);
      const chunks = [...simulator.requests].filter(([key]) => /^PUT .*fileUploads/.test(key));
      const wanted = Math.ceil((await readFile(packages.tdsx)).length / SMALL_CHUNKS.chunkBytes);
      expect(chunks[0]?.[1]).toBe(wanted);
    });
  });

  test('a name already there is error 409 without overwrite', async () => {
    await withSimulator(async (_, open) => {
      const { client } = await open();
      await publishAll(client, night());
      const { id } = await client.findProject('default');
      const again = client.publish(
        { kind: 'workbook', name: 'meterline', projectId: id, path: packages.twbx },
        false,
        null,
      );
      await expect(again).rejects.toMatchObject({ status: 409, code: '409006', certain: true });
    });
  });

  test('a job is asked for at 0.5 s, then 1.4 times as long, up to a bound', async () => {
    const simulator = await startTableauSimulator({ pollsBeforeDone: 5 });
    try {
      const { client, waits } = await opened(simulator, { limits: { pollMaxMs: 1_200 } });
      await publishAll(client, { ...night(), workbooks: [] });
      expect(waits.map(Math.round)).toEqual([500, 700, 980, 1200, 1200]);
    } finally {
      await simulator.close();
    }
  });

  test('a missing project is named before anything is uploaded', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open();
      await expect(publishAll(client, { ...night(), project: 'Usage/Nightly' })).rejects.toThrow(
        /project Usage\/Nightly, look up: .*got none/,
      );
      expect(simulator.published()).toEqual([]);
    });
  });
});

describe('with a fault the same is published:', () => {
  const DATA = 'datasources|workbooks|jobs|projects|fileUploads';
  test.each([
    ['throttle_seconds', 1],
    ['throttle_seconds', 3],
    ['throttle_date', 2],
    ['server_error', 2],
    ['drop', 2],
    ['truncate', 2],
    ['revoked_token', 1],
  ] as const)('%s, %i times', async (kind, times) => {
    await withSimulator(async (simulator, open) => {
      const { client, waits } = await open({ limits: SMALL_CHUNKS });
      simulator.faults.set([{ kind, times, path: DATA }]);
      await publishAll(client, night());
      expect(simulator.published().map(({ kind: what }) => what)).toEqual(['datasource', 'workbook']);
      const wanted = await Promise.all([packages.tdsx, packages.twbx].map((path) => readFile(path)));
      expect(simulator.published().map(({ bytes }) => bytes)).toEqual(wanted.map((file) => file.length));
      expect(signIns(simulator)).toBe(kind === 'revoked_token' ? 2 : 1);
      if (kind === 'throttle_seconds') expect(waits.slice(0, times)).toEqual(Array(times).fill(1250));
      if (kind === 'throttle_date')
        for (const wait of waits.slice(0, 2)) expect(wait).toBeGreaterThanOrEqual(1000);
    });
  });

  test.each([
    ['drop', 'fileUploads/'],
    ['truncate', 'fileUploads/'],
    ['server_error', 'fileUploads/'],
    ['truncate', 'datasources\\?.*overwrite'],
    ['drop', 'workbooks\\?.*overwrite'],
    ['revoked_token', 'fileUploads/'],
    ['revoked_token', 'jobs'],
  ] as const)('%s at %s', async (kind, path) => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open({ limits: SMALL_CHUNKS });
      simulator.faults.set([{ kind, times: 1, path }]);
      await publishAll(client, night());
      const wanted = await Promise.all([packages.tdsx, packages.twbx].map((file) => readFile(file)));
      expect(simulator.published().map(({ bytes }) => bytes)).toEqual(wanted.map((file) => file.length));
    });
  });

  test('a session revoked again and again is an error, not a loop', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open();
      simulator.faults.set([{ kind: 'revoked_token', times: Number.POSITIVE_INFINITY, path: 'projects' }]);
      await expect(publishAll(client, night())).rejects.toThrow(/HTTP 401 \(401002\)/);
      expect(signIns(simulator)).toBe(2);
    });
  });

  test('a server that stays away is given up after the attempts', async () => {
    await withSimulator(async (simulator, open) => {
      const { client, waits } = await open();
      simulator.faults.set([{ kind: 'server_error', times: Number.POSITIVE_INFINITY, path: 'projects' }]);
      await expect(publishAll(client, night())).rejects.toThrow(/HTTP 503/);
      expect(waits).toEqual([250, 500, 1000, 2000, 4000]);
    });
  });
});

describe('nothing is half-published:', () => {
  function state(simulator: Simulator): readonly string[] {
    return simulator.published().map(({ kind, name, sha256 }) => `${kind} ${name} ${sha256}`);
  }

  async function tornWorkbook(): Promise<string> {
    const path = join(folder, 'torn.twbx');
    await writeFile(path, 'PK this is no package');
    return path;
  }

  test('a workbook that is refused leaves the earlier data source in place', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open();
      const other = join(folder, 'other.tdsx');
      await writeFile(other, await readFile(packages.tdsx));
      await publishAll(client, night());
      const before = state(simulator);
      const torn = await tornWorkbook();
      const failed = publishAll(client, {
        project: 'default',
        datasources: [
          { name: 'meterline', path: other },
          { name: 'added', path: other },
        ],
        workbooks: [{ name: 'meterline', path: torn }],
        backups: night().backups,
      });
      await expect(failed).rejects.toThrow(PublishError);
      await expect(failed).rejects.toThrow(
        /publishing workbook meterline, publish: .*finish code 1 .*zip.*what is published is as before \(put back: datasource added, datasource meterline\)/,
      );
      await expect(failed).rejects.toMatchObject({
        item: 'workbook meterline',
        step: 'publish',
        notRestored: [],
      });
      expect(state(simulator)).toEqual(before);
      expect(simulator.published().map(({ revision }) => revision)).toEqual([3, 1]);
    });
  });

  test('on a first night it leaves nothing', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open();
      const torn = await tornWorkbook();
      const work = { ...night(), workbooks: [{ name: 'meterline', path: torn }] };
      await expect(publishAll(client, work)).rejects.toThrow(/put back: datasource meterline/);
      expect(simulator.published()).toEqual([]);
    });
  });

  test('an upload that fails comes before any publication', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open({ limits: SMALL_CHUNKS });
      await publishAll(client, night());
      const before = simulator.published();
      simulator.faults.set([{ kind: 'server_error', times: Number.POSITIVE_INFINITY, path: 'fileUploads' }]);
      await expect(publishAll(client, night())).rejects.toMatchObject({
        item: 'datasource meterline',
        step: 'upload',
      });
      expect(simulator.published()).toEqual(before);
    });
  });

  test('what cannot be put back is said', async () => {
    await withSimulator(async (simulator, open) => {
      const { client } = await open();
      await publishAll(client, night());
      simulator.faults.set([
        { kind: 'server_error', times: Number.POSITIVE_INFINITY, path: 'workbooks\\?.*overwrite' },
      ]);
      const failed = publishAll(client, night());
      await expect(failed).rejects.toThrow(
        /NOT as before: workbook meterline .*; put back: datasource meterline/,
      );
    });
  });
});

describe('no message holds a secret', () => {
  test.each([
    ['a wrong token', { kind: 'pat', tokenName: 'meterline', tokenSecret: 'wrong-secret-7' }],
    ['a wrong connected app', { ...APP, secretValue: 'wrong-secret-7-wrong-secret-7-wrong-secret-7' }],
  ] as const)('%s', async (_, auth) => {
    await withSimulator(async (_simulator, open) => {
      const error: unknown = await open({ auth }).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(TableauError);
      expect(String(error)).toMatch(/HTTP 401 \(401001\) Signin Error/);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('wrong-secret-7');
    });
  });
});

test('an address that is no Tableau server is named', async () => {
  const site = { url: 'http://127.0.0.1:9', site: '', auth: TOKEN };
  const effects = { sleep: async () => {}, random: () => 0 };
  await expect(connectTableau(site, { effects })).rejects.toThrow(
    /GET \/api\/2.4\/serverinfo: got .*ECONNREFUSED|fetch failed/,
  );
});
