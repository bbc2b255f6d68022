import { basename } from 'node:path';
import { openDatabase } from './database.ts';
import { identifier, literal } from './sql.ts';

/** A table or view of a warehouse. */
export interface Relation {
  readonly schema: string;
  readonly name: string;
}

/** The name under which DuckDB knows the database of a file, and under which its views name their tables. */
export function catalogueOf(path: string): string {
  return basename(path).replace(/\.[^.]*$/, '');
}

/**
 * Makes a new DuckDB file with a view on each of some relations of a warehouse: models can be built there over the same
 * data, and the warehouse stays as it is. Whoever opens it attaches the warehouse read-only under its own name.
 * @throws Error where the file is there already, or the warehouse is written to meanwhile
 */
export async function makeWhatIf(options: {
  readonly path: string;
  readonly tempDir: string;
  readonly warehouse: string;
  readonly relations: readonly Relation[];
}): Promise<void> {
  const { path, tempDir, warehouse, relations } = options;
  const database = await openDatabase({ path, tempDir, memoryLimitMb: 200 });
  const catalogue = identifier(catalogueOf(warehouse));
  try {
    await database.main.run(
      'attach the warehouse',
      `ATTACH ${literal(warehouse)} AS ${catalogue} (READ_ONLY)`,
    );
    for (const schema of new Set(relations.map((relation) => relation.schema)))
      await database.main.run('make a schema', `CREATE SCHEMA IF NOT EXISTS ${identifier(schema)}`);
    for (const relation of relations) {
      const name = `${identifier(relation.schema)}.${identifier(relation.name)}`;
      await database.main.run(`link ${name}`, `CREATE VIEW ${name} AS SELECT * FROM ${catalogue}.${name}`);
    }
  } finally {
    database.close();
  }
}
