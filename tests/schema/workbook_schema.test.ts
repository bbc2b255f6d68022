import { describe, expect, test } from 'vitest';
import type { DataSourceConnection } from '../../extracts/data_source_model.ts';
import { renderTwb } from '../../extracts/twb.ts';
import { usageAndChurnWorkbook } from '../../extracts/workbooks/usage_and_churn.ts';
import { usageAndChurnSource } from '../../extracts/workbooks/usage_and_churn_source.ts';
import { SAMPLE_TABLES } from '../extracts/sample_model.ts';
import { schemaErrors } from './tableau_schema.ts';

const CONNECTIONS: readonly DataSourceConnection[] = [
  { kind: 'extract', member: 'Data/Extracts/meterline.hyper' },
  { kind: 'published', serverUrl: 'https://tableau.example.com', site: 'cloud', contentUrl: 'meterline' },
];

/** Held against Tableau's own schema, which is not part of the project: `npm run test:xsd` with TABLEAU_XSD_DIR. */
describe('the workbook and the schema of Tableau', () => {
  const model = usageAndChurnSource(SAMPLE_TABLES);
  const render = (connection: DataSourceConnection) =>
    renderTwb(usageAndChurnWorkbook(model, '2026-01-31'), model, connection);

  test.each(CONNECTIONS)('is valid over $kind', async (connection) => {
    expect(await schemaErrors(render(connection))).toEqual([]);
  });

  test('a wrong workbook is found', async () => {
    const twb = render(CONNECTIONS[0] as DataSourceConnection);
    expect(await schemaErrors(twb.replaceAll('worksheets>', 'worksheet-list>'))).not.toEqual([]);
    expect(await schemaErrors(twb.replace('<workbook ', "<workbook no-such-attribute='1' "))).not.toEqual([]);
  });
});
