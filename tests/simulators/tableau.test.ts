import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findHyperd, type Hyperd, startHyperd } from '../../extracts/hyperd.ts';
import { publishAll } from '../../extracts/tableau_publish.ts';
import { connectTableau } from '../../extracts/tableau_rest.ts';
import { checkPublishedFile, writePackage } from '../../simulators/tableau/published_file.ts';
import { SIMULATED_CREDENTIALS, startTableauSimulator } from '../../simulators/tableau/tableau.ts';
import { venvDir } from '../extracts/python.ts';
import { makePackages, type SamplePackages } from '../extracts/sample_packages.ts';

let folder: string;
let hyperd: Hyperd;
let packages: SamplePackages;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meterline-tableau-test-'));
  hyperd = await startHyperd(await findHyperd(venvDir()));
  packages = await makePackages(hyperd, folder);
});

afterAll(async () => {
  await hyperd.stop();
  await rm(folder, { recursive: true, force: true });
});

function connect(url: string): ReturnType<typeof connectTableau> {
  const tokenSecret = SIMULATED_CREDENTIALS.personalAccessTokens.meterline ?? '';
  return connectTableau(
    { url, site: 'meterline', auth: { kind: 'pat', tokenName: 'meterline', tokenSecret } },
    { limits: { pollFirstMs: 5 } },
  );
}

const SIGN_IN = `<tsRequest><credentials personalAccessTokenName="meterline" personalAccessTokenSecret="${SIMULATED_CREDENTIALS.personalAccessTokens.meterline}"><site contentUrl="meterline"/></credentials></tsRequest>`;

const night = () => ({
  project: 'default',
  datasources: [{ name: 'meterline', path: packages.tdsx }],
  workbooks: [{ name: 'meterline', path: packages.twbx }],
  backups: join(folder, 'backups'),
});

test('publications survive a restart in the same state folder', async () => {
  const stateDir = join(folder, 'state');
  const now = () => new Date('2026-02-01T02:30:00Z');
  const first = await startTableauSimulator({ stateDir, hyperd, now });
  await publishAll(await connect(first.url), night());
  const before = first.published();
  await first.close();
  const second = await startTableauSimulator({ stateDir, hyperd, now });
  try {
    expect(second.published()).toEqual(before);
    await publishAll(await connect(second.url), night());
    expect(second.published().map(({ id, revision }) => [id, revision])).toEqual(
      before.map(({ id }) => [id, 2]),
    );
  } finally {
    await second.close();
  }
});

test.each([
  ['a file that is no zip', 'tdsx', async () => Buffer.from('PK nothing'), /not a readable zip/],
  [
    'a package without a document',
    'tdsx',
    () => writePackage(new Map([['a.txt', Buffer.from('x')]])),
    /0 documents/,
  ],
  [
    'a package without its extract',
    'twbx',
    () =>
      writePackage(
        new Map([
          ['a.twb', Buffer.from("<workbook><connection class='hyper' dbname='Data/a.hyper'/></workbook>")],
        ]),
      ),
    /Data\/a.hyper is not in the package/,
  ],
  ['an extract that is no Hyper file', 'hyper', async () => Buffer.from('not hyper'), /not a Hyper file/],
  [
    'a torn extract',
    'hyper',
    async () => Buffer.concat([Buffer.from('Hyper'), Buffer.alloc(70_000)]),
    /cannot be opened/,
  ],
  ['a document of another kind', 'tds', async () => Buffer.from('<html/>'), /root is html/],
  ['an unknown type', 'xlsx', async () => Buffer.from('x'), /Unknown type xlsx/],
])('%s is refused', async (_, type, make, message) => {
  await expect(checkPublishedFile(type, await make(), hyperd)).rejects.toThrow(message);
});

test('an extract without tables is refused: what a killed writer leaves', async () => {
  const path = join(folder, 'empty.hyper');
  const connection = await hyperd.connect();
  await connection.query(`CREATE DATABASE "${path}"`);
  await connection.close();
  await expect(checkPublishedFile('hyper', await readFile(path), hyperd)).rejects.toThrow(/holds no table/);
});

test('a project is found behind many pages, and below its parent only', async () => {
  const simulator = await startTableauSimulator();
  try {
    const { token, site } = await signInPlainly(simulator.url);
    const create = async (name: string, parent = '') => {
      const body = `<tsRequest><project name="${name}"${parent === '' ? '' : ` parentProjectId="${parent}"`}/></tsRequest>`;
      const url = `${simulator.url}/api/3.27/sites/${site}/projects`;
      const answer = await fetch(url, { method: 'POST', body, headers: { 'x-tableau-auth': token } });
      return /<project id="([^"]+)"/.exec(await answer.text())?.[1] ?? '';
    };
    for (let number = 0; number < 205; number += 1) await create(`Project ${number}`);
    const parent = await create('Usage, cost &amp; more');
    const child = await create('Nightly', parent);
    const client = await connect(simulator.url);
    // A comma cannot stand in a filter's value: this name is looked for page by page.
    expect(await client.findProject('Usage, cost & more/Nightly')).toEqual({ id: child });
    await expect(client.findProject('Nightly')).rejects.toThrow(/project Nightly: got none/);
    await expect(client.findProject('')).rejects.toThrow(/got none/);
  } finally {
    await simulator.close();
  }
});

async function signInPlainly(url: string): Promise<{ readonly token: string; readonly site: string }> {
  const answer = await fetch(`${url}/api/3.27/auth/signin`, { method: 'POST', body: SIGN_IN });
  const text = await answer.text();
  return {
    token: /token="([^"]+)"/.exec(text)?.[1] ?? '',
    site: /<site id="([^"]+)"/.exec(text)?.[1] ?? '',
  };
}

test('requests without a session, of another site, or with odd parameters are refused in Tableau’s form', async () => {
  const simulator = await startTableauSimulator();
  try {
    const ask = async (path: string, init: RequestInit = {}) => {
      const response = await fetch(`${simulator.url}/api/3.27${path}`, init);
      return `${response.status} ${/code="(\d+)"/.exec(await response.text())?.[1] ?? ''}`;
    };
    expect(await ask('/sites/x/projects')).toBe('401 401002');
    const { token, site } = await signInPlainly(simulator.url);
    const headers = { 'x-tableau-auth': token };
    expect(await ask('/sites/other/projects', { headers })).toBe('404 404000');
    expect(await ask(`/sites/${site}/projects?pageSize=0`, { headers })).toBe('400 400006');
    expect(await ask(`/sites/${site}/projects?filter=name`, { headers })).toBe('400 400065');
    expect(await ask(`/sites/${site}/jobs/none`, { headers })).toBe('404 404009');
    expect(await ask(`/sites/${site}/datasources/none`, { headers })).toBe('404 404004');
    expect(await ask(`/sites/${site}/datasources`, { headers, method: 'POST', body: 'x' })).toBe(
      '400 400000',
    );
    expect(
      await ask('/auth/signin', {
        method: 'POST',
        body: SIGN_IN.replace('contentUrl="meterline"', 'contentUrl="x"'),
      }),
    ).toBe('401 401001');
  } finally {
    await simulator.close();
  }
});
