import type { DataSourceModel } from '../data_source_model.ts';
import type { WorkbookSpec } from '../workbook_spec.ts';
import { churnBoard, churnSheets } from './churn_board.ts';
import { usageBoard, usageSheets } from './usage_board.ts';

/** Colours that people with a colour-vision deficiency can tell apart. */
const BAND_COLOURS = { high: '#d1495b', watch: '#edae49', low: '#00798c' } as const;
const CLOUD_COLOURS = { azure: '#2f6690', gcp: '#e07a5f', aws: '#f2b134' } as const;

/**
 * The workbook `meterline`: "Usage against commitment" and "Churn board" over the data source of
 * `usageAndChurnSource`. `asOfDate` (yyyy-mm-dd) is the date the churn board opens with: the night's as-of date.
 */
export function usageAndChurnWorkbook(model: DataSourceModel, asOfDate: string): WorkbookSpec {
  return {
    name: 'meterline',
    sheets: [...usageSheets(), ...churnSheets(model, asOfDate)],
    dashboards: [usageBoard(), churnBoard()],
    palettes: [
      { field: 'fct_churn_indicators.band', colours: BAND_COLOURS },
      { field: 'fct_usage_daily.cloud', colours: CLOUD_COLOURS },
    ],
  };
}
