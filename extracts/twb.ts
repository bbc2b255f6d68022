import { columnInstance } from './column_instance.ts';
import { dashboardWindowXml, dashboardXml } from './dashboard_xml.ts';
import { resolveFields } from './data_source_fields.ts';
import type { DataSourceConnection, DataSourceModel } from './data_source_model.ts';
import { dataSourceContent, dataSourceId } from './data_source_xml.ts';
import type { SheetSource } from './sheet_fields.ts';
import { DOCUMENT_VERSION, manifestXml, USER_NAMESPACE } from './tds.ts';
import type { WorkbookSpec } from './workbook_spec.ts';
import { worksheetWindowXml, worksheetXml } from './worksheet_xml.ts';
import { el, renderXml, type XmlElement } from './xml.ts';

/**
 * A .twb document. `explain-data` belongs to documents from 26.1 on only.
 * @throws Error when the workbook names a field or sheet that does not exist.
 */
export function renderTwb(
  workbook: WorkbookSpec,
  model: DataSourceModel,
  connection: DataSourceConnection,
  version: string = DOCUMENT_VERSION,
): string {
  const fields = resolveFields(model);
  const source: SheetSource = { id: dataSourceId(model, connection), caption: model.caption, fields };
  const palettes = workbook.palettes.map(({ field, colours }) => ({
    instance: columnInstance(fields, { field }, `palette of ${workbook.name}`).key,
    colours,
  }));
  return renderXml(
    el(
      'workbook',
      {
        'original-version': version,
        'source-build': '0.0.0 (0000.0.0.0)',
        'source-platform': 'win',
        version,
        'xmlns:user': USER_NAMESPACE,
      },
      manifestXml(),
      preferencesXml(),
      el(
        'datasources',
        {},
        el(
          'datasource',
          { caption: model.caption, inline: true, name: source.id, version },
          ...dataSourceContent(model, connection, palettes),
        ),
      ),
      el('worksheets', {}, ...workbook.sheets.map((sheet) => worksheetXml(source, sheet))),
      el(
        'dashboards',
        {},
        ...workbook.dashboards.map((board) => dashboardXml(source, workbook.sheets, board)),
      ),
      el(
        'windows',
        { 'source-height': 30 },
        ...workbook.dashboards.map((board, index) => dashboardWindowXml(board, index === 0)),
        ...workbook.sheets.map(worksheetWindowXml),
      ),
      Number.parseInt(version, 10) >= 26 ? explainDataXml() : null,
    ),
  );
}

function preferencesXml(): XmlElement {
  return el(
    'preferences',
    {},
    el('preference', { name: 'ui.encoding.shelf.height', value: 24 }),
    el('preference', { name: 'ui.shelf.height', value: 26 }),
  );
}

function explainDataXml(): XmlElement {
  return el(
    'explain-data',
    { 'enabled-for-viewer': true, 'extreme-values-enabled-for-all': false },
    el('explanation-types'),
  );
}
