-- An account's commitment of each day, averaged over its 24 hours, as it was known on that very day.
with stretches as (
  select
    account_id,
    as_of_date as usage_date,
    quantity,
    is_unlimited,
    {{ timestamp_diff_hours(
      'greatest(from_hour, cast(as_of_date as timestamp))',
      'least(to_hour, cast(' ~ date_add_days('as_of_date', 1) ~ ' as timestamp))'
    ) }} as hours
  from {{ ref('int_account_commitments_as_of') }}
),

added as (
  select
    account_id,
    usage_date,
    sum(quantity * hours) as committed_tib_hours,
    max(case when is_unlimited then 1 else 0 end) = 1 as is_unlimited
  from stretches
  where hours > 0
  group by account_id, usage_date
),

final as (
  select
    account_id,
    usage_date,
    case when not is_unlimited and committed_tib_hours > 0 then {{ decimal_div('committed_tib_hours', '24') }} end as committed_tib,
    is_unlimited
  from added
)

select * from final
