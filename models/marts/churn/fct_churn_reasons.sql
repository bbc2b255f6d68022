{{ config(materialized='incremental', meta={'rebuilt': 'as_of_dates'}) }}
{{ depends_on_touched('as_of_dates') }}

with points as (
  select
    points.*,
    indicators.last_heard_date,
    indicators.days_of_source_outage
  from {{ dates_to_build(ref('int_churn_points')) }} as points
  inner join {{ dates_to_build(ref('int_churn_indicators')) }} as indicators
    on points.as_of_date = indicators.as_of_date
    and points.account_id = indicators.account_id
),

said as (
  select
    points.*,
    case
      when raw_value is null then
        case unknown_reason
          when 'insufficient_telemetry' then case
            when indicator = 'time_to_first_value_days' then 'Not known: the entitlement is older than the first reading.'
            else 'Not known: too few hours were observed.'
          end
          when 'no_commitment' then 'Not known: no commitment was in force.'
          when 'unlimited' then 'Does not apply: the offer includes any quantity.'
          when 'prior_usage_zero' then 'Not known: nothing was held in the 28 days before.'
          when 'usage_zero' then 'Not known: nothing was held.'
          when 'no_cluster' then 'Not known: the account has no cluster.'
          when 'never_observed' then 'Not known: no day was ever observed.'
          when 'day_not_observed' then 'Not known: the day was not observed.'
          when 'too_few_weekdays' then 'Not known: fewer than 4 earlier days of this weekday.'
          when 'no_baseline' then 'Not known: no earlier days of the same weekdays to compare with.'
          when 'no_spread' then 'Not known: the earlier days of this weekday do not differ.'
          when 'no_entitlement' then 'Not known: no entitlement is in force.'
          when 'not_observed_since_end' then 'Not known: no hour was observed since the contract ended.'
          when 'censored' then 'Not reached yet: a tenth of the commitment.'
          when 'no_renewal_known' then 'Not known: no contract is in force and no renewal date is kept.'
          when 'fewer_than_5_cases' then 'Not known: fewer than 5 cases.'
          else 'Not known.'
        end
      else
        case indicator
          when 'commitment_utilisation_28d' then 'Holds ' || {{ whole_text('raw_value * 100') }} || ' % of its commitment.'
          when 'usage_change_28d' then 'Holds ' || {{ whole_text('abs(raw_value) * 100') }} || ' % '
            || case when raw_value < 0 then 'less' else 'more' end || ' than in the 28 days before.'
          when 'usage_trend_pct_week' then 'Usage ' || case when raw_value < 0 then 'falls' else 'grows' end || ' by '
            || {{ tenths_text('abs(raw_value)') }} || ' % a week.'
          when 'days_since_activity' then 'Last read or write ' || {{ whole_text('raw_value') }} || ' days ago.'
          when 'active_hour_ratio_28d' then 'Active in ' || {{ whole_text('raw_value * 100') }} || ' % of the observed hours.'
          when 'usage_anomaly_z' then 'Lies ' || {{ tenths_text('raw_value') }} || ' robust deviations from its usual level of this weekday.'
          when 'level_shift' then case when raw_value = 1 then 'Its level shifted downwards within the last 14 days.' else 'No downward shift of its level.' end
          when 'feature_breadth_28d' then 'Uses ' || {{ whole_text('raw_value * 100') }} || ' % of the features it is entitled to.'
          when 'feature_breadth_change' then 'Uses ' || {{ whole_text('abs(raw_value) * 100') }} || ' % '
            || case when raw_value < 0 then 'less' else 'more' end || ' of its features than in the 28 days before.'
          when 'unused_entitlement' then case when raw_value = 1 then 'Entitled for more than 30 days and not using it.' else 'Uses what it is entitled to.' end
          when 'time_to_first_value_days' then 'Took ' || {{ whole_text('raw_value') }} || ' days to a tenth of its commitment.'
          when 'days_to_renewal' then case
            when raw_value < 0 then 'Renewal was due ' || {{ whole_text('-raw_value') }} || ' days ago.'
            else 'Renewal is in ' || {{ whole_text('raw_value') }} || ' days.'
          end
          when 'offer_expired_with_usage' then case when raw_value = 1 then 'Uses the product after its contract ended.' else 'No use outside a contract.' end
          when 'cases_90d_per_100tib' then {{ tenths_text('raw_value') }} || ' support cases per 100 TiB.'
          when 'networking_share_90d' then {{ whole_text('raw_value * 100') }} || ' % of its cases are about networking.'
          when 'days_without_telemetry' then case
            when last_heard_date is null and raw_value > 0 then 'Never reported, on ' || {{ whole_text('raw_value') }} || ' days: an incident for SRE.'
            when raw_value > 0 then 'Stopped reporting, ' || {{ whole_text('raw_value') }} || ' days without it: an incident for SRE, not a customer who left.'
            when last_heard_date = as_of_date then 'Reporting.'
            when days_of_source_outage > 0 then 'Not heard for ' || {{ whole_text('days_of_source_outage') }} || ' days, in an outage of the source.'
            else 'No hour is expected any more.'
          end
        end
    end as sentence
  from points
),

final as (
  select
    as_of_date,
    account_id,
    indicator,
    raw_value,
    unknown_reason,
    points_from as threshold,
    points_to as threshold_full,
    points,
    max_points,
    indicator_window,
    sentence,
    policy_version,
    row_number() over (
      partition by as_of_date, account_id
      order by case when points is null then 1 else 0 end, points desc, case when max_points > 0 then 0 else 1 end, indicator_order
    ) as reason_rank
  from said
)

select * from final
