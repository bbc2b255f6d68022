import { dateText, dayOfHour, hourText } from './clock.ts';
import { decimal } from './money.ts';
import { FINE, measuredOf, meteringOf, type OverageHour, overageLines } from './overage_hours.ts';
import type { Row } from './table.ts';

/** `fct_overage_hourly`, but for `line_id` and the amounts of hours. Bands where hours sum to their line. */
export function hourlyRows(hours: readonly OverageHour[]): readonly Row[] {
  return overageLines(hours).flatMap((line) => {
    const perDay = Map.groupBy(measuredOf(line), ({ hour }) => dayOfHour(hour));
    const divisors = {
      sum: () => 1,
      avg_day: (hour: number) => perDay.get(dayOfHour(hour))?.length ?? 0,
      avg_period: () => measuredOf(line).length,
      peak_day: () => null,
      p95_hour: () => null,
    };
    return line.map((each): Row => {
      const { policy, bands, clusters } = each;
      const shown = sumsUp(policy) ? bands : null;
      return {
        subscription_id: each.subscription.id,
        dimension: policy.dimension,
        hour: hourText(each.hour),
        usage_date: dateText(dayOfHour(each.hour)),
        billing_period: dateText(each.period.from),
        policy_id: policy.policy_id,
        policy_version: policy.version,
        commitment_source: each.source,
        committed: each.committed === null ? null : decimal(each.committed),
        measured: each.measured === null ? null : decimal(each.measured),
        included: shown === null ? null : decimal(shown.included / FINE),
        burst: shown === null ? null : fineText(shown.burst),
        above: shown === null ? null : fineText(shown.above),
        weight_divisor: divisors[policy.reduce](each.hour),
        is_grace: each.is_grace,
        metering: meteringOf(each),
        clusters_expected: clusters.length,
        clusters_metered: clusters.filter(({ quantity }) => quantity !== null).length,
        clusters_estimated: clusters.filter(
          ({ quantity, estimate }) => quantity === null && estimate !== null,
        ).length,
      };
    });
  });
}

/** 10^-15 as text with all of its digits. */
function fineText(value: bigint): string {
  const digits = value.toString().padStart(16, '0');
  return `${digits.slice(0, -15)}.${digits.slice(-15)}`;
}

/** Hours sum to their line only where they are hinged one by one and then added up or averaged. */
function sumsUp({ order, reduce }: Pick<OverageHour['policy'], 'order' | 'reduce'>): boolean {
  return order === 'hinge_then_reduce' && ['sum', 'avg_day', 'avg_period'].includes(reduce);
}
