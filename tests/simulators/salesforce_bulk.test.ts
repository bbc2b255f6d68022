import { parse } from 'csv-parse/sync';
import { afterEach, describe, expect, test } from 'vitest';
import {
  account,
  accountId,
  DATA,
  errorCode,
  type Fixture,
  NAMES,
  startFixture,
} from './salesforce_fixture.ts';

const JOBS = `${DATA}/jobs/query`;
let fixture: Fixture;
afterEach(() => fixture.server.close());

interface Job {
  readonly id: string;
  readonly state: string;
  readonly numberRecordsProcessed: number;
  readonly errorMessage?: string;
}

async function create(query: string, more: object = {}): Promise<Job> {
  const response = await fixture.send('POST', JOBS, { operation: 'queryAll', query, ...more });
  expect(response.status).toBe(200);
  return (await response.json()) as Job;
}

async function look(id: string): Promise<Job> {
  return (await (await fixture.get(`${JOBS}/${id}`)).json()) as Job;
}

/** Polls until the job has ended; gives the states seen on the way. */
async function finish(id: string): Promise<readonly string[]> {
  const states: string[] = [];
  while (!['JobComplete', 'Failed', 'Aborted'].includes(states.at(-1) ?? '')) {
    states.push((await look(id)).state);
    expect(states.length).toBeLessThan(100);
  }
  return states;
}

async function finished(query: string, more: object = {}): Promise<string> {
  const { id } = await create(query, more);
  await finish(id);
  return id;
}

interface ResultPage {
  readonly text: string;
  readonly locator: string | null;
  readonly rows: number;
}

async function page(id: string, query: Record<string, string> = {}): Promise<ResultPage> {
  const response = await fixture.get(`${JOBS}/${id}/results?${new URLSearchParams(query)}`);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('text/csv');
  return {
    text: await response.text(),
    locator: response.headers.get('sforce-locator'),
    rows: Number(response.headers.get('sforce-numberofrecords')),
  };
}

async function pages(id: string, maxRecords: string): Promise<readonly ResultPage[]> {
  const got: ResultPage[] = [];
  do {
    const locator = got.at(-1)?.locator;
    got.push(await page(id, { maxRecords, ...(typeof locator === 'string' ? { locator } : {}) }));
  } while (got.at(-1)?.locator !== 'null');
  return got;
}

describe('a query job', () => {
  test('goes from UploadComplete over InProgress to JobComplete', async () => {
    fixture = await startFixture(20);
    const job = await create('SELECT Id FROM Account');
    expect(job).toMatchObject({
      state: 'UploadComplete',
      operation: 'queryAll',
      object: 'Account',
      contentType: 'CSV',
      columnDelimiter: 'COMMA',
      lineEnding: 'LF',
      apiVersion: 67,
    });
    const early = await fixture.get(`${JOBS}/${job.id}/results`);
    expect(early.status).toBe(400);
    expect(await errorCode(early)).toBe('INVALIDJOBSTATE');
    const states = await finish(job.id);
    expect(states.slice(0, 2)).toEqual(['UploadComplete', 'InProgress']);
    expect(await look(job.id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 20 });
    const list = (await (await fixture.get(JOBS)).json()) as { done: boolean; records: Job[] };
    expect(list.done).toBe(true);
    expect(list.records.map((one) => one.id)).toEqual([job.id]);
  });

  test('its pages, in any size, hold every record once; each starts with the header', async () => {
    fixture = await startFixture(250, { maxRecordsPerLocator: 100 });
    const id = await finished('SELECT Id, Name, Website FROM Account');
    for (const [maxRecords, sizes] of [
      ['7', [...Array.from({ length: 35 }, () => 7), 5]],
      ['90', [90, 90, 70]],
      ['99999', [100, 100, 50]],
    ] as const) {
      const got = await pages(id, maxRecords);
      expect(got.map((one) => one.rows)).toEqual(sizes);
      const rows = got.flatMap((one) => parse(one.text, { columns: true }) as Record<string, string>[]);
      expect(rows).toEqual(
        Array.from({ length: 250 }, (_, i) => account(i)).map(({ Id, Name, Website }) => ({
          Id,
          Name,
          Website: Website ?? '',
        })),
      );
    }
  });

  test('a page can be fetched again, from the persisted locator', async () => {
    fixture = await startFixture(30, { maxRecordsPerLocator: 10 });
    const id = await finished('SELECT Id FROM Account');
    const { locator } = await page(id);
    const second = await page(id, { locator: locator ?? '' });
    expect(await page(id, { locator: locator ?? '' })).toEqual(second);
    expect(second.text).toContain(accountId(10));
  });

  test('writes CSV as Salesforce does: everything quoted, null empty, instants with milliseconds', async () => {
    fixture = await startFixture(NAMES.length);
    const id = await finished(
      'SELECT id, Name, Website, IsDeleted, ARR__c, Renewal_Date__c, SystemModstamp FROM Account LIMIT 2',
    );
    expect((await page(id)).text).toBe(
      [
        '"Id","Name","Website","IsDeleted","ARR__c","Renewal_Date__c","SystemModstamp"',
        '"001000000000000AAA","Plain 0","","false","0.0","","2026-01-01T00:00:00.000Z"',
        '"001000000000001AAA","With ""quotes"" 1","https://example.com/1","false","1.25E7","2026-12-31",' +
          '"2026-01-01T00:01:00.000Z"',
        '',
      ].join('\n'),
    );
  });

  test('takes other delimiters and line endings; an empty result is a header', async () => {
    fixture = await startFixture(1);
    const more = { columnDelimiter: 'PIPE', lineEnding: 'CRLF' };
    const id = await finished('SELECT Id, Name FROM Account', more);
    expect((await page(id)).text).toBe('"Id"|"Name"\r\n"001000000000000AAA"|"Plain 0"\r\n');
    const none = await page(await finished("SELECT Id FROM Account WHERE Name = 'x'"));
    expect(none).toEqual({ text: '"Id"\n', locator: 'null', rows: 0 });
  });

  test('query hides deleted records, queryAll shows them', async () => {
    fixture = await startFixture(14);
    const rows = async (operation: string): Promise<number> =>
      (await page(await finished('SELECT Id FROM Account', { operation }))).rows;
    expect(await rows('query')).toBe(12);
    expect(await rows('queryAll')).toBe(14);
  });

  test('keeps what existed when it was made', async () => {
    let now = '2026-03-04T00:00:00Z';
    fixture = await startFixture(0, {
      now: () => now,
      source: (_, asOf) => [account(1), account(2)].slice(0, asOf < '2026-03-05' ? 1 : 2),
    });
    const { id } = await create('SELECT Id FROM Account');
    now = '2026-03-06T00:00:00Z';
    await finish(id);
    expect((await page(id)).rows).toBe(1);
    expect((await page(await finished('SELECT Id FROM Account'))).rows).toBe(2);
  });

  test('can be aborted and deleted', async () => {
    fixture = await startFixture(5);
    const { id } = await create('SELECT Id FROM Account');
    expect((await fixture.send('DELETE', `${JOBS}/${id}`)).status).toBe(400);
    const aborted = await fixture.send('PATCH', `${JOBS}/${id}`, { state: 'Aborted' });
    expect(await aborted.json()).toMatchObject({ id, state: 'Aborted' });
    expect((await look(id)).state).toBe('Aborted');
    expect((await fixture.send('PATCH', `${JOBS}/${id}`, { state: 'Aborted' })).status).toBe(400);
    expect((await fixture.send('DELETE', `${JOBS}/${id}`)).status).toBe(204);
    expect((await fixture.get(`${JOBS}/${id}`)).status).toBe(404);
  });

  test('fails with a message when its records cannot be read', async () => {
    fixture = await startFixture(0, {
      source: () => {
        throw new Error('disk on fire');
      },
    });
    const { id } = await create('SELECT Id FROM Account');
    expect(await finish(id)).toEqual(['Failed']);
    expect((await look(id)).errorMessage).toContain('disk on fire');
  });

  test.each([
    [{ operation: 'insert', query: 'SELECT Id FROM Account' }, 'INVALIDJOB'],
    [{ operation: 'query' }, 'INVALIDJOB'],
    [{ operation: 'query', query: 'SELECT Id FROM Account', contentType: 'JSON' }, 'INVALIDJOB'],
    [{ operation: 'query', query: 'SELECT Id FROM Account', columnDelimiter: 'X' }, 'INVALIDJOB'],
    [{ operation: 'query', query: 'SELECT Nope FROM Account' }, 'INVALID_FIELD'],
    [{ operation: 'query', query: 'SELECT COUNT() FROM Account' }, 'API_ERROR'],
  ])('%j is refused', async (body, code) => {
    fixture = await startFixture(1);
    const response = await fixture.send('POST', JOBS, body);
    expect(response.status).toBe(400);
    expect(await errorCode(response)).toBe(code);
  });

  test('a locator that it never gave is refused', async () => {
    fixture = await startFixture(5);
    const id = await finished('SELECT Id FROM Account');
    for (const query of ['locator=MTAwMDA', 'locator=xyz', 'maxRecords=0']) {
      expect((await fixture.get(`${JOBS}/${id}/results?${query}`)).status).toBe(400);
    }
  });
});

describe('faults of results', () => {
  const soql = 'SELECT Id, Name, SystemModstamp FROM Account';

  test('bad_rows: two broken rows, the others whole', async () => {
    fixture = await startFixture(4);
    const id = await finished(soql);
    const good = parse((await page(id)).text) as string[][];
    fixture.server.faults.set([{ kind: 'bad_rows', times: 1, path: '/results' }]);
    const bad = parse((await page(id)).text) as string[][];
    const expected = good.map((row) => [...row]);
    expected[1]?.splice(0, 1, 'not-an-id');
    expected[2]?.splice(2, 1, 'not-a-date');
    expect(bad).toEqual(expected);
    expect(await page(id)).toMatchObject({ rows: 4 });
  });

  test('count_mismatch: in a page, and in the job', async () => {
    fixture = await startFixture(4);
    const id = await finished(soql);
    fixture.server.faults.set([{ kind: 'count_mismatch', times: 1, path: '/results' }]);
    expect((await look(id)).numberRecordsProcessed).toBe(4);
    expect((await page(id)).rows).toBe(5);
    fixture.server.faults.set([{ kind: 'count_mismatch', times: 1 }]);
    expect((await look(id)).numberRecordsProcessed).toBe(5);
  });

  test('repeated_bookmark: the locator leads back to its own page', async () => {
    fixture = await startFixture(30, { maxRecordsPerLocator: 10 });
    const id = await finished(soql);
    const first = await page(id);
    fixture.server.faults.set([{ kind: 'repeated_bookmark', times: 1 }]);
    expect((await page(id, { locator: first.locator ?? '' })).locator).toBe(first.locator);
  });

  test('wrong_envelope: a header in another order; not_json: a page of HTML; expired_bookmark: gone', async () => {
    fixture = await startFixture(30, { maxRecordsPerLocator: 10 });
    const id = await finished(soql);
    const { locator } = await page(id);
    fixture.server.faults.set([{ kind: 'wrong_envelope', times: 1 }]);
    expect((await page(id)).text).toMatch(/^"SystemModstamp","Name","Id"\n"001/);
    fixture.server.faults.set([{ kind: 'not_json', times: 1, path: '/results' }]);
    const html = await fixture.get(`${JOBS}/${id}/results`);
    expect(html.headers.get('content-type')).toBe('text/html');
    fixture.server.faults.set([{ kind: 'expired_bookmark', times: 1 }]);
    expect((await fixture.get(`${JOBS}/${id}/results?locator=${locator}`)).status).toBe(404);
  });

  test('vanished_field: the job is refused', async () => {
    fixture = await startFixture(1);
    fixture.server.faults.set([{ kind: 'vanished_field', times: 1 }]);
    const query = 'SELECT Id, Polaris_Customer_Id__c FROM Account';
    const response = await fixture.send('POST', JOBS, { operation: 'query', query });
    expect(await errorCode(response)).toBe('INVALID_FIELD');
  });
});
