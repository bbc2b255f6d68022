import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FaultKind } from '../../simulators/faults.ts';
import { createFleet } from '../../simulators/fleet/fleet.ts';
import { totalsOfRows } from '../../simulators/polaris/current_totals.ts';
import { newToken, type PolarisBench, startBench, type WirePage } from './polaris_fixture.ts';

const READINGS = '/v1/usage/readings?limit=2000';
let bench: PolarisBench;
beforeAll(async () => {
  bench = await startBench({
    fleet: createFleet({ customers: 12, days: 6, dimensions: 4 }),
    emptyPages: false,
  });
});
afterAll(() => bench.server.close());
beforeEach(() => bench.server.faults.set([]));

function arm(kind: FaultKind, times = 1): void {
  bench.server.faults.set([{ kind, times }]);
}

describe('transport faults', () => {
  it('throttle in both forms, fail, drop and truncate, once each', async () => {
    arm('throttle_seconds');
    const seconds = await bench.get(READINGS);
    expect([seconds.status, seconds.headers.get('retry-after')]).toEqual([429, '1']);
    arm('throttle_date');
    expect((await bench.get(READINGS)).headers.get('retry-after')).toMatch(/GMT$/);
    arm('server_error');
    expect((await bench.get(READINGS)).status).toBe(503);
    arm('drop');
    await expect(bench.get(READINGS)).rejects.toThrow();
    arm('truncate');
    await expect(bench.get(READINGS).then((response) => response.text())).rejects.toThrow();
    expect((await bench.get(READINGS)).status).toBe(200);
  });
});

describe('faults set from another process', () => {
  const put = (body: string) =>
    fetch(`${bench.server.url}/_simulator/faults`, { method: 'PUT', body }).then(({ status }) => status);

  it('strike every request where times is null, which is how JSON writes Infinity', async () => {
    expect(await put(JSON.stringify([{ kind: 'server_error', times: Number.POSITIVE_INFINITY }]))).toBe(204);
    expect((await bench.get(READINGS)).status).toBe(503);
    expect((await bench.get(READINGS)).status).toBe(503);
  });

  it('are refused where they are none', async () => {
    expect(await put('[{"kind":"no_such_fault","times":1}]')).toBe(400);
    expect(await put('{')).toBe(400);
  });
});

describe('data faults', () => {
  it('revoked_token: 401 until a new token is taken', async () => {
    arm('revoked_token');
    expect((await bench.get(READINGS)).status).toBe(401);
    expect((await bench.get(READINGS)).status).toBe(401);
    bench.token = await newToken(bench.server.url);
    expect((await bench.get(READINGS)).status).toBe(200);
  });

  it('not_json and wrong_envelope: status 200 with another body', async () => {
    arm('not_json');
    expect(await (await bench.get(READINGS)).text()).toContain('<!doctype html>');
    arm('wrong_envelope');
    expect(Object.keys(await bench.json<object>(READINGS))).not.toContain('data');
    expect(Object.keys(await bench.json<object>(READINGS))).toEqual(['data', 'next', 'has_more', 'as_of']);
  });

  it('repeated_bookmark: the bookmark asked with comes back, with more to come', async () => {
    const first = await bench.json<WirePage>(READINGS);
    arm('repeated_bookmark');
    const second = await bench.json<WirePage>(`${READINGS}&since=${first.next}`);
    expect([second.next, second.has_more]).toEqual([first.next, true]);
    arm('repeated_bookmark', 9);
    await expect(bench.follow(READINGS)).rejects.toThrow('a loop');
  });

  it('expired_bookmark: 410 once', async () => {
    const { next } = await bench.json<WirePage>(READINGS);
    arm('expired_bookmark');
    expect((await bench.get(`${READINGS}&since=${next}`)).status).toBe(410);
    expect((await bench.get(`${READINGS}&since=${next}`)).status).toBe(200);
  });

  it('vanished_field: one field is gone from all rows', async () => {
    arm('vanished_field');
    const { data } = await bench.json<WirePage>(READINGS);
    expect(data.length).toBe(2000);
    expect(data.some((row) => 'region' in row)).toBe(false);
  });

  it('count_mismatch: one control total says one too many', async () => {
    const path = '/v1/usage/control-totals?from=2026-08-25T09:00:00Z&to=2026-08-25T10:00:00Z';
    const right = await bench.json<{ data: { readings: number }[] }>(path);
    arm('count_mismatch');
    const wrong = await bench.json<{ data: { readings: number }[] }>(path);
    expect(wrong.data[0]?.readings).toBe((right.data[0]?.readings ?? 0) + 1);
    expect(await bench.json(path)).toEqual(right);
  });

  it('bad_rows: a few rows break the contract, each in another way, at the same places every time', async () => {
    const good = await bench.json<WirePage>('/v1/usage/readings?limit=6000');
    arm('bad_rows');
    const bad = await bench.json<WirePage>('/v1/usage/readings?limit=6000');
    arm('bad_rows');
    expect(await bench.json('/v1/usage/readings?limit=6000')).toEqual(bad);
    const places = bad.data.flatMap((row, i) =>
      JSON.stringify(row) === JSON.stringify(good.data[i]) ? [] : [i],
    );
    expect(places.length).toBeGreaterThanOrEqual(17);
    expect(places.length / bad.data.length).toBeLessThan(0.01);
    const ways = new Set(
      places.map((i) =>
        Object.entries(good.data[i] ?? {})
          .filter(([key, value]) => bad.data[i]?.[key] !== value)
          .map(([key]) => `${key} ${String(bad.data[i]?.[key])}`)
          .join(),
      ),
    );
    expect(ways.size).toBeGreaterThanOrEqual(17);
  });

  it('bad_rows: control totals leave spoiled rows out until they are served well', async () => {
    await bench.follow(READINGS);
    const path = '/v1/usage/control-totals?from=2026-08-24T00:00:00Z&to=2026-09-24T00:00:00Z';
    const whole = await bench.json<Totals>(path);
    const good = (await bench.follow(READINGS)).rows;
    arm('bad_rows', 3);
    const { rows } = await bench.follow(READINGS);
    const spoiled = good.filter((row, i) => JSON.stringify(row) !== JSON.stringify(rows[i]));
    const less = await bench.json<Totals>(path);
    const ids = new Set(spoiled.map((row) => String(row.reading_id)));
    const texts = good.map((row) => JSON.stringify(row));
    expect(ids.size).toBeGreaterThan(10);
    expect(inOrder(less)).toEqual(inOrder({ data: totalsOfRows(texts, ids) }));
    expect(less).not.toEqual(whole);
    await bench.follow(READINGS);
    expect(await bench.json(path)).toEqual(whole);
  });

  it('bad_rows: spoils feature events too', async () => {
    const good = await bench.json<WirePage>('/v1/usage/features');
    arm('bad_rows');
    const bad = await bench.json<WirePage>('/v1/usage/features');
    expect(bad.data.length).toBe(good.data.length);
    expect(bad.data).not.toEqual(good.data);
  });
});

interface Totals {
  readonly data: readonly { readonly hour: string; readonly dimension: string }[];
}

function inOrder({ data }: Totals): readonly object[] {
  return data.toSorted((a, b) => `${a.hour} ${a.dimension}`.localeCompare(`${b.hour} ${b.dimension}`));
}
