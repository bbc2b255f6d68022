import { hourOf, hourText, instantText } from '../clock.ts';
import type { ApiRecord, Json } from '../world.ts';
import { mix } from './readings.ts';

const SENT = [
  { subscription: 'sub-k', cloud: 'aws', name: 'StorageTiB', around: 4 },
  { subscription: 'sub-a', cloud: 'azure', name: 'capacity_used_tib', around: 0 },
  { subscription: 'sub-j', cloud: 'gcp', name: 'capacity_used_tib', around: 1 },
];

/** Usage records of ten days: mostly accepted and about right, some late, refused, doubled, under way, or never made. */
export function usageRecords(): readonly ApiRecord[] {
  const first = hourOf('2026-03-02T00:00:00Z');
  return SENT.flatMap(({ subscription, cloud, name, around }) =>
    Array.from({ length: 240 }, (_, i) => first + i).flatMap((hour): ApiRecord[] => {
      const turn = mix(subscription, hour) % 24;
      const quantity = Math.max(0, around + (turn % 3) - (turn % 2));
      const record = (id: string, more: Readonly<Record<string, Json>>, units = quantity): ApiRecord => ({
        id: `${subscription}-${hour}${id}`,
        cloud,
        product_id: 'product-1',
        customer_id: `buyer-${subscription.slice(4)}`,
        subscription_id: subscription,
        dimension: { name, quantity: units },
        start_time: hourText(hour),
        end_time: hourText(hour + 1),
        created_at: instantText(hour + 1, turn % 5 === 0 ? 90_000 : 600),
        updated_at: null,
        deleted_at: null,
        scheduled_at: null,
        status: 'accepted',
        reason: null,
        ...more,
      });
      const duplicate = { status: 'rejected', reason: 'duplicate-request' };
      if (turn === 1) return [];
      if (turn === 2) return [record('', { status: 'rejected', reason: 'external-service-error' })];
      if (turn === 3) return [record('', {}), record('-2', duplicate)];
      if (turn === 4) return [record('', {}), record('-2', duplicate, quantity + 1)];
      if (turn === 6) return [record('', { status: 'in-progress' })];
      return [record('', {})];
    }),
  );
}
