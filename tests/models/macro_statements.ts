import { join } from 'node:path';
import { exactDiv, exactMul, exactRound, type Mode } from './exact.ts';
import { MODELS } from './models_project.ts';

const MODES: readonly Mode[] = ['half_even', 'half_up', 'floor', 'ceil'];
const SCALES = [0, 2, 9] as const;

/** A macro's call and what exact arithmetic makes of it (both in 10^-9). */
export interface Check {
  readonly name: string;
  readonly jinja: string;
  readonly want: (a: bigint, b: bigint) => bigint | null;
}

/** Every macro × scale × mode, with what exact arithmetic makes of it. */
export const CHECKS: readonly Check[] = SCALES.flatMap((scale) =>
  MODES.flatMap((mode) => [
    {
      name: `div_${scale}_${mode}`,
      jinja: `{{ decimal_div('a', 'b', ${scale}, '${mode}') }}`,
      want: (a: bigint, b: bigint) => exactDiv(a, b, scale, mode),
    },
    {
      name: `mul_${scale}_${mode}`,
      jinja: `{{ decimal_mul('a', 'b', ${scale}, '${mode}') }}`,
      want: (a: bigint, b: bigint) => exactMul(a, b, scale, mode),
    },
    {
      name: `round_${scale}_${mode}`,
      jinja: `{{ decimal_round('a', ${scale}, '${mode}') }}`,
      want: (a: bigint) => exactRound(a, scale, mode),
    },
  ]),
);

/** The statistics over a table `observations` of x by d. */
export const STATISTICS = `select
  {{ quantile_nearest_rank('x', 95) }} as p95, {{ quantile_nearest_rank('x', 50) }} as p50, {{ median('x') }} as median,
  {{ slope('x', 'd') }} as slope,
  {{ wilson_bound('0', 10, '-') }} as wilson_low, {{ wilson_bound('0', 10, '+') }} as wilson_high,
  {{ hanley_mcneil_bound('0.893', 51, 58, '-') }} as auc_low, {{ hanley_mcneil_bound('0.893', 51, 58, '+') }} as auc_high,
  {{ wilson_bound('null', 0, '+') }} as wilson_unknown, {{ hanley_mcneil_bound('null', 0, 9, '-') }} as auc_unknown
from observations`;

/** Dates, instants and texts of a table `cases`. */
export const DATES = `select
  {{ day_of_week('d') }} as day_of_week, {{ week_start('d') }} as week_start, {{ month_start('d') }} as month_start,
  {{ months_between('d', date_add_days('d', 32)) }} as months_ahead, {{ months_between('d', date_add_days('d', -1)) }} as months_back,
  {{ date_add_days('d', -1) }} as day_before, {{ date_add_months('d', 1) }} as next_month,
  {{ first_as_of_date('t') }} as first_as_of, {{ as_of_cut_off_at('d') }} as cut_off,
  {{ close_cut_off_at(month_start('d')) }} as close_cut_off, {{ hour_floor('t') }} as hour,
  {{ timestamp_diff_hours(hour_floor('t'), timestamp_add_hours(hour_floor('t'), 25)) }} as hours,
  {{ text_to_decimal('n') }} as number, {{ text_to_timestamp('i') }} as instant, {{ surrogate_key(['d', 'n']) }} as key
from cases`;

/** Mean levels over August 2023 of a table `changes`. */
export const LEVELS = `{{ time_weighted_level('changes', ['name'], "timestamp '2023-08-01 00:00:00'", "timestamp '2023-09-01 00:00:00'") }}`;

/** A dbt project with the macros alone. */
export const PROJECT = `name: meterline
version: "1.0.0"
config-version: 2
profile: meterline
macro-paths: ["${join(MODELS, 'macros')}"]
vars: { as_of_cut_off: "02:00", close_cut_off_days: 3, close_cut_off_time: "06:00" }
`;
