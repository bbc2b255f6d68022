import type { CalculatedFieldModel, DataSourceModel, TableModel } from '../data_source_model.ts';

/**
 * The columns the workbook stands on, by mart: all names of the published marts. The extract may carry more;
 * indicators beyond these appear on the churn board when the mart has them.
 */
export const USAGE_AND_CHURN_COLUMNS = {
  mart_account_health: ['account_id', 'account_name'],
  fct_usage_daily: [
    'account_id',
    'cloud',
    'usage_date',
    'dimension',
    'quantity_avg',
    'hours_expected',
    'hours_observed',
  ],
  fct_overage: ['account_id', 'cloud', 'billing_period', 'line_type', 'committed', 'measured', 'above'],
  fct_churn_indicators: ['account_id', 'as_of_date', 'score', 'score_coverage', 'band'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/** Facts belong to accounts: many rows of each to one row of `mart_account_health`. */
const FACTS = ['fct_usage_daily', 'fct_overage', 'fct_churn_indicators'] as const;

/**
 * The data source `meterline`: four marts, related by account, and the ratios that must be divided in Tableau.
 * `tables` carry captions, descriptions, folders and formats from the dbt models.
 * @throws Error when a mart or a column the workbook needs is not among them.
 */
export function usageAndChurnSource(tables: readonly TableModel[]): DataSourceModel {
  const byName = new Map(tables.map((table) => [table.name, table]));
  for (const [name, columns] of Object.entries(USAGE_AND_CHURN_COLUMNS)) {
    const present = byName.get(name)?.columns.map((column) => column.name) ?? [];
    const absent = columns.filter((column) => !present.includes(column));
    if (absent.length > 0) {
      throw new Error(
        `extracts: data source meterline: got ${name} without ${absent.join(', ')}, want ${columns.join(', ')}; build the mart with these columns`,
      );
    }
  }
  const names = ['mart_account_health', ...FACTS];
  return {
    name: 'meterline',
    caption: 'meterline',
    tables: names.flatMap((name) => byName.get(name) ?? []).map(hideForeignKey),
    relationships: FACTS.map((fact) => ({
      fact: { table: fact, column: 'account_id' },
      dimension: { table: 'mart_account_health', column: 'account_id' },
    })),
    calculatedFields: [...RATIOS, unknownIndicators(byName.get('fct_churn_indicators'))],
  };
}

/** The churn indicators' columns of a mart, and for each the column that says why it is unknown, where there is one. */
export function indicatorColumns(
  model: DataSourceModel,
): readonly { readonly name: string; readonly reason: string | null }[] {
  const table = model.tables.find((candidate) => candidate.name === 'fct_churn_indicators');
  const names = new Set(table?.columns.map((column) => column.name));
  return INDICATORS.filter((name) => names.has(name)).map((name) => ({
    name,
    reason: names.has(`${name}_reason`) ? `${name}_reason` : null,
  }));
}

const INDICATORS = [
  'commitment_utilisation_28d',
  'usage_change_28d',
  'usage_trend_pct_week',
  'active_hour_ratio_28d',
  'usage_anomaly_z',
  'days_since_activity',
  'days_without_telemetry',
  'days_to_renewal',
] as const;

const RATIO = { folder: 'Ratios', role: 'measure', defaultAggregation: null, hidden: false } as const;
const RATIOS: readonly CalculatedFieldModel[] = [
  {
    ...RATIO,
    name: 'utilisation',
    caption: 'Utilisation of commitment',
    description:
      'Measured divided by committed, summed first and divided last, so that it stays right under every filter. Empty where nothing is committed.',
    defaultFormat: 'p0.0%',
    formula:
      'IF SUM({fct_overage.committed}) > 0 THEN SUM({fct_overage.measured}) / SUM({fct_overage.committed}) END',
    datatype: 'real',
    aggregate: true,
  },
  {
    ...RATIO,
    name: 'held_tib',
    caption: 'Held TiB (mean per day)',
    description:
      'The sum over clusters of the daily mean of held capacity, divided by the number of days: equal for one day and for a month.',
    defaultFormat: 'n#,##0.0;-#,##0.0',
    formula: 'SUM({fct_usage_daily.quantity_avg}) / COUNTD({fct_usage_daily.usage_date})',
    datatype: 'real',
    aggregate: true,
  },
  {
    ...RATIO,
    name: 'coverage',
    caption: 'Telemetry coverage',
    description:
      'Observed cluster-hours divided by expected ones. Below 1, usage is known only in part: missing is not zero.',
    defaultFormat: 'p0.0%',
    formula:
      'IF SUM({fct_usage_daily.hours_expected}) > 0 THEN SUM({fct_usage_daily.hours_observed}) / SUM({fct_usage_daily.hours_expected}) END',
    datatype: 'real',
    aggregate: true,
  },
];

/** Per row of the mart: how many indicators carry a reason instead of a value. */
function unknownIndicators(churn: TableModel | undefined): CalculatedFieldModel {
  const reasons = churn?.columns.filter((column) => column.name.endsWith('_reason')) ?? [];
  const terms = reasons.map((column) => `IIF(ISNULL({fct_churn_indicators.${column.name}}), 0, 1)`);
  return {
    name: 'unknown_indicators',
    caption: 'Unknown indicators',
    description: 'How many indicators of the account have no value on that date, each with its reason.',
    folder: 'Churn',
    role: 'measure',
    defaultFormat: 'n#,##0;-#,##0',
    defaultAggregation: 'Sum',
    hidden: false,
    formula: terms.length === 0 ? '0' : terms.join(' + '),
    datatype: 'integer',
    aggregate: false,
  };
}

/** The facts' own account ids serve the relationship only; people use the account's. */
function hideForeignKey(table: TableModel): TableModel {
  if (table.name === 'mart_account_health') return table;
  return {
    ...table,
    columns: table.columns.map((column) =>
      column.name === 'account_id' ? { ...column, hidden: true } : column,
    ),
  };
}
