import type { Fleet } from './fleet.ts';
import { toSeconds } from './instants.ts';
import type { Cloud, Phase } from './plan.ts';
import { disbursements, invoices } from './tackle_money.ts';
import { awsOffers, contracts, microsoftOffers, subscriptions } from './tackle_offers.ts';
import { usageRecords } from './tackle_usage.ts';
import { productId } from './terms.ts';
import type { Instant, TackleList, TackleRecord, TackleSource } from './types.ts';

/** The fleet's side in Tackle. Money is kept for the instant asked last; everything else is made when asked for. */
export function createTackleSource(fleet: Fleet): TackleSource {
  const kept = new Map<TackleList, { readonly now: Instant; readonly records: readonly TackleRecord[] }>();
  const once = (list: TackleList, now: Instant, make: () => readonly TackleRecord[]) => {
    const held = kept.get(list);
    if (held?.now === now) return held.records;
    const records = make();
    kept.set(list, { now, records });
    return records;
  };
  return (list, now) => {
    const at = toSeconds(now);
    switch (list) {
      case 'contracts':
        return contracts(fleet.plan, at);
      case 'subscriptions':
        return subscriptions(fleet.plan, at);
      case 'products':
        return products(fleet.plan.seed);
      case 'microsoft_offers':
        return microsoftOffers(fleet.plan, at);
      case 'aws_offers':
        return awsOffers(fleet.plan, at);
      case 'usage_records':
        return usageRecords(fleet, at);
      case 'invoices':
        return once(list, now, () => invoices(fleet, at));
      case 'disbursements':
        return once(list, now, () => disbursements(fleet, at));
    }
  };
}

/** One product for each phase on each marketplace. */
function products(seed: number): readonly TackleRecord[] {
  const clouds: readonly Cloud[] = ['azure', 'gcp', 'aws'];
  const phases: readonly Phase[] = ['private', 'public', 'saas'];
  return clouds.flatMap((cloud) =>
    phases.map((phase) => ({
      product_id: productId(seed, phase, cloud),
      name: `Polar storage, ${phase}, ${cloud}`,
      cloud,
      listing_type: phase === 'saas' ? 'SaaS' : 'Application',
    })),
  );
}
