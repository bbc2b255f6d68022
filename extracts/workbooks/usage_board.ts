import type { DashboardSpec, FilterSpec, SheetSpec } from '../workbook_spec.ts';

const ACCOUNT: FilterSpec = { field: 'mart_account_health.account_name', keep: 'all', group: 1 };
const HELD_CAPACITY: FilterSpec = { field: 'fct_usage_daily.dimension', keep: ['capacity_used_tib'] };
const USAGE_CLOUD: FilterSpec = { field: 'fct_usage_daily.cloud', keep: 'all', group: 2 };
const DAYS: FilterSpec = { field: 'fct_usage_daily.usage_date', keep: 'range', group: 3 };
const BILLED_CLOUD: FilterSpec = { field: 'fct_overage.cloud', keep: 'all', group: 4 };
/** True-ups and draw-downs carry money, not usage; adjustments carry the difference that usage lines lack. */
const USAGE_LINES: FilterSpec = { field: 'fct_overage.line_type', keep: ['usage', 'adjustment'] };

const HELD_BY_DAY = 'Held by day';
const MEASURED_BY_MONTH = 'Measured and committed by month';
const UTILISATION = 'Utilisation by account';
const COVERAGE = 'Telemetry coverage by day';

/** The sheets of "Usage against commitment". */
export function usageSheets(): readonly SheetSpec[] {
  return [
    {
      name: HELD_BY_DAY,
      title: 'Held capacity by day',
      subtitle: 'TiB held, the mean of each day, by cloud. Days without telemetry are gaps, not zeros.',
      mark: 'Line',
      columns: [{ field: 'fct_usage_daily.usage_date', as: 'Day-Trunc' }],
      rows: [{ field: 'held_tib' }],
      colour: { field: 'fct_usage_daily.cloud' },
      tooltip: [{ field: 'coverage' }],
      filters: [HELD_CAPACITY, ACCOUNT, USAGE_CLOUD, DAYS],
    },
    {
      name: MEASURED_BY_MONTH,
      title: 'Measured against committed, by month',
      subtitle: 'In the unit of the overage policy (TiB-hours), usage lines with their adjustments.',
      mark: 'Bar',
      columns: [{ field: 'fct_overage.billing_period', as: 'Month-Trunc', discrete: true }, 'measure names'],
      rows: ['measure values'],
      measures: [
        { field: 'fct_overage.measured', as: 'Sum' },
        { field: 'fct_overage.committed', as: 'Sum' },
      ],
      colour: 'measure names',
      tooltip: [{ field: 'utilisation' }],
      filters: [USAGE_LINES, ACCOUNT, BILLED_CLOUD],
    },
    {
      name: UTILISATION,
      title: 'Utilisation by account',
      subtitle:
        'Measured ÷ committed over all months shown; above 100 % is overage. Empty: nothing committed.',
      mark: 'Bar',
      columns: [{ field: 'utilisation' }],
      rows: [{ field: 'mart_account_health.account_name' }],
      labels: true,
      tooltip: [
        { field: 'fct_overage.measured', as: 'Sum' },
        { field: 'fct_overage.committed', as: 'Sum' },
        { field: 'fct_overage.above', as: 'Sum' },
      ],
      filters: [USAGE_LINES, ACCOUNT, BILLED_CLOUD],
      sort: { field: 'mart_account_health.account_name', by: { field: 'utilisation' }, direction: 'DESC' },
    },
    {
      name: COVERAGE,
      title: 'Telemetry coverage by day',
      subtitle: 'Observed ÷ expected cluster-hours: how much of the usage above is known.',
      mark: 'Area',
      columns: [{ field: 'fct_usage_daily.usage_date', as: 'Day-Trunc' }],
      rows: [{ field: 'coverage' }],
      filters: [HELD_CAPACITY, ACCOUNT, USAGE_CLOUD, DAYS],
    },
  ];
}

/** The dashboard "Usage against commitment": controls on top, time on the left, accounts on the right. */
export function usageBoard(): DashboardSpec {
  return {
    name: 'Usage against commitment',
    width: 1400,
    height: 900,
    content: {
      kind: 'rows',
      share: 1,
      zones: [
        {
          kind: 'text',
          share: 9,
          title: 'Usage against commitment',
          text: 'What is held, what was bought, and how much of it is used. All times UTC.',
        },
        {
          kind: 'columns',
          share: 8,
          zones: [
            {
              kind: 'filter',
              share: 3,
              sheet: HELD_BY_DAY,
              field: 'mart_account_health.account_name',
              control: 'several',
            },
            {
              kind: 'filter',
              share: 2,
              sheet: HELD_BY_DAY,
              field: 'fct_usage_daily.cloud',
              control: 'several',
            },
            {
              kind: 'filter',
              share: 3,
              sheet: HELD_BY_DAY,
              field: 'fct_usage_daily.usage_date',
              control: 'range',
            },
            { kind: 'filter', share: 2, sheet: UTILISATION, field: 'fct_overage.cloud', control: 'several' },
          ],
        },
        {
          kind: 'columns',
          share: 83,
          zones: [
            {
              kind: 'rows',
              share: 62,
              zones: [
                { kind: 'sheet', share: 42, sheet: HELD_BY_DAY },
                { kind: 'sheet', share: 20, sheet: COVERAGE },
                { kind: 'sheet', share: 38, sheet: MEASURED_BY_MONTH },
              ],
            },
            {
              kind: 'rows',
              share: 38,
              zones: [
                { kind: 'legend', share: 10, sheet: HELD_BY_DAY },
                { kind: 'sheet', share: 80, sheet: UTILISATION },
                { kind: 'legend', share: 10, sheet: MEASURED_BY_MONTH },
              ],
            },
          ],
        },
      ],
    },
  };
}
