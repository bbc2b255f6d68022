{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

-- The first observed day of an entitlement that held a tenth of its commitment or more, as known at each as-of date, and what
-- tells why there is none. The commitment of a day is taken as it was known on that very day.
with terms as (
  select
    as_of_date,
    account_id,
    entitled_since
  from {{ dates_to_build(ref('int_account_terms_as_of')) }}
  where entitled_since is not null
),

entitlements as (
  select
    account_id,
    entitled_since,
    max(as_of_date) as last_as_of_date
  from terms
  group by account_id, entitled_since
),

committed_days as (
  select
    entitlements.entitled_since,
    committed_days.*
  from entitlements
  inner join {{ ref('int_account_committed_days') }} as committed_days
    on entitlements.account_id = committed_days.account_id
    and committed_days.usage_date between entitlements.entitled_since and entitlements.last_as_of_date
),

commitments as (
  select
    account_id,
    entitled_since,
    min(case when committed_tib is not null then usage_date end) as first_limited_date,
    min(case when is_unlimited then usage_date end) as first_unlimited_date
  from committed_days
  group by account_id, entitled_since
),

days as (
  select
    *,
    valid_to_as_of >= {{ open_as_of() }} as is_open
  from {{ ref('int_account_day_versions') }}
),

-- A day stops to matter as soon as an earlier one is known for good.
reached_days as (
  select
    days.account_id,
    committed_days.entitled_since,
    days.usage_date,
    days.valid_from_as_of,
    least(
      days.valid_to_as_of,
      coalesce(
        min(case when days.is_open then days.valid_from_as_of end) over (
          partition by days.account_id, committed_days.entitled_since
          order by days.usage_date, days.valid_from_as_of
          rows between unbounded preceding and 1 preceding
        ),
        days.valid_to_as_of
      )
    ) as matters_to_as_of
  from days
  inner join committed_days
    on days.account_id = committed_days.account_id
    and days.usage_date = committed_days.usage_date
  where days.is_observed and 10 * days.held_tib >= committed_days.committed_tib
),

reached as (
  select
    terms.as_of_date,
    terms.account_id,
    min(days.usage_date) as first_value_date
  from terms
  inner join reached_days as days
    on terms.account_id = days.account_id
    and terms.entitled_since = days.entitled_since
    and days.valid_from_as_of <= terms.as_of_date
    and terms.as_of_date < days.matters_to_as_of
  where days.valid_from_as_of < days.matters_to_as_of
  group by terms.as_of_date, terms.account_id
),

-- The feed's first day as known at each date: late rows may bring an earlier one.
heard as (
  select
    usage_date,
    min(known_as_of) as known_as_of
  from {{ ref('int_reading_revisions') }}
  group by usage_date
),

feed as (
  select
    dates.as_of_date,
    min(heard.usage_date) as first_date
  from {{ dates_to_build(ref('int_as_of_dates')) }} as dates
  inner join heard on heard.known_as_of <= dates.as_of_date
  group by dates.as_of_date
),

final as (
  select
    terms.as_of_date,
    terms.account_id,
    terms.entitled_since,
    reached.first_value_date,
    coalesce(commitments.first_limited_date <= terms.as_of_date, false) as had_limited_commitment,
    coalesce(commitments.first_unlimited_date <= terms.as_of_date, false) as had_unlimited_commitment,
    coalesce(terms.entitled_since < feed.first_date, true) as is_entitled_before_feed
  from terms
  left join commitments
    on terms.account_id = commitments.account_id
    and terms.entitled_since = commitments.entitled_since
  left join reached
    on terms.as_of_date = reached.as_of_date
    and terms.account_id = reached.account_id
  left join feed on terms.as_of_date = feed.as_of_date
)

select * from final
