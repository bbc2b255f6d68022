import type { DataSourceConnection, DataSourceModel } from './data_source_model.ts';
import { dataSourceContent, dataSourceId } from './data_source_xml.ts';
import { el, renderXml, type XmlElement } from './xml.ts';

/**
 * The version of the document format: Tableau 2026.1, the first one with a published schema
 * (tableau/tableau-document-schemas). Programs older than it refuse the file.
 */
export const DOCUMENT_VERSION = '26.1';
export const USER_NAMESPACE = 'http://www.tableausoftware.com/xml/user';

/** `ManifestByVersion` alone: the version says which features the document may use. */
export function manifestXml(): XmlElement {
  return el('document-format-change-manifest', {}, el('ManifestByVersion'));
}

/** A .tds document: one data source by itself. */
export function renderTds(
  model: DataSourceModel,
  connection: DataSourceConnection,
  version: string = DOCUMENT_VERSION,
): string {
  return renderXml(
    el(
      'datasource',
      {
        'formatted-name': dataSourceId(model, connection),
        inline: true,
        'source-platform': 'linux',
        version,
        'xmlns:user': USER_NAMESPACE,
      },
      manifestXml(),
      ...dataSourceContent(model, connection),
    ),
  );
}
