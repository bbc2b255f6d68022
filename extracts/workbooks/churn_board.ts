import type { DataSourceModel } from '../data_source_model.ts';
import type { DashboardSpec, FilterSpec, Pill, SheetSpec } from '../workbook_spec.ts';
import { indicatorColumns } from './usage_and_churn_source.ts';

const ACCOUNT: FilterSpec = { field: 'mart_account_health.account_name', keep: 'all', group: 1 };
const BAND: FilterSpec = { field: 'fct_churn_indicators.band', keep: 'all', group: 6 };
const NAME: Pill = { field: 'mart_account_health.account_name' };
const BAND_PILL: Pill = { field: 'fct_churn_indicators.band' };
const SCORE: Pill = { field: 'fct_churn_indicators.score', as: 'Avg' };
const SCORE_COVERAGE: Pill = { field: 'fct_churn_indicators.score_coverage', as: 'Avg' };

const BY_BAND = 'Accounts by band';
const SCORES = 'Scores';
const INDICATORS = 'Indicators';
const UNKNOWN = 'Unknown indicators';

/**
 * The sheets of "Churn board". A sheet holds one as-of date at a time, hence one row of the mart per account: an
 * average over it is the value itself.
 */
export function churnSheets(model: DataSourceModel, asOfDate: string): readonly SheetSpec[] {
  const asOf: FilterSpec = { field: 'fct_churn_indicators.as_of_date', keep: [asOfDate], group: 5 };
  const filters = [asOf, BAND, ACCOUNT];
  const indicators = indicatorColumns(model);
  const reasons = indicators.flatMap(({ reason }) => reason ?? []);
  return [
    {
      name: BY_BAND,
      title: 'Accounts by band',
      subtitle: 'Accounts with less than half of their score known have no band (Null).',
      mark: 'Bar',
      columns: [{ field: 'mart_account_health.account_id', as: 'CountD' }],
      rows: [BAND_PILL],
      colour: BAND_PILL,
      labels: true,
      filters,
    },
    {
      name: SCORES,
      title: 'Score by account',
      subtitle: '100 is the highest risk. The tooltip says how much of the score is known.',
      mark: 'Bar',
      columns: [SCORE],
      rows: [NAME],
      colour: BAND_PILL,
      labels: true,
      tooltip: [SCORE_COVERAGE],
      filters,
      sort: { field: NAME.field, by: SCORE, direction: 'DESC' },
    },
    {
      name: INDICATORS,
      title: 'Indicators',
      subtitle:
        'Each indicator on the chosen date. An empty cell is unknown, not zero: its reason stands below.',
      mark: 'Text',
      columns: ['measure names'],
      rows: [NAME],
      measures: [SCORE, SCORE_COVERAGE, ...indicators.map(({ name }) => average(name))],
      text: 'measure values',
      filters,
      sort: { field: NAME.field, by: SCORE, direction: 'DESC' },
    },
    {
      name: UNKNOWN,
      title: 'Why an indicator is unknown',
      subtitle: 'One reason per window indicator without a value, and how many are missing.',
      mark: 'Text',
      columns: [],
      rows: [NAME, ...reasons.map((reason) => ({ field: `fct_churn_indicators.${reason}` }))],
      text: { field: 'unknown_indicators', as: 'Sum' },
      filters,
    },
  ];
}

function average(column: string): Pill {
  return { field: `fct_churn_indicators.${column}`, as: 'Avg' };
}

/** The dashboard "Churn board": the date on top, who is at risk, then why, then what is not known. */
export function churnBoard(): DashboardSpec {
  return {
    name: 'Churn board',
    width: 1400,
    height: 900,
    content: {
      kind: 'rows',
      share: 1,
      zones: [
        {
          kind: 'text',
          share: 9,
          title: 'Churn board',
          text: 'Who may leave, by what sign, as of the chosen date. A cluster that stopped reporting is an incident, not a customer who left.',
        },
        {
          kind: 'columns',
          share: 8,
          zones: [
            {
              kind: 'filter',
              share: 2,
              sheet: SCORES,
              field: 'fct_churn_indicators.as_of_date',
              control: 'one',
            },
            {
              kind: 'filter',
              share: 2,
              sheet: SCORES,
              field: 'fct_churn_indicators.band',
              control: 'several',
            },
            {
              kind: 'filter',
              share: 3,
              sheet: SCORES,
              field: 'mart_account_health.account_name',
              control: 'several',
            },
          ],
        },
        {
          kind: 'columns',
          share: 38,
          zones: [
            {
              kind: 'rows',
              share: 32,
              zones: [
                { kind: 'sheet', share: 75, sheet: BY_BAND },
                { kind: 'legend', share: 25, sheet: SCORES },
              ],
            },
            { kind: 'sheet', share: 68, sheet: SCORES },
          ],
        },
        { kind: 'sheet', share: 27, sheet: INDICATORS },
        { kind: 'sheet', share: 18, sheet: UNKNOWN },
      ],
    },
  };
}
