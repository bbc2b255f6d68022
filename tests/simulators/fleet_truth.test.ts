import { describe, expect, it } from 'vitest';
import { adoptionOf } from '../../simulators/fleet/features.ts';
import { createFleet } from '../../simulators/fleet/fleet.ts';
import { PLANTED_RULES } from '../../simulators/fleet/hygiene.ts';
import { toSeconds } from '../../simulators/fleet/instants.ts';
import { later, type ReadingRow, readAll, readingsOf } from './fleet_fixture.ts';

const fleet = createFleet({ dimensions: 2 });
const now = fleet.default_now;
const rows = readingsOf(fleet, now);
const truth = fleet.truth(now);

/** Every expected (cluster, hour) at the end of the tests' fleet, as `cluster hour`. */
function expectedHours(): Map<string, readonly string[]> {
  const last = toSeconds(now) - 2 * 3600 - 3600;
  return new Map(
    fleet.plan.clusters.map((cluster) => {
      const hours: string[] = [];
      const ends = cluster.terminated_at ?? Number.POSITIVE_INFINITY;
      const first = Math.max(fleet.plan.start, Math.floor(cluster.created_at / 3600) * 3600);
      for (let at = first; at <= last && at < Math.floor(ends / 3600) * 3600; at += 3600) {
        hours.push(later('1970-01-01T00:00:00Z', at / 3600));
      }
      return [cluster.cluster_id, hours];
    }),
  );
}

describe('gaps', () => {
  it('are exactly the hours without any reading', () => {
    const seen = new Set(rows.map((row) => `${row.cluster_id} ${row.hour}`));
    const missing = [...expectedHours()].flatMap(([id, hours]) =>
      hours.map((hour) => `${id} ${hour}`).filter((key) => !seen.has(key)),
    );
    const planted = truth.customers
      .flatMap((customer) => customer.gaps)
      .filter((gap) => gap.arrives_at === null || gap.arrives_at >= now)
      .flatMap((gap) => hoursOf(gap.from, gap.to).map((hour) => `${gap.cluster_id} ${hour}`))
      .filter((key) => key.slice(-20) <= later(now, -3));
    expect(missing.toSorted()).toEqual(planted.toSorted());
    expect(missing.length).toBeGreaterThan(500);
  });

  it('hold one outage of several hours in which at least half of the running clusters are missing', () => {
    expect(truth.outages).toHaveLength(1);
    const expected = expectedHours();
    const seen = new Set(rows.map((row) => `${row.cluster_id} ${row.hour}`));
    for (const outage of truth.outages) {
      const hours = hoursOf(outage.from, outage.to);
      expect(hours.length).toBeGreaterThan(2);
      for (const hour of hours) {
        const running = [...expected].filter(([, of]) => of.includes(hour)).map(([id]) => id);
        const missing = running.filter((id) => !seen.has(`${id} ${hour}`));
        expect(missing.length / running.length).toBeGreaterThanOrEqual(0.5);
        expect(missing.length).toBeLessThan(running.length);
      }
    }
    const causes = truth.customers.flatMap((c) => c.gaps.filter((gap) => gap.cause === 'outage'));
    expect(causes.some((gap) => gap.arrives_at !== null)).toBe(true);
    expect(causes.some((gap) => gap.arrives_at === null)).toBe(true);
  });

  it('let one cluster stop reporting without ending, and one report too few hours a day', () => {
    const silent = fleet.plan.customers.find((customer) => customer.behaviour === 'silent')?.clusters[0];
    const ofSilent = rows.filter((row) => row.cluster_id === silent?.cluster_id).map((row) => row.hour);
    expect(silent?.terminated_at).toBeNull();
    expect(ofSilent.at(-1)?.slice(0, 10)).toBe('2026-11-12');
    const flaky = fleet.plan.customers.find((customer) => customer.behaviour === 'flaky')?.clusters[0];
    const days = Map.groupBy(
      new Set(rows.filter((row) => row.cluster_id === flaky?.cluster_id).map((row) => row.hour)),
      (hour) => hour.slice(0, 10),
    );
    expect(days.get('2026-11-15')?.length).toBeLessThan(18);
  });
});

describe('customers', () => {
  it('that churn decline and end; the others run on', () => {
    const churners = truth.customers.filter((customer) => customer.will_churn);
    expect(churners.length).toBeGreaterThanOrEqual(8);
    expect(churners.length).toBeLessThan(truth.customers.length / 3);
    for (const churner of churners.filter((c) => c.decline_from !== null && (c.terminated_at ?? '') < now)) {
      const used = levels(churner.customer_id);
      const before = meanOf(used, (hour) => hour < (churner.decline_from ?? ''));
      const after = meanOf(used, (hour) => hour >= later(churner.terminated_at ?? '', -48));
      if (Number.isNaN(before)) continue;
      expect(after).toBeLessThan(before * 0.5);
      expect((used.at(-1)?.hour ?? '9') < (churner.terminated_at ?? '')).toBe(true);
    }
    const ended = fleet.catalogue('customers', now).filter((c) => 'status' in c && c.status === 'terminated');
    expect(ended.length).toBe(churners.filter((c) => (c.terminated_at ?? '') <= now).length);
    expect(ended.length).toBeGreaterThan(3);
  });

  it('above their commitment exist, and most are below it', () => {
    const last = '2026-11-20T12:00:00Z';
    const above = fleet.plan.customers.map((customer) => {
      const used = rows.filter(
        (r) =>
          r.customer_id === customer.customer_id && r.hour === last && r.dimension === 'capacity_used_tib',
      );
      return customer.subscriptions
        .filter((s) => s.starts_at <= toSeconds(last) && s.ends_at > toSeconds(last))
        .some((s) => {
          const of = used.filter((row) => row.subscription_id === s.subscription_id);
          return of.reduce((sum, row) => sum + Number(row.quantity), 0) > s.commit_tib;
        });
    });
    const share = above.filter(Boolean).length / above.length;
    expect(share).toBeGreaterThan(0.05);
    expect(share).toBeLessThan(0.4);
  });

  it('break every planted rule, each on a few of them', () => {
    const planted = truth.customers.flatMap((customer) => customer.hygiene);
    for (const rule of PLANTED_RULES) {
      expect(planted.filter((other) => other === rule).length, rule).toBeGreaterThanOrEqual(1);
      expect(planted.filter((other) => other === rule).length, rule).toBeLessThanOrEqual(5);
    }
  });

  it('churn often enough over 400 days', () => {
    const long = createFleet({ customers: 150, days: 420, dimensions: 2 });
    const ended = long
      .truth(long.default_now)
      .customers.filter((customer) => (customer.terminated_at ?? '9') < long.default_now);
    expect(ended.length).toBeGreaterThanOrEqual(20);
    expect(long.truth(long.default_now).outages.length).toBe(5);
  });
});

describe('feature events', () => {
  const events = readAll(fleet.features, now).texts.map((text) => JSON.parse(text) as FeatureRow);

  it('follow the contract, in the order of recording, with unique ids', () => {
    expect(events.length).toBeGreaterThan(5000);
    expect(new Set(events.map((event) => event.feature_event_id)).size).toBe(events.length);
    expect(events.findIndex((e, i) => e.recorded_at < (events[i - 1]?.recorded_at ?? ''))).toBe(-1);
    expect(events.every((e) => Number.isInteger(e.operations) && e.operations >= 0)).toBe(true);
    expect(events.some((e) => e.operations === 0)).toBe(true);
    expect(events.some((e) => toSeconds(e.recorded_at) - toSeconds(e.hour) > 25 * 3600)).toBe(true);
  });

  it('show each way of taking a feature up', () => {
    const days = Map.groupBy(events, (e) => `${e.customer_id} ${e.feature}`);
    const used = (customer: number, feature: number) =>
      new Set(
        (days.get(`cust-${String(customer + 1).padStart(5, '0')} ${FEATURE_NAMES[feature]}`) ?? []).map((e) =>
          e.hour.slice(0, 10),
        ),
      );
    const kinds = new Map<string, number[]>();
    for (const customer of fleet.plan.customers.filter((c) => c.behaviour === 'steady')) {
      for (let feature = 0; feature < FEATURE_NAMES.length; feature += 1) {
        const { adoption } = adoptionOf(fleet.plan, customer.number, feature);
        kinds.set(adoption, [...(kinds.get(adoption) ?? []), used(customer.number, feature).size]);
      }
    }
    const mean = (kind: string) => {
      const sizes = kinds.get(kind) ?? [];
      return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    };
    expect(mean('never')).toBe(0);
    expect(mean('tried')).toBeLessThan(4);
    expect(mean('adopted')).toBeGreaterThan(10);
    expect(mean('habitual')).toBeGreaterThan(mean('adopted') * 1.8);
    expect(mean('lapsed')).toBeGreaterThan(8);
  });
});

const FEATURE_NAMES = ['snapshots', 'replication', 'tiering', 'encryption', 'nfs', 'smb', 's3', 'ai_search'];

interface FeatureRow {
  readonly feature_event_id: string;
  readonly customer_id: string;
  readonly hour: string;
  readonly feature: string;
  readonly operations: number;
  readonly recorded_at: string;
}

function levels(customer: string): readonly ReadingRow[] {
  return rows.filter((row) => row.customer_id === customer && row.dimension === 'capacity_used_tib');
}

function meanOf(used: readonly ReadingRow[], wanted: (hour: string) => boolean): number {
  const of = used.filter((row) => wanted(row.hour)).map((row) => Number(row.quantity));
  return of.reduce((sum, quantity) => sum + quantity, 0) / of.length;
}

function hoursOf(from: string, to: string): readonly string[] {
  const hours: string[] = [];
  for (let hour = from; hour < to; hour = later(hour, 1)) hours.push(hour);
  return hours;
}
