{% set categories = ['networking', 'hardware', 'software', 'performance', 'access', 'other'] -%}
with newest as (
  select * from {{ ref('int_as_of_dates') }}
  where is_newest
),

live_cases as (
  {{ current_state(ref('stg_salesforce__case'), 'salesforce') }}
),

clusters as (
  {{ current_state(ref('stg_polaris__clusters'), 'polaris') }}
),

-- People write the same value in several ways; whatever is no known value counts as other.
cases as (
  select
    {{ month_start('cast(live_cases.created_at as date)') }} as month,
    case {{ plain_value('live_cases.deployment') }}
      when 'cloud' then 'cloud'
      when 'onpremises' then 'on_premises'
      else 'other'
    end as deployment,
    case
      when {{ plain_value('live_cases.category') }} in ('{{ categories | join("', '") }}') then {{ plain_value('live_cases.category') }}
      else 'other'
    end as category,
    {{ timestamp_diff_microseconds('live_cases.created_at', 'live_cases.first_response_at') }} as response_microseconds,
    {{ timestamp_diff_microseconds('live_cases.created_at', 'live_cases.closed_at') }} as close_microseconds
  from live_cases
  inner join newest on cast(live_cases.created_at as date) <= newest.as_of_date
  where not live_cases.is_deleted
),

counted as (
  select
    month,
    deployment,
    category,
    count(*) as cases,
    count(response_microseconds) as cases_answered,
    count(close_microseconds) as cases_closed,
    {{ safe_divide('sum(response_microseconds)', 'count(response_microseconds) * 3600000000') }} as first_response_hours_mean,
    {{ safe_divide('sum(close_microseconds)', 'count(close_microseconds) * 3600000000') }} as close_hours_mean,
    {{ safe_divide(median_doubled('response_microseconds'), '7200000000') }} as first_response_hours_median,
    {{ safe_divide(median_doubled('close_microseconds'), '7200000000') }} as close_hours_median
  from cases
  group by month, deployment, category
),

bounds as (
  select
    min(cases.month) as first_month,
    max(newest.as_of_date) as last_date
  from cases
  cross join newest
),

months as (
  select distinct {{ month_start('cast(date_day as date)') }} as month
  from bounds, {{ date_spine('bounds.first_month', 'bounds.last_date', 'date_day') }}
),

cells as (
  select
    months.month,
    deployments.deployment,
    categories.category
  from months
  cross join (
    select 'cloud' as deployment
    union all
    select 'on_premises' as deployment
    union all
    select 'other' as deployment
  ) as deployments
  cross join (
    {%- for category in categories %}
    select '{{ category }}' as category
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
  ) as categories
),

-- Clusters that ran at any time of the month; a termination after the cut-off is not known yet.
running as (
  select
    months.month,
    case when clusters.cloud = 'onprem' then 'on_premises' else 'cloud' end as deployment,
    count(*) as clusters
  from months
  cross join newest
  inner join clusters
    on cast(clusters.created_at as date) < {{ date_add_months('months.month', 1) }}
    and (
      clusters.terminated_at is null
      or clusters.terminated_at > newest.cut_off_at
      or cast(clusters.terminated_at as date) >= months.month
    )
  group by 1, 2
),

filled as (
  select
    cells.month,
    cells.deployment,
    cells.category,
    coalesce(counted.cases, 0) as cases,
    coalesce(counted.cases_answered, 0) as cases_answered,
    coalesce(counted.cases_closed, 0) as cases_closed,
    counted.first_response_hours_mean,
    counted.first_response_hours_median,
    counted.close_hours_mean,
    counted.close_hours_median,
    running.clusters
  from cells
  left join counted
    on cells.month = counted.month
    and cells.deployment = counted.deployment
    and cells.category = counted.category
  left join running
    on cells.month = running.month
    and cells.deployment = running.deployment
),

totals as (
  select
    filled.*,
    sum(cases) over (partition by month, deployment) as deployment_cases,
    sum(cases) over (
      partition by deployment, category order by month rows between 11 preceding and current row
    ) as cases_12m
  from filled
),

sums as (
  select
    totals.*,
    sum(cases_12m) over (partition by month, deployment) as deployment_cases_12m
  from totals
),

-- A month has few cases, so the expectation is also held against the twelve months up to it.
beside as (
  select
    sums.*,
    on_premises.cases as other_cases,
    on_premises.deployment_cases as other_deployment_cases,
    on_premises.cases_12m as other_cases_12m,
    on_premises.deployment_cases_12m as other_deployment_cases_12m
  from sums
  left join sums as on_premises
    on sums.deployment = 'cloud'
    and on_premises.deployment = 'on_premises'
    and sums.month = on_premises.month
    and sums.category = on_premises.category
),

compared as (
  select
    beside.*,
    case when deployment = 'cloud' and category = 'networking' then 'up' when deployment = 'cloud' and category = 'hardware' then 'down' end as expectation
    {%- for period in ['', '_12m'] %},
    {{ safe_divide('cases' ~ period, 'deployment_cases' ~ period) }}
    - {{ safe_divide('other_cases' ~ period, 'other_deployment_cases' ~ period) }} as share_difference{{ period }},
    {{ difference_error('cases' ~ period, 'deployment_cases' ~ period, 'other_cases' ~ period, 'other_deployment_cases' ~ period) }} as difference_error{{ period }},
    least(
      cases{{ period }}, deployment_cases{{ period }} - cases{{ period }},
      other_cases{{ period }}, other_deployment_cases{{ period }} - other_cases{{ period }}
    ) as fewest{{ period }}
    {%- endfor %}
  from beside
),

bounded as (
  select
    compared.*
    {%- for period in ['', '_12m'] %},
    share_difference{{ period }} - {{ z_95() }} * difference_error{{ period }} as difference_low{{ period }},
    share_difference{{ period }} + {{ z_95() }} * difference_error{{ period }} as difference_high{{ period }}
    {%- endfor %}
  from compared
),

final as (
  select
    month,
    deployment,
    category,
    cases,
    cast(deployment_cases as {{ type_bigint() }}) as deployment_cases,
    {{ safe_divide('cases', 'deployment_cases') }} as share,
    clusters,
    {{ safe_divide('cases * 100', 'clusters') }} as cases_per_100_clusters,
    cases_answered,
    first_response_hours_mean,
    first_response_hours_median,
    cases_closed,
    close_hours_mean,
    close_hours_median,
    cast(cases_12m as {{ type_bigint() }}) as cases_12m,
    cast(deployment_cases_12m as {{ type_bigint() }}) as deployment_cases_12m,
    {{ safe_divide('cases_12m', 'deployment_cases_12m') }} as share_12m,
    expectation
    {%- for period in ['', '_12m'] %},
    share_difference{{ period }},
    difference_low{{ period }},
    difference_high{{ period }},
    -- The interval leans on the normal distribution, which needs five cases of either kind on both sides.
    case
      when expectation is null then null
      when share_difference{{ period }} is null or fewest{{ period }} < 5 then 'too_few'
      when difference_low{{ period }} > 0 then case when expectation = 'up' then 'confirmed' else 'contradicted' end
      when difference_high{{ period }} < 0 then case when expectation = 'down' then 'confirmed' else 'contradicted' end
      else 'undecided'
    end as verdict{{ period }}
    {%- endfor %}
  from bounded
)

select * from final
