import { readFile } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { z } from 'zod';
import { differences } from './compare_rows.ts';
import type { Columns, GoogleSql, TextRows } from './google_sql.ts';

const MANIFEST = z.object({
  nodes: z.record(
    z.string(),
    z.object({
      name: z.string(),
      resource_type: z.string(),
      relation_name: z.string().nullish(),
      compiled_code: z.string().nullish(),
      attached_node: z.string().nullish(),
      depends_on: z.object({ nodes: z.array(z.string()).default([]) }),
      test_metadata: z.object({ name: z.string(), kwargs: z.record(z.string(), z.unknown()) }).nullish(),
    }),
  ),
  sources: z.record(z.string(), z.object({ relation_name: z.string() })),
});

/** A model as compiled for BigQuery. Relations are named `project.dataset.table`. */
export interface CompiledModel {
  readonly name: string;
  readonly relation: string;
  readonly sql: string;
  /** The relations that it reads. */
  readonly parents: readonly string[];
  /** The columns of its grain test. */
  readonly grain: readonly string[];
}

const plain = (relation: string) => relation.replaceAll('`', '');

/** Every model of a manifest that dbt wrote for BigQuery, parents first. @throws Error for a model without grain or SQL */
export async function compiledModels(manifestPath: string): Promise<readonly CompiledModel[]> {
  const { nodes, sources } = MANIFEST.parse(JSON.parse(await readFile(manifestPath, 'utf8')));
  const grains = new Map(
    Object.values(nodes)
      .filter((node) => node.test_metadata?.name === 'primary_key')
      .map((node) => [
        node.attached_node,
        z.object({ columns: z.array(z.string()) }).parse(node.test_metadata?.kwargs).columns,
      ]),
  );
  const relationOf = (id: string) => {
    const relation = nodes[id]?.relation_name ?? sources[id]?.relation_name;
    return relation == null ? [] : [plain(relation)];
  };
  return Object.entries(nodes)
    .filter(([, node]) => node.resource_type === 'model')
    .map(([id, { name, relation_name, compiled_code, depends_on }]) => {
      const grain = grains.get(id);
      if (relation_name == null || compiled_code == null || grain === undefined)
        throw new Error(
          `models: ${name}: got no relation, SQL or grain test in the manifest, want all three`,
        );
      return {
        name,
        relation: plain(relation_name),
        sql: compiled_code,
        parents: depends_on.nodes.flatMap(relationOf),
        grain,
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The DuckDB expression that writes a value as google_sql/values.py does. */
function asText(column: string, type: string): string {
  const quoted = `"${column}"`;
  if (type === 'TIMESTAMP') return `epoch_us(${quoted})::varchar`;
  if (type === 'BYTES') return `lower(hex(${quoted}))`;
  return `${quoted}::varchar`;
}

/** The rows of a relation as DuckDB has them; `meterline.meterline_marts.x` is `marts.x` there. */
async function duckDbRows(
  connection: DuckDBConnection,
  relation: string,
  columns: Columns,
): Promise<TextRows> {
  const [project = '', dataset = '', table = ''] = relation.split('.');
  const texts = Object.entries(columns).map(([name, type]) => asText(name, type));
  const schema = dataset.replace(`${project}_`, '');
  const reader = await connection.runAndReadAll(`select ${texts.join(', ')} from ${schema}.${table}`);
  return reader.getRows() as unknown as TextRows;
}

/** What became of a model whose parents had the same rows in both engines. */
export interface Verdict {
  readonly rows: number;
  /** Empty where all rows are equal; the evaluator's words where it has no answer. */
  readonly differences: readonly string[];
}

/**
 * A model's SELECT in Google's evaluator over DuckDB's rows of its parents, held against DuckDB's rows of the model: each
 * model is judged by itself.
 */
export async function judge(
  model: CompiledModel,
  google: GoogleSql,
  connection: DuckDBConnection,
): Promise<Verdict> {
  const known = await google.describe([...model.parents, model.relation]);
  const inputs: Record<string, TextRows> = {};
  for (const parent of model.parents)
    inputs[parent] = await duckDbRows(connection, parent, known[parent] ?? {});
  const columns = known[model.relation] ?? {};
  const want = { columns, rows: await duckDbRows(connection, model.relation, columns) };
  const found = await google
    .evaluate(model.sql, inputs)
    .then((got) => differences(got, want, model.grain))
    .catch((error: Error) => [error.message]);
  return { rows: want.rows.length, differences: found };
}
