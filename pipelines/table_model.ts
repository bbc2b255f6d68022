import type { Manifest } from 'dbt-core-wrapper';
import { z } from 'zod';
import type { ColumnModel, TableModel } from '../extracts/data_source_model.ts';
import type { HyperTable } from '../extracts/hyper_file.ts';

/** What a dbt column's `meta` may say of how people see it; the rest follows from its name and type. */
const META = z.object({
  caption: z.string().optional(),
  folder: z.string().optional(),
  role: z.enum(['dimension', 'measure']).optional(),
  format: z.string().optional(),
  aggregation: z.enum(['Sum', 'Avg', 'Min', 'Max', 'Median']).optional(),
  hidden: z.boolean().optional(),
});

const NUMBERS = /^(smallint|integer|bigint|double precision|numeric)/;

/**
 * An extract table as people see it: texts from the dbt model, so that docs and workbook cannot drift apart.
 * @throws Error when the manifest does not describe the table
 */
export function tableModel(manifest: Manifest, table: HyperTable): TableModel {
  const node = Object.values(manifest.nodes).find(
    (each) => each.resource_type === 'model' && each.name === table.name,
  );
  if (node === undefined)
    throw new Error(`pipelines: table ${table.name}: got no dbt model of that name, want one`);
  return {
    name: table.name,
    caption: META.parse(node.config.meta).caption ?? caption(table.name.replace(/^(fct|dim|mart)_/, '')),
    description: node.description,
    columns: table.columns.map((column) => {
      const described = node.columns[column.name];
      return columnModel(column, described?.description ?? '', META.parse(described?.meta ?? {}));
    }),
  };
}

function columnModel(
  column: HyperTable['columns'][number],
  description: string,
  meta: z.infer<typeof META>,
): ColumnModel {
  const isNumber = NUMBERS.test(column.type);
  return {
    name: column.name,
    type: column.type,
    caption: meta.caption ?? caption(column.name),
    description,
    folder: meta.folder ?? null,
    role: meta.role ?? (isNumber ? 'measure' : 'dimension'),
    defaultFormat: meta.format ?? null,
    defaultAggregation: meta.aggregation ?? null,
    hidden: meta.hidden ?? false,
  };
}

const SPELLED: Readonly<Record<string, string>> = {
  tib: 'TiB',
  id: 'id',
  csm: 'CSM',
  p95: 'p95',
  crm: 'CRM',
  '28d': '28 d',
  '90d': '90 d',
};

/** `usage_change_28d` → `Usage change 28 d`. */
export function caption(name: string): string {
  const words = name.split('_').map((word) => SPELLED[word] ?? word);
  const [first = '', ...rest] = words;
  return [first.charAt(0).toUpperCase() + first.slice(1), ...rest].join(' ');
}
