import type { BlockStore } from './block_store.ts';
import { HOUR_SECONDS, toInstant } from './instants.ts';
import { type Gap, outageAround } from './irregularities.ts';
import { inForce } from './offer_values.ts';
import type { CustomerPlan, FleetPlan } from './plan.ts';
import { tickAt } from './reading_feed.ts';
import type { CustomerTruth, FleetTruth, GapTruth } from './types.ts';

/** What was planted, as far as it has begun at `now` (seconds since 1970); ends of customers also where they lie ahead. */
export function fleetTruth(plan: FleetPlan, blocks: BlockStore, now: number): FleetTruth {
  const last = tickAt(plan.start, now);
  const planned = [...blocks.blocksUpTo(Math.max(0, last))];
  const holes = planned.flatMap((block) => block.holes.filter((hole) => hole.tick <= last));
  const customerOf = (cluster: number) => plan.clusters[cluster]?.customer ?? -1;
  const withHoles = new Set(holes.map((hole) => customerOf(hole.cluster)));
  const gaps = Map.groupBy(
    planned.flatMap((block) => block.gaps.filter((gap) => gap.from <= last)),
    (gap) => customerOf(gap.cluster),
  );
  const customers = plan.customers.map(
    (customer): CustomerTruth => ({
      customer_id: customer.customer_id,
      will_churn: customer.terminated_at !== null,
      decline_from: customer.decline_from === null ? null : toInstant(customer.decline_from),
      terminated_at: customer.terminated_at === null ? null : toInstant(customer.terminated_at),
      gaps: (gaps.get(customer.number) ?? []).map((gap) => gapTruth(plan, gap)),
      hygiene: [...customer.hygiene, ...following(customer, now, withHoles.has(customer.number))],
    }),
  );
  const seq_holes = holes.map(({ cluster, tick, numbers }) => ({
    cluster_id: plan.clusters[cluster]?.cluster_id ?? '',
    hour: hourInstant(plan, tick),
    numbers,
  }));
  return { customers, outages: outagesUpTo(plan, last), seq_holes };
}

/** Rules that are broken as a consequence of something else that was planted. */
function following(customer: CustomerPlan, now: number, hasHoles: boolean): readonly string[] {
  const unbilled = customer.hygiene.includes('cluster_without_entitlement');
  const lapsed = customer.behaviour === 'lapsed' && inForce(customer, now).length === 0;
  return [
    ...(unbilled ? ['entitlement_without_cluster'] : []),
    ...(lapsed && !unbilled ? ['cluster_without_entitlement'] : []),
    ...(hasHoles ? ['seq_gap'] : []),
  ];
}

function gapTruth(plan: FleetPlan, gap: Gap): GapTruth {
  return {
    cluster_id: plan.clusters[gap.cluster]?.cluster_id ?? '',
    from: hourInstant(plan, gap.from),
    to: hourInstant(plan, gap.to),
    arrives_at: gap.arrival === null ? null : hourInstant(plan, gap.arrival + 1),
    cause: gap.cause,
  };
}

function outagesUpTo(plan: FleetPlan, last: number): FleetTruth['outages'] {
  const found = new Map<number, FleetTruth['outages'][number]>();
  for (let hour = 0; hour <= last; hour += 24) {
    const { from, to } = outageAround(plan.days, hour);
    if (from <= last) found.set(from, { from: hourInstant(plan, from), to: hourInstant(plan, to) });
  }
  return [...found.values()];
}

function hourInstant(plan: FleetPlan, hour: number): string {
  return toInstant(plan.start + hour * HOUR_SECONDS);
}
