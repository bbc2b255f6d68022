import { expect, test } from 'vitest';
import { extractColumnsFromDuckDb } from '../../extracts/duckdb_columns.ts';
import { tableModelFromDbt } from '../../extracts/table_model.ts';

const COLUMNS = extractColumnsFromDuckDb([
  { column_name: 'reading_id', column_type: 'BIGINT', null: 'NO' },
  { column_name: 'committed_tib', column_type: 'DECIMAL(38,9)', null: 'YES' },
  { column_name: 'usage_date', column_type: 'DATE', null: 'NO' },
]);

test('descriptions and meta of the dbt model become what people see', () => {
  const model = tableModelFromDbt('fct_usage_daily', COLUMNS, {
    description: ' One row per day. ',
    meta: { owner: 'finance', tableau: { caption: 'Usage' } },
    columns: {
      committed_tib: {
        description: 'What was bought.',
        meta: { tableau: { folder: 'Usage', format: 'n#,##0.0', aggregation: 'Avg' } },
      },
    },
  });
  expect(model).toMatchObject({ name: 'fct_usage_daily', caption: 'Usage', description: 'One row per day.' });
  expect(model.columns.map(({ name, caption, role }) => [name, caption, role])).toEqual([
    ['reading_id', 'Reading id', 'dimension'],
    ['committed_tib', 'Committed TiB', 'measure'],
    ['usage_date', 'Usage date', 'dimension'],
  ]);
  expect(model.columns[1]).toMatchObject({
    description: 'What was bought.',
    folder: 'Usage',
    defaultFormat: 'n#,##0.0',
    defaultAggregation: 'Avg',
    hidden: false,
  });
});

test('a misspelt key is named with its column', () => {
  const docs = {
    description: '',
    meta: {},
    columns: { usage_date: { description: '', meta: { tableau: { captoin: 'Day' } } } },
  };
  expect(() => tableModelFromDbt('fct_usage_daily', COLUMNS, docs)).toThrow(
    /column fct_usage_daily.usage_date: .*captoin/s,
  );
});
