import { dateText, dayOf, hourOf, hourText, msOf } from './clock.ts';
import { mix } from './fleet/readings.ts';
import { decimal, nanos } from './money.ts';
import type { ApiRecord, Json, Night, Reading, Rules, World } from './world.ts';

/** Changes of a world of which it is known what they do to the marts. */

const eachNight = (world: World, change: (night: Night, index: number) => Night): World => ({
  ...world,
  nights: world.nights.map(change),
});

const sameHour = ({ cluster_id, dimension, hour, revision }: Reading) =>
  [cluster_id, dimension, hour, revision].join(' ');

/**
 * Readings in any order, also over the runs: a third of those of each run come with the next one. Only rows of one
 * revision stay in their order, since of these the first counts.
 */
export function shuffled(world: World): World {
  const rows = world.nights.flatMap((night, run) => night.readings.map((row) => ({ row, run })));
  const last = world.nights.length - 1;
  const moved = rows.map(({ row, run }) => ({
    row,
    run: Math.min(last, mix(sameHour(row), 1) % 3 === 0 ? run + 1 : run),
    order: mix(sameHour(row), 2),
  }));
  return eachNight(world, (night, index) => ({
    ...night,
    readings: moved
      .filter(({ run }) => run === index)
      .sort((a, b) => a.order - b.order)
      .map(({ row }) => row),
  }));
}

/** Each run twice: the second brings the same rows and lists again. */
export const repeated = (world: World): World => ({
  ...world,
  nights: world.nights.flatMap((night) => [night, night]),
});

/** Each run as two, of which the first brings the first half of the feeds. */
export const halved = (world: World): World => ({
  ...world,
  nights: world.nights.flatMap((night) => {
    const half = <T>(rows: readonly T[], part: 0 | 1) => {
      const middle = Math.floor(rows.length / 2);
      return part === 0 ? rows.slice(0, middle) : rows.slice(middle);
    };
    return ([0, 1] as const).map((part) => ({
      ...night,
      readings: half(night.readings, part),
      features: half(night.features, part),
    }));
  }),
});

/** Every instant and date some days later, wherever it stands. */
export function shifted(world: World, days: number): World {
  const move = (value: unknown): unknown => {
    if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}(T|$)/.test(value))
      return dateText(dayOf(value.slice(0, 10)) + days) + value.slice(10);
    if (Array.isArray(value)) return value.map(move);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, move(each)]));
  };
  return move(world) as World;
}

const twice = (quantity: Json) => Number(quantity) * 2;

/** Held capacity, and everything that is committed of it, doubled. */
export function doubled(world: World): World {
  const capacity = world.rules.dimensions.roles.held_capacity?.[0];
  const double = (row: Reading) =>
    row.dimension === capacity ? { ...row, quantity: decimal(nanos(row.quantity) * 2n) } : row;
  const changed = eachNight(world, (night) => ({
    ...night,
    readings: night.readings.map(double),
    lists: {
      ...night.lists,
      'tackle.subscriptions': (night.lists['tackle.subscriptions'] ?? []).map(doubledEntitlements),
      'tackle.microsoft_offers': (night.lists['tackle.microsoft_offers'] ?? []).map(
        (offer) => quantitiesDoubled(offer) as ApiRecord,
      ),
    },
  }));
  return { ...changed, rules: doubledBindings(world.rules) };
}

/** An Azure entitlement has a quantity; an AWS one a value, of capacity or of another dimension. */
function doubledEntitlements(record: ApiRecord): ApiRecord {
  const held = record.entitlements as { readonly [cloud: string]: Json };
  const double = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(double);
    const item = value as ApiRecord;
    if (typeof item.quantity === 'number') return { ...item, quantity: twice(item.quantity) };
    return typeof item.value === 'number' && item.dimension !== 'egress_gib'
      ? { ...item, value: twice(item.value) }
      : item;
  };
  const entries = Object.entries(held).map(([cloud, value]) => [cloud, double(value)]);
  return { ...record, entitlements: Object.fromEntries(entries) };
}

function quantitiesDoubled(value: Json): Json {
  if (Array.isArray(value)) return value.map(quantitiesDoubled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      key,
      key === 'quantity' ? twice(each) : quantitiesDoubled(each),
    ]),
  );
}

function doubledBindings(rules: Rules): Rules {
  const overage = rules.overage.map((policy) => {
    const commit = Object.entries(policy.commit).map(([id, quantity]) => [id, decimal(nanos(quantity) * 2n)]);
    return { ...policy, commit: Object.fromEntries(commit) };
  });
  return { ...rules, overage };
}

/** Without the readings of a day's hours, of any cluster. */
export const withoutDay = (world: World, date: string): World =>
  eachNight(world, (night) => ({
    ...night,
    readings: night.readings.filter(({ hour }) => !hour.startsWith(date)),
  }));

/**
 * The last run reads on for twenty hours, within the same as-of date: hours of the day after come, and `later` rows that
 * were recorded after the cut-off.
 */
export function readOn(world: World, later: readonly Reading[]): World {
  const last = world.nights.length - 1;
  return eachNight(world, (night, index) => {
    if (index < last) return night;
    const as_of = hourText(hourOf(night.as_of) + 20);
    const next = night.readings
      .filter(({ hour }) => hour.startsWith(dateText(dayOf(night.as_of.slice(0, 10)) - 1)))
      .filter(({ hour }) => hourOf(hour) % 24 < 18)
      .map((row) => ({
        ...row,
        reading_id: `${row.reading_id}-next`,
        seq: row.seq + 1_000_000,
        hour: hourText(hourOf(row.hour) + 24),
        recorded_at: hourText(hourOf(row.hour) + 26),
      }));
    const news = later.filter(
      ({ recorded_at }) => msOf(recorded_at) > msOf(night.as_of) && msOf(recorded_at) <= msOf(as_of),
    );
    return { ...night, as_of, readings: [...night.readings, ...news, ...next] };
  });
}
