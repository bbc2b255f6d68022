import { hourOf } from '../clock.ts';

/** The feed begins within a day, and ends with the day of the newest as-of date. */
export const FIRST_HOUR = hourOf('2026-01-06T05:00:00Z');
export const END_HOUR = hourOf('2026-03-27T00:00:00Z');

/** A cluster, and how it behaves; levels are billionths of a TiB. */
export interface ClusterPlan {
  readonly cluster_id: string;
  readonly customer_id: string;
  readonly cloud: 'azure' | 'aws' | 'gcp' | 'onprem';
  readonly region: string;
  readonly subscription: (hour: number) => string | null;
  readonly created_at: string;
  readonly terminated_at: string | null;
  readonly level: (hour: number) => number;
  /** Every so many hours it reads; 0 = never. */
  readonly reads_every: (hour: number) => number;
  readonly is_silent: (hour: number) => boolean;
}

const at = hourOf;
const between = (from: string, to: string) => (hour: number) => hour >= at(from) && hour < at(to);
const daysIn = (hour: number) => (hour - FIRST_HOUR) / 24;
const MOVE_HOUR = at('2026-02-24T12:00:00Z');

const PLAIN = {
  region: 'north',
  created_at: '2025-06-01T08:20:00Z',
  terminated_at: null,
  reads_every: () => 3,
  is_silent: () => false,
};

function plan(
  cluster_id: string,
  customer_id: string,
  cloud: ClusterPlan['cloud'],
  subscription: string | null,
  tib: number,
  more: Partial<ClusterPlan> = {},
): ClusterPlan {
  return {
    ...PLAIN,
    cluster_id,
    customer_id,
    cloud,
    subscription: () => subscription,
    level: () => tib,
    ...more,
  };
}

const late = (created_at: string): Partial<ClusterPlan> => ({ created_at, reads_every: () => 5 });

export const CLUSTERS: readonly ClusterPlan[] = [
  plan('c01', 'cus-a', 'azure', 'sub-a', 11, { level: (hour) => 11 + daysIn(hour) * 0.04 }),
  // Billed to another subscription from a midday on.
  plan('c02', 'cus-a', 'azure', 'sub-a', 9, { subscription: (h) => (h < MOVE_HOUR ? 'sub-a' : 'sub-i') }),
  // Falls silent, then is heard again, and goes on after its contract has ended.
  plan('c03', 'cus-b', 'aws', 'sub-b', 10, {
    is_silent: between('2026-02-26T03:00:00Z', '2026-03-11T20:00:00Z'),
    reads_every: (hour) => (hour > at('2026-03-12T00:00:00Z') ? 0 : 4),
  }),
  plan('c04', 'cus-c', 'azure', 'sub-c', 8, {
    reads_every: (hour) => (hour < at('2026-02-01T00:00:00Z') ? 6 : 0),
  }),
  plan('c05', 'cus-d', 'gcp', 'sub-d', 20, { level: (hour) => (hour < at('2026-03-14T00:00:00Z') ? 20 : 6) }),
  plan('c06', 'cus-d', 'gcp', 'sub-d', 12, {
    region: 'south',
    created_at: '2026-01-20T10:40:00Z',
    terminated_at: '2026-03-18T09:15:00Z',
    is_silent: (hour) => hour >= at('2026-03-18T09:00:00Z'),
  }),
  // Holds capacity and never does anything.
  plan('c07', 'cus-e', 'azure', 'sub-e', 5, { reads_every: () => 0 }),
  plan('c08', 'cus-f', 'onprem', null, 3),
  plan('c09', 'cus-g', 'gcp', 'sub-g', 2, { reads_every: (hour) => (daysIn(hour) > 30 ? 24 : 2) }),
  plan('c10', 'cus-h', 'aws', 'sub-h', 6, late('2026-02-18T00:00:00Z')),
  plan('c11', 'cus-h', 'gcp', 'sub-j', 4, late('2026-02-19T13:05:00Z')),
  plan('c12', 'cus-h', 'aws', 'sub-k', 3, late('2026-02-20T00:00:00Z')),
  plan('c13', 'cus-j', 'azure', 'sub-l', 13, late('2026-02-21T00:00:00Z')),
  plan('c14', 'cus-j', 'azure', 'sub-x', 1, late('2026-03-01T06:00:00Z')),
  // Far below a tenth of its commitment at first.
  plan('c15', 'cus-k', 'azure', 'sub-o', 4, {
    created_at: '2026-02-01T00:00:00Z',
    level: (hour) => (hour < at('2026-02-25T00:00:00Z') ? 4 : 12),
  }),
];

/** Lost for everybody, and for just half of the ten clusters that were there then. */
export const LOST_FOR_ALL = between('2026-02-05T08:00:00Z', '2026-02-05T13:00:00Z');
export const LOST_FOR_HALF = between('2026-02-06T22:00:00Z', '2026-02-07T01:00:00Z');
export const LOST_HALF: readonly string[] = ['c01', 'c03', 'c05', 'c07', 'c09'];
/** Hours of c05 that Polaris recorded four days later. */
export const RECORDED_LATE = between('2026-02-20T00:00:00Z', '2026-02-21T06:00:00Z');
