-- How far each observed day of an account lies from its same weekdays of the eight weeks before, in robust deviations, for
-- each stretch of as-of dates in which none of these days changed. Medians are kept doubled, so that they stay exact.
with days as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    held_tib
  from {{ ref('int_account_day_versions') }}
  where is_observed and held_tib is not null
),

targets as (
  select distinct
    account_id,
    usage_date
  from days
),

weeks as (
  {% for week in range(9) -%}
  select {{ week }} as weeks_back{{ ' union all' if not loop.last }}
  {% endfor %}
),

pairs as (
  select
    targets.account_id,
    targets.usage_date,
    weeks.weeks_back,
    {{ date_add_days('targets.usage_date', '-7 * weeks.weeks_back') }} as known_date
  from targets
  cross join weeks
),

related as (
  select
    pairs.account_id,
    pairs.usage_date,
    pairs.weeks_back,
    greatest(days.valid_from_as_of, pairs.usage_date) as valid_from_as_of,
    days.valid_to_as_of,
    days.held_tib
  from pairs
  inner join days
    on pairs.account_id = days.account_id
    and pairs.known_date = days.usage_date
  where pairs.usage_date < days.valid_to_as_of
),

change_dates as (
  select account_id, usage_date, valid_from_as_of from related
  union distinct
  select account_id, usage_date, valid_to_as_of from related
),

stretches as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    lead(valid_from_as_of) over (partition by account_id, usage_date order by valid_from_as_of) as valid_to_as_of
  from change_dates
),

known as (
  select
    stretches.account_id,
    stretches.usage_date,
    stretches.valid_from_as_of,
    stretches.valid_to_as_of,
    related.weeks_back,
    related.held_tib
  from stretches
  inner join related
    on stretches.account_id = related.account_id
    and stretches.usage_date = related.usage_date
    and related.valid_from_as_of <= stretches.valid_from_as_of
    and stretches.valid_from_as_of < related.valid_to_as_of
  where stretches.valid_to_as_of is not null
),

medians as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    max(case when weeks_back = 0 then held_tib end) as held_tib,
    count(case when weeks_back > 0 then held_tib end) as weekdays_known,
    {{ median_doubled('case when weeks_back > 0 then held_tib end') }} as doubled_median
  from known
  group by account_id, usage_date, valid_from_as_of, valid_to_as_of
),

deviations as (
  select
    medians.account_id,
    medians.usage_date,
    medians.valid_from_as_of,
    medians.valid_to_as_of,
    medians.held_tib,
    medians.weekdays_known,
    medians.doubled_median,
    case when known.weeks_back > 0 then abs(2 * known.held_tib - medians.doubled_median) end as doubled_deviation
  from medians
  inner join known
    on medians.account_id = known.account_id
    and medians.usage_date = known.usage_date
    and medians.valid_from_as_of = known.valid_from_as_of
  where medians.held_tib is not null
),

spread as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    held_tib,
    weekdays_known,
    doubled_median,
    {{ median_doubled('doubled_deviation') }} as quadrupled_mad
  from deviations
  group by account_id, usage_date, valid_from_as_of, valid_to_as_of, held_tib, weekdays_known, doubled_median
),

final as (
  select
    account_id,
    usage_date,
    valid_from_as_of,
    valid_to_as_of,
    weekdays_known,
    coalesce(quadrupled_mad, 0) = 0 as is_without_spread,
    -- (x - m) / (1.4826 MAD) with 2m and 4 MAD at hand, as one division.
    case when weekdays_known >= 4 and quadrupled_mad > 0
      then {{ safe_divide('(20000 * (2 * held_tib - doubled_median))', '(14826 * quadrupled_mad)') }}
    end as anomaly_z
  from spread
)

select * from final
