import { connectionXml, objectGraphXml, repositoryLocationXml, tableObjectsXml } from './connection_xml.ts';
import { bracket, resolveFields } from './data_source_fields.ts';
import type { DataSourceConnection, DataSourceModel, ResolvedField } from './data_source_model.ts';
import { columnXml } from './field_xml.ts';
import { stableName } from './stable_ids.ts';
import { el, type XmlElement } from './xml.ts';

/** A colour for each value of a discrete field, used by every sheet that puts the field on colour. */
export interface Palette {
  /** The column instance, e.g. `none:band:nk`. */
  readonly instance: string;
  readonly colours: Readonly<Record<string, string>>;
}

/** The name by which sheets refer to a data source; it follows from the model's name. */
export function dataSourceId(model: DataSourceModel, connection: DataSourceConnection): string {
  const prefix = connection.kind === 'extract' ? 'federated' : 'sqlproxy';
  return `${prefix}.${stableName(`data source ${model.name}`)}`;
}

/**
 * What stands inside a `datasource` element, alike in a .tds and a .twb, in the order the schema fixes:
 * connection, aliases, columns, folders, layout, style, object graph.
 */
export function dataSourceContent(
  model: DataSourceModel,
  connection: DataSourceConnection,
  palettes: readonly Palette[] = [],
): readonly XmlElement[] {
  const fields = resolveFields(model);
  const location = repositoryLocationXml(connection);
  return [
    ...(location === null ? [] : [location]),
    connectionXml(model, connection, fields),
    el('aliases', { enabled: 'yes' }),
    ...[...fields.values()].map((field) => columnXml(fields, field)),
    ...tableObjectsXml(model, connection),
    ...foldersXml(fields),
    el('layout', { 'dim-ordering': 'alphabetic', 'measure-ordering': 'alphabetic', 'show-structure': true }),
    ...(palettes.length === 0 ? [] : [paletteXml(palettes)]),
    ...objectGraphXml(model, connection, fields),
  ];
}

function foldersXml(fields: ReadonlyMap<string, ResolvedField>): readonly XmlElement[] {
  const shown = [...fields.values()].filter((field) => !field.field.hidden);
  const byFolder = Map.groupBy(shown, (field) => field.field.folder);
  const folders = [...byFolder].flatMap(([name, members]) =>
    name === null
      ? []
      : [
          el(
            'folder',
            { name },
            ...members.map((field) => el('folder-item', { name: bracket(field.local), type: 'field' })),
          ),
        ],
  );
  return folders.length === 0 ? [] : [el('folders-common', {}, ...folders)];
}

function paletteXml(palettes: readonly Palette[]): XmlElement {
  const encodings = palettes.map((palette) =>
    el(
      'encoding',
      { attr: 'color', field: bracket(palette.instance), type: 'palette' },
      ...Object.entries(palette.colours).map(([value, colour]) =>
        el('map', { to: colour }, el('bucket', {}, `"${value}"`)),
      ),
    ),
  );
  return el('style', {}, el('style-rule', { element: 'mark' }, ...encodings));
}
