import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { DbtError } from './error.ts';

/*
 * The parts of dbt's artefacts that callers need, in dbt's own names. Keys that are not listed are dropped, so that a
 * later dbt with more of them is read as well (https://schemas.getdbt.com/dbt/: manifest v12, run-results v6, catalog v1).
 */

const metadata = z.object({
  dbt_schema_version: z.string(),
  dbt_version: z.string(),
  generated_at: z.string(),
  invocation_id: z.string().nullish(),
  adapter_type: z.string().nullish(),
  project_name: z.string().nullish(),
});

const meta = z.record(z.string(), z.unknown()).default({});

const column = z.object({
  name: z.string(),
  description: z.string().default(''),
  data_type: z.string().nullish(),
  meta,
});

const manifestNode = z.object({
  unique_id: z.string(),
  name: z.string(),
  resource_type: z.string(),
  package_name: z.string(),
  /** Path below the project directory, such as `models/marts/orders.sql`; for a generic test that of its .yml file. */
  original_file_path: z.string(),
  alias: z.string().nullish(),
  database: z.string().nullish(),
  schema: z.string().nullish(),
  relation_name: z.string().nullish(),
  description: z.string().default(''),
  columns: z.record(z.string(), column).default({}),
  meta,
  tags: z.array(z.string()).default([]),
  config: z
    .object({
      materialized: z.string().nullish(),
      meta,
      tags: z.union([z.string(), z.array(z.string())]).nullish(),
      enabled: z.boolean().default(true),
    })
    .prefault({}),
  depends_on: z.object({ nodes: z.array(z.string()).default([]) }).prefault({}),
  raw_code: z.string().nullish(),
  compiled_path: z.string().nullish(),
  build_path: z.string().nullish(),
  patch_path: z.string().nullish(),
  /** Generic tests: the model or seed they test, and the column. */
  attached_node: z.string().nullish(),
  column_name: z.string().nullish(),
});

const manifestSource = z.object({
  unique_id: z.string(),
  source_name: z.string(),
  name: z.string(),
  database: z.string().nullish(),
  schema: z.string(),
  identifier: z.string(),
  relation_name: z.string().nullish(),
  original_file_path: z.string(),
  description: z.string().default(''),
  columns: z.record(z.string(), column).default({}),
  meta,
});

const unitTest = z.object({
  unique_id: z.string(),
  name: z.string(),
  model: z.string(),
  original_file_path: z.string(),
  package_name: z.string(),
});

const manifestSchema = z.object({
  metadata,
  nodes: z.record(z.string(), manifestNode),
  sources: z.record(z.string(), manifestSource).default({}),
  unit_tests: z.record(z.string(), unitTest).default({}),
  /** Per node the nodes it is made from, and those made from it. */
  parent_map: z.record(z.string(), z.array(z.string())).nullish(),
  child_map: z.record(z.string(), z.array(z.string())).nullish(),
});

const runResult = z.object({
  unique_id: z.string(),
  /** A word of dbt's `NodeStatus`. */
  status: z.string(),
  execution_time: z.number(),
  message: z.string().nullish(),
  failures: z.number().nullish(),
  relation_name: z.string().nullish(),
  compiled_code: z.string().nullish(),
  adapter_response: z.object({ rows_affected: z.number().nullish().catch(null) }).catch({}),
});

const runResultsSchema = z.object({ metadata, elapsed_time: z.number(), results: z.array(runResult) });

const catalogTable = z.object({
  unique_id: z.string().nullish(),
  metadata: z.object({
    type: z.string(),
    database: z.string().nullish(),
    schema: z.string(),
    name: z.string(),
    comment: z.string().nullish(),
  }),
  columns: z.record(
    z.string(),
    z.object({ name: z.string(), type: z.string(), index: z.number(), comment: z.string().nullish() }),
  ),
});

const catalogSchema = z.object({
  metadata,
  nodes: z.record(z.string(), catalogTable),
  sources: z.record(z.string(), catalogTable).default({}),
  errors: z.array(z.string()).nullish(),
});

/** The project as dbt understood it (`manifest.json`): nodes, sources and unit tests by their unique id. */
export type Manifest = z.infer<typeof manifestSchema>;
/** One model, seed, snapshot, test or hook of the project. */
export type ManifestNode = z.infer<typeof manifestNode>;
/** The outcome of the last command (`run_results.json`): one entry per node. */
export type RunResults = z.infer<typeof runResultsSchema>;
/** One node's outcome, as dbt writes it. */
export type RunResult = z.infer<typeof runResult>;
/** The relations and columns found in the database (`catalog.json`), by unique id. */
export type Catalog = z.infer<typeof catalogSchema>;

/** Reads `manifest.json`. @throws DbtError `artifact` */
export const readManifest = (file: string): Promise<Manifest> =>
  readArtifact(file, 'manifest', manifestSchema);

/** Reads `run_results.json`. @throws DbtError `artifact` */
export const readRunResults = (file: string): Promise<RunResults> =>
  readArtifact(file, 'run results', runResultsSchema);

/** Reads `catalog.json`. @throws DbtError `artifact` */
export const readCatalog = (file: string): Promise<Catalog> => readArtifact(file, 'catalog', catalogSchema);

/** Reads a manifest that is already in memory, such as one kept in a database. @throws DbtError `artifact` */
export const parseManifest = (value: unknown): Manifest => parseArtifact(value, 'manifest', manifestSchema);

/** Reads run results that are already in memory. @throws DbtError `artifact` */
export const parseRunResults = (value: unknown): RunResults =>
  parseArtifact(value, 'run results', runResultsSchema);

/** Reads a catalog that is already in memory. @throws DbtError `artifact` */
export const parseCatalog = (value: unknown): Catalog => parseArtifact(value, 'catalog', catalogSchema);

async function readArtifact<T>(file: string, what: string, schema: z.ZodType<T>): Promise<T> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const observed = cause instanceof Error ? cause.message : String(cause);
    const message = `dbt: ${what} ${file}: got ${observed}, want a JSON file that dbt wrote; run the command again`;
    throw new DbtError('artifact', message, { observed, file, cause });
  }
  return parseArtifact(value, `${what} ${file}`, schema);
}

function parseArtifact<T>(value: unknown, what: string, schema: z.ZodType<T>): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const observed = parsed.error.issues
    .slice(0, 3)
    .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
    .join('; ');
  const message = `dbt: ${what}: got ${observed}, want the form of dbt 1.11; check which dbt wrote it`;
  throw new DbtError('artifact', message, { observed, cause: parsed.error });
}
