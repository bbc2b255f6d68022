/** One metered dimension. `digits`: fraction digits of its quantities (0, 3, 6 or 9). */
export interface Dimension {
  readonly dimension: string;
  readonly unit: string;
  readonly measure: 'level' | 'count';
  readonly billable: boolean;
  readonly description: string;
  readonly digits: 0 | 3 | 6 | 9;
}

/** The usual catalogue, in the order in which a fleet with fewer dimensions takes them. */
const USUAL: readonly Dimension[] = [
  dimension('capacity_used_tib', 'TiB', 'level', true, 9, 'Capacity that holds data'),
  dimension(
    'heartbeat_minutes',
    'minutes',
    'count',
    false,
    0,
    'Minutes in the hour in which it was heard from',
  ),
  dimension('read_gib', 'GiB', 'count', false, 6, 'Data read by clients'),
  dimension('write_gib', 'GiB', 'count', false, 6, 'Data written by clients'),
  dimension('iops_avg', 'IOPS', 'level', false, 3, 'Mean operations per second'),
  dimension('capacity_provisioned_tib', 'TiB', 'level', false, 3, 'Capacity set up'),
  dimension('egress_gib', 'GiB', 'count', true, 9, 'Data sent out of the region'),
  dimension('active_clients', 'clients', 'level', false, 0, 'Clients with an open session'),
  dimension('snapshots_tib', 'TiB', 'level', false, 9, 'Capacity held by snapshots'),
];

/** The first `count` dimensions; beyond the usual nine, invented ones. @throws RangeError below 2. */
export function dimensionCatalogue(count: number): readonly Dimension[] {
  if (!Number.isInteger(count) || count < 2) {
    throw new RangeError(`simulators: dimensions: got ${count}, want an integer from 2`);
  }
  const invented = Array.from({ length: Math.max(0, count - USUAL.length) }, (_, i) =>
    dimension(
      `metric_${i + 1}`,
      'units',
      i % 2 === 0 ? 'count' : 'level',
      false,
      6,
      `Invented metric ${i + 1}`,
    ),
  );
  return [...USUAL.slice(0, count), ...invented];
}

function dimension(
  name: string,
  unit: string,
  measure: Dimension['measure'],
  billable: boolean,
  digits: Dimension['digits'],
  description: string,
): Dimension {
  return { dimension: name, unit, measure, billable, description, digits };
}
