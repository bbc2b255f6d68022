import { bracket, fieldOf } from './data_source_fields.ts';
import type {
  DataSourceConnection,
  DataSourceModel,
  ResolvedField,
  TableModel,
} from './data_source_model.ts';
import { metadataRecordXml } from './field_xml.ts';
import { EXTRACT_SCHEMA } from './hyper_file.ts';
import { stableName, stableObjectId } from './stable_ids.ts';
import { el, type XmlElement } from './xml.ts';

type Fields = ReadonlyMap<string, ResolvedField>;
type Published = Extract<DataSourceConnection, { kind: 'published' }>;

/** `federated` over `hyper` for the extract in the package, `sqlproxy` for a published source. */
export function connectionXml(
  model: DataSourceModel,
  connection: DataSourceConnection,
  fields: Fields,
): XmlElement {
  if (connection.kind === 'published') return publishedXml(model, connection, fields);
  const one = model.tables.length === 1;
  const relations = model.tables.map((table) => relationXml(model, table));
  return el(
    'connection',
    { class: 'federated' },
    el(
      'named-connections',
      {},
      el(
        'named-connection',
        { caption: model.caption, name: hyperName(model) },
        el('connection', {
          authentication: 'auth-none',
          'author-locale': 'en_US',
          class: 'hyper',
          dbname: connection.member,
          'default-settings': 'yes',
          schema: EXTRACT_SCHEMA,
          server: '',
          sslmode: '',
          tablename: model.tables[0]?.name,
          username: 'tableau_internal_user',
        }),
      ),
    ),
    ...(one ? relations : [el('relation', { type: 'collection' }, ...relations)]),
    one ? null : columnMapXml(fields),
    metadataXml(fields, (table) => ({ parent: table.name, object: stableObjectId(model.name, table.name) })),
  );
}

function publishedXml(model: DataSourceModel, connection: Published, fields: Fields): XmlElement {
  const url = new URL(connection.serverUrl);
  const secure = url.protocol === 'https:';
  return el(
    'connection',
    {
      channel: secure ? 'https' : 'http',
      class: 'sqlproxy',
      dbname: connection.contentUrl,
      directory: '/dataserver',
      port: url.port === '' ? (secure ? 443 : 80) : url.port,
      server: url.hostname,
      'server-ds-friendly-name': model.caption,
      username: '',
    },
    el('relation', { name: 'sqlproxy', table: '[sqlproxy]', type: 'table' }),
    metadataXml(fields, () => ({ parent: 'sqlproxy', object: null })),
  );
}

/** Where the published source lies on its server; null for an extract. */
export function repositoryLocationXml(connection: DataSourceConnection): XmlElement | null {
  if (connection.kind === 'extract') return null;
  const site = connection.site === '' ? '' : `/t/${connection.site}`;
  return el('repository-location', {
    'derived-from': `${connection.serverUrl.replace(/\/$/, '')}${site}/datasources/${connection.contentUrl}?rev=1.0`,
    id: connection.contentUrl,
    path: `${site}/datasources`,
    revision: '1.0',
    site: connection.site === '' ? undefined : connection.site,
  });
}

/** The hidden fields that stand for the logical tables (their row counts). */
export function tableObjectsXml(
  model: DataSourceModel,
  connection: DataSourceConnection,
): readonly XmlElement[] {
  if (connection.kind === 'published') return [];
  return model.tables.map((table) =>
    el('column', {
      caption: table.caption,
      datatype: 'table',
      name: `[__tableau_internal_object_id__].${bracket(stableObjectId(model.name, table.name))}`,
      role: 'measure',
      type: 'quantitative',
    }),
  );
}

/** The logical tables and how they relate; a published source brings its own. */
export function objectGraphXml(
  model: DataSourceModel,
  connection: DataSourceConnection,
  fields: Fields,
): readonly XmlElement[] {
  if (connection.kind === 'published') return [];
  const objects = model.tables.map((table) =>
    el(
      'object',
      { caption: table.caption, id: stableObjectId(model.name, table.name) },
      el('properties', { context: '' }, relationXml(model, table)),
    ),
  );
  const relationships = model.relationships.map(({ fact, dimension }) => {
    const side = (end: typeof fact) =>
      bracket(fieldOf(fields, `${end.table}.${end.column}`, `data source ${model.name}`).local);
    return el(
      'relationship',
      {},
      el(
        'expression',
        { op: '=' },
        el('expression', { op: side(dimension) }),
        el('expression', { op: side(fact) }),
      ),
      el('first-end-point', { 'object-id': stableObjectId(model.name, dimension.table), 'unique-key': true }),
      el('second-end-point', { 'object-id': stableObjectId(model.name, fact.table) }),
    );
  });
  const related = relationships.length === 0 ? [] : [el('relationships', {}, ...relationships)];
  return [el('object-graph', {}, el('objects', {}, ...objects), ...related)];
}

function hyperName(model: DataSourceModel): string {
  return `hyper.${stableName(`connection ${model.name}`)}`;
}

function relationXml(model: DataSourceModel, table: TableModel): XmlElement {
  return el('relation', {
    connection: hyperName(model),
    name: table.name,
    table: `${bracket(EXTRACT_SCHEMA)}.${bracket(table.name)}`,
    type: 'table',
  });
}

function columnMapXml(fields: Fields): XmlElement {
  const maps = columns(fields).map((field) =>
    el('map', {
      key: bracket(field.local),
      value: `${bracket(field.table.name)}.${bracket(field.column.name)}`,
    }),
  );
  return el('cols', {}, ...maps);
}

function metadataXml(
  fields: Fields,
  place: (table: TableModel) => { parent: string; object: string | null },
): XmlElement {
  const records = columns(fields).map((field, ordinal) => {
    const { parent, object } = place(field.table);
    return metadataRecordXml(field, ordinal, parent, object);
  });
  return el('metadata-records', {}, ...records);
}

function columns(fields: Fields): readonly Extract<ResolvedField, { kind: 'column' }>[] {
  return [...fields.values()].filter((field) => field.kind === 'column');
}
