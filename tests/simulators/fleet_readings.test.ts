import { describe, expect, it } from 'vitest';
import { createFleet, DEFAULT_FLEET } from '../../simulators/fleet/fleet.ts';
import { toSeconds } from '../../simulators/fleet/instants.ts';
import { totalsOfRows } from '../../simulators/polaris/current_totals.ts';
import { later, type ReadingRow, readAll, readingsOf } from './fleet_fixture.ts';

const SMALL = { customers: 6, days: 6 } as const;
const MIDDLE = { customers: 20, days: 45, dimensions: 3 } as const;

describe('the default fleet', () => {
  it('holds about 1.3 million readings, nine dimensions, 90 days', () => {
    const fleet = createFleet();
    expect(fleet.default_now).toBe('2026-11-22T03:00:10Z');
    expect(fleet.options).toEqual(DEFAULT_FLEET);
    const count = fleet.countReadings(fleet.default_now);
    expect(count).toBeGreaterThanOrEqual(1_250_000);
    expect(count).toBeLessThanOrEqual(1_350_000);
  });

  it('puts Azure first', () => {
    const clouds = Map.groupBy(createFleet().plan.customers, (c) => c.cloud);
    const share = (cloud: 'azure' | 'gcp' | 'aws' | 'onprem') => (clouds.get(cloud)?.length ?? 0) / 46;
    expect(share('azure')).toBeGreaterThan(0.5);
    expect(share('azure')).toBeLessThan(0.7);
    for (const cloud of ['gcp', 'aws', 'onprem'] as const) expect(share(cloud)).toBeGreaterThan(0.05);
  });
});

describe('a fleet of a hundred rows', () => {
  it('has only what was asked for', () => {
    const fleet = createFleet({ customers: 1, days: 2, dimensions: 2, seed: 7 });
    const rows = readingsOf(fleet, fleet.default_now);
    expect(rows.length).toBeGreaterThan(60);
    expect(rows.length).toBeLessThan(130);
    expect(new Set(rows.map((row) => row.dimension))).toEqual(
      new Set(['capacity_used_tib', 'heartbeat_minutes']),
    );
  });
});

describe('sizes', () => {
  it('reaches hundreds of millions of rows without making them', () => {
    const fleet = createFleet({ customers: 4000, days: 200, dimensions: 12 });
    const cheap = fleet.countReadings('2026-08-26T00:00:00Z');
    expect(cheap).toBeGreaterThan(3_000_000);
    expect(
      fleet.readings.read({ tick: 40, offset: 70_000 }, 3, toSeconds('2026-08-26T00:00:00Z')).rows,
    ).toHaveLength(3);
  });

  it.each([
    [{ customers: 0 }, 'customers'],
    [{ days: 0.5 }, 'days'],
    [{ dimensions: 1 }, 'dimensions'],
    [{ start: '2026-08-24T00:30:00Z' }, 'whole hour'],
  ])('refuses %j', (options, message) => {
    expect(() => createFleet(options)).toThrow(message);
  });
});

describe('determinism', () => {
  it('gives equal bytes for equal options and others for another seed', () => {
    const now = '2026-08-30T03:00:10Z';
    const first = readAll(createFleet(SMALL).readings, now).texts;
    expect(readAll(createFleet(SMALL).readings, now).texts).toEqual(first);
    expect(readAll(createFleet({ ...SMALL, seed: 2 }).readings, now).texts).not.toEqual(first);
  });

  it.each([[[1]], [[7, 1, 250]], [[50_000]], [[31]]])('gives the same rows in pages of %j', (sizes) => {
    const fleet = createFleet({ customers: 4, days: 3, dimensions: 4 });
    const whole = readAll(fleet.readings, fleet.default_now, [10_000]).texts;
    expect(whole.length).toBe(fleet.countReadings(fleet.default_now));
    expect(readAll(fleet.readings, fleet.default_now, sizes).texts).toEqual(whole);
    const features = readAll(fleet.features, fleet.default_now).texts;
    expect(readAll(fleet.features, fleet.default_now, sizes).texts).toEqual(features);
  });

  it('only appends when time goes on, at any second', () => {
    const fleet = createFleet(SMALL);
    let now = later(fleet.default_now, -30);
    let { texts, end } = readAll(fleet.readings, now);
    for (const step of [0.02, 0.05, 0.11, 1, 3.37, 24]) {
      now = later(now, step);
      const more = readAll(fleet.readings, now, [500], end);
      texts = [...texts, ...more.texts];
      end = more.end;
    }
    expect(texts).toEqual(readAll(createFleet(SMALL).readings, now).texts);
  });

  it('shows no row before it is recorded', () => {
    const fleet = createFleet(SMALL);
    for (const hours of [-50, -49.95, -49.9, -49.75, -49.5]) {
      const now = later(fleet.default_now, hours);
      const last = readingsOf(fleet, now).at(-1);
      expect(last?.recorded_at ?? '').not.toBe('');
      expect((last?.recorded_at ?? '') <= now).toBe(true);
      expect(readAll(fleet.readings, now).texts.length).toBe(fleet.countReadings(now));
    }
  });

  it('reads an hour range again in the order of recording', () => {
    const fleet = createFleet({ customers: 8, days: 12, dimensions: 3 });
    const texts = readAll(fleet.readings, fleet.default_now).texts;
    const hours = { from: 30, to: 75 };
    const [from, to] = ['2026-08-25T06:00:00Z', '2026-08-27T03:00:00Z'];
    const want = texts.filter((text) => {
      const { hour } = JSON.parse(text) as ReadingRow;
      return hour >= from && hour < to;
    });
    const got: string[] = [];
    let position = { tick: 0, offset: 0 };
    for (;;) {
      const slice = fleet.readings.read(position, 97, toSeconds(fleet.default_now), hours);
      got.push(...slice.rows);
      position = slice.next;
      if (!slice.more) break;
    }
    expect(got).toEqual(want);
  });
});

describe('the readings', () => {
  const fleet = createFleet(MIDDLE);
  const rows = readingsOf(fleet, fleet.default_now);

  it('follow the contract in every field', () => {
    const clouds = new Set(['azure', 'gcp', 'aws', 'onprem']);
    const units = new Map(fleet.dimensions.map((d) => [d.dimension, d.unit]));
    const wrong = rows.filter(
      (row) =>
        !/^\d{1,18}(\.\d{1,9})?$/.test(row.quantity) ||
        !/^\d{4}-\d\d-\d\dT\d\d:00:00Z$/.test(row.hour) ||
        !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(row.recorded_at) ||
        units.get(row.dimension) !== row.unit ||
        !clouds.has(row.cloud) ||
        row.revision < 1 ||
        row.recorded_at <= row.hour ||
        Object.keys(row).length !== 14,
    );
    expect(wrong).toEqual([]);
  });

  it('are in the order of recording', () => {
    expect(rows.findIndex((row, i) => i > 0 && row.recorded_at < (rows[i - 1]?.recorded_at ?? ''))).toBe(-1);
  });

  it('count up seq by one per recorded row, but for the planted holes', () => {
    const last = new Map<string, number>();
    const holes: object[] = [];
    const seen = new Set<string>();
    for (const row of rows) {
      if (seen.has(row.reading_id)) continue;
      seen.add(row.reading_id);
      const numbers = row.seq - (last.get(row.cluster_id) ?? 0) - 1;
      if (numbers !== 0) holes.push({ cluster_id: row.cluster_id, hour: row.hour, numbers });
      last.set(row.cluster_id, row.seq);
    }
    expect(holes.length).toBeGreaterThan(0);
    const key = (hole: object) => JSON.stringify(hole);
    expect(holes.map(key).toSorted()).toEqual(fleet.truth(fleet.default_now).seq_holes.map(key).toSorted());
  });

  it('have unique ids, but for rows delivered twice to the last byte', () => {
    const byId = Map.groupBy(rows, (row) => row.reading_id);
    const twice = [...byId.values()].filter((copies) => copies.length > 1);
    expect(twice.length).toBeGreaterThan(10);
    for (const [first, ...others] of twice) for (const other of others) expect(other).toEqual(first);
  });

  it('hold copies under another id, restatements, late rows and rows after the cut-off', () => {
    const distinct = [...new Map(rows.map((row) => [row.reading_id, row])).values()];
    const byRevision = Map.groupBy(distinct, (r) => `${r.cluster_id} ${r.hour} ${r.dimension} ${r.revision}`);
    const copies = [...byRevision.values()].filter((group) => group.length > 1);
    expect(copies.length).toBeGreaterThan(10);
    for (const [a, b] of copies) {
      const { reading_id: _a, seq: seqA, recorded_at: _x, ...left } = a ?? { seq: 0 };
      const { reading_id: _b, seq: seqB, recorded_at: _y, ...right } = b ?? { seq: 0 };
      expect(left).toEqual(right);
      expect(seqB).toBeGreaterThan(seqA);
    }
    const late = rows.filter((r) => toSeconds(r.recorded_at) - toSeconds(r.hour) > 25 * 3600);
    expect(late.length).toBeGreaterThan(20);
    expect(late.some((row) => row.revision === 1)).toBe(true);
    const cutOff = '2026-09-04T06:00:00Z';
    const after = rows.filter((r) => r.hour < '2026-09-01' && r.recorded_at > cutOff);
    expect(new Set(after.map((row) => row.revision)).size).toBeGreaterThan(1);
  });

  it('restate with new quantities, heartbeats among them, and each revision follows its predecessor', () => {
    const restated = rows.filter((row) => row.revision > 1);
    const keyed = new Map(rows.map((r) => [`${r.cluster_id} ${r.hour} ${r.dimension} ${r.revision}`, r]));
    expect(new Set(restated.map((row) => row.revision))).toEqual(new Set([2, 3]));
    expect(restated.some((row) => row.dimension === 'heartbeat_minutes')).toBe(true);
    for (const row of restated) {
      const before = keyed.get(`${row.cluster_id} ${row.hour} ${row.dimension} ${row.revision - 1}`);
      expect(before).toBeDefined();
      expect((before?.recorded_at ?? '') < row.recorded_at).toBe(true);
    }
    const changed = restated.filter(
      (row) => keyed.get(`${row.cluster_id} ${row.hour} ${row.dimension} 1`)?.quantity !== row.quantity,
    );
    expect(changed.length).toBeGreaterThan(restated.length * 0.9);
  });

  it('hold observed zeros, heartbeats of 0, hours without heartbeat and hours without capacity', () => {
    const hours = Map.groupBy(rows, (row) => `${row.cluster_id} ${row.hour}`);
    const lacking = (dimension: string) =>
      [...hours.values()].filter((group) => !group.some((row) => row.dimension === dimension)).length;
    expect(lacking('heartbeat_minutes')).toBeGreaterThan(3);
    expect(lacking('capacity_used_tib')).toBeGreaterThan(3);
    const zeros = (dimension: string) =>
      rows.filter((row) => row.dimension === dimension && /^0(\.0+)?$/.test(row.quantity)).length;
    expect(zeros('heartbeat_minutes')).toBeGreaterThan(3);
    expect(zeros('read_gib')).toBeGreaterThan(1000);
  });

  it('sum up to the control totals, at the end and in the middle of an hour', () => {
    for (const now of [fleet.default_now, later(fleet.default_now, -1000.65)]) {
      const texts = readAll(fleet.readings, now).texts;
      const sorted = (totals: Iterable<object>) => [...totals].map((t) => JSON.stringify(t, keys)).toSorted();
      const keys = ['hour', 'dimension', 'readings', 'quantity'];
      const totals = [...fleet.controlTotals({ from: 0, to: 100_000 }, now)];
      expect(totals.length).toBeGreaterThan(100);
      expect(sorted(totals)).toEqual(sorted(totalsOfRows(texts, new Set())));
    }
  });
});
