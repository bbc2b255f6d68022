-- The grid has one cell for every subscription, hour and billable dimension of each month, and its summary counts them all.
with grid as (
  select
    period as month,
    dimension,
    count(*) as cells,
    count(distinct subscription_id) * count(distinct hour) as cells_wanted,
    sum(readings) as readings,
    sum(quantity) as quantity
  from {{ ref('fct_completeness_grid') }}
  group by period, dimension
),

summary as (
  select
    month,
    dimension,
    sum(cells) as cells,
    sum(readings) as readings,
    sum(quantity) as quantity
  from {{ ref('fct_completeness') }}
  group by month, dimension
)

select
  coalesce(grid.month, summary.month) as month,
  coalesce(grid.dimension, summary.dimension) as dimension,
  grid.cells,
  summary.cells as summary_cells
from grid
full join summary
  on grid.month = summary.month
  and grid.dimension = summary.dimension
where
  grid.month is null
  or summary.month is null
  or grid.cells <> grid.cells_wanted
  or grid.cells <> summary.cells
  or grid.readings <> summary.readings
  or coalesce(grid.quantity, 0) <> coalesce(summary.quantity, 0)
