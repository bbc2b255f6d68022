import type { ColumnModel, TableModel } from '../../extracts/data_source_model.ts';
import { type HyperType, tableauType } from '../../extracts/hyper_types.ts';

/** A column as the pipeline would make it from a dbt model's yml. */
export function column(name: string, type: HyperType, more: Partial<ColumnModel> = {}): ColumnModel {
  return {
    name,
    type,
    caption: name.replaceAll('_', ' '),
    description: `About ${name}.`,
    folder: null,
    role: tableauType(type).role,
    defaultFormat: null,
    defaultAggregation: null,
    hidden: false,
    ...more,
  };
}

function table(name: string, columns: readonly ColumnModel[]): TableModel {
  return { name, caption: name, description: `About ${name}.`, columns };
}

const AMOUNT = 'numeric(38,9)' as const;

/** The four marts behind the workbook, with the columns it needs and the usage indicators. */
export const SAMPLE_TABLES: readonly TableModel[] = [
  table('mart_account_health', [
    column('account_id', 'text'),
    column('account_name', 'text', {
      caption: 'Account',
      description: `The "customer's" <name> & nothing else`,
    }),
  ]),
  table('fct_usage_daily', [
    column('account_id', 'text'),
    column('cluster_id', 'text'),
    column('cloud', 'text'),
    column('usage_date', 'date'),
    column('dimension', 'text'),
    column('quantity_avg', AMOUNT, { folder: 'Usage', defaultFormat: 'n#,##0.0;-#,##0.0' }),
    column('hours_expected', 'bigint'),
    column('hours_observed', 'bigint'),
    column('is_closed', 'boolean'),
  ]),
  table('fct_overage', [
    column('line_id', 'text'),
    column('account_id', 'text'),
    column('cloud', 'text'),
    column('billing_period', 'date'),
    column('line_type', 'text'),
    column('committed', AMOUNT),
    column('measured', AMOUNT),
    column('above', AMOUNT),
  ]),
  table('fct_churn_indicators', [
    column('account_id', 'text'),
    column('as_of_date', 'date'),
    column('score', 'double precision', { defaultAggregation: 'Avg' }),
    column('score_coverage', 'double precision'),
    column('band', 'text'),
    column('commitment_utilisation_28d', 'double precision', { folder: 'Churn', defaultFormat: 'p0.0%' }),
    column('commitment_utilisation_28d_reason', 'text'),
    column('usage_change_28d', 'double precision'),
    column('usage_change_28d_reason', 'text'),
    column('days_since_activity', 'integer'),
  ]),
];
