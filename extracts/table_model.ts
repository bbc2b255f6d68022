import { z } from 'zod';
import type { ColumnModel, TableModel } from './data_source_model.ts';
import type { ExtractColumn } from './duckdb_columns.ts';
import { tableauType } from './hyper_types.ts';

/** What a dbt model's yml says of a column for Tableau, under `meta.tableau`. All keys may be absent. */
const columnMeta = z
  .object({
    caption: z.string().min(1),
    folder: z.string().min(1),
    role: z.enum(['dimension', 'measure']),
    /** Tableau's notation, e.g. `p0.0%`. */
    format: z.string().min(1),
    aggregation: z.enum(['Sum', 'Avg', 'Min', 'Max', 'Median']),
    hidden: z.boolean(),
  })
  .partial()
  .strict();

const tableMeta = z
  .object({ caption: z.string().min(1) })
  .partial()
  .strict();

/** A dbt model's documentation, as manifest.json has it: its description, its `meta`, and the same by column. */
export interface ModelDocs {
  readonly description: string;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly columns: Readonly<
    Record<string, { readonly description: string; readonly meta: Readonly<Record<string, unknown>> }>
  >;
}

/**
 * The table of a data source from its exported columns and its dbt documentation. Without a caption a column is
 * called by its name in words; numbers are measures unless they are keys or `meta.tableau.role` says otherwise.
 * @throws Error naming model and column when `meta.tableau` has a wrong key or value.
 */
export function tableModelFromDbt(
  name: string,
  columns: readonly ExtractColumn[],
  docs: ModelDocs,
): TableModel {
  const meta = parse(tableMeta, docs.meta.tableau, `model ${name}`);
  return {
    name,
    caption: meta.caption ?? inWords(name),
    description: docs.description.trim(),
    columns: columns.map((column) => columnModel(name, column, docs.columns[column.name])),
  };
}

function columnModel(
  table: string,
  column: ExtractColumn,
  docs: ModelDocs['columns'][string] | undefined,
): ColumnModel {
  const meta = parse(columnMeta, docs?.meta.tableau, `column ${table}.${column.name}`);
  return {
    name: column.name,
    type: column.type,
    caption: meta.caption ?? inWords(column.name),
    description: (docs?.description ?? '').trim(),
    folder: meta.folder ?? null,
    role: meta.role ?? (/_(id|index)$/.test(column.name) ? 'dimension' : tableauType(column.type).role),
    defaultFormat: meta.format ?? null,
    defaultAggregation: meta.aggregation ?? null,
    hidden: meta.hidden ?? false,
  };
}

function parse<T extends z.ZodType>(schema: T, meta: unknown, where: string): z.infer<T> {
  const result = schema.safeParse(meta ?? {});
  if (result.success) return result.data;
  throw new Error(
    `extracts: ${where}: got meta.tableau that does not fit, want the documented keys; correct the model's yml: ${z.prettifyError(result.error)}`,
    { cause: result.error },
  );
}

/** `usage_date` as `Usage date`, `committed_tib` as `Committed TiB`. */
function inWords(name: string): string {
  const words = name
    .replace(/^(fct|dim|mart)_/, '')
    .replaceAll('_', ' ')
    .replace(/\btib\b/g, 'TiB');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
