import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { DbtProject } from '../src/index.ts';

/** A dbt project in a folder of its own, whose name has a space and a letter that is not ASCII. */
export interface FixtureProject {
  readonly project: DbtProject;
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>;
  readonly remove: () => Promise<void>;
}

const SHOP_FILES: Readonly<Record<string, string>> = {
  'dbt_project.yml': `name: shop
version: '1.0'
profile: shop
models: {+materialized: table}
`,
  'profiles.yml': `shop:
  target: dev
  outputs:
    dev: {type: duckdb, path: "{{ env_var('SHOP_DATABASE') }}", threads: 2}
`,
  'seeds/raw_orders.csv': 'id,amount\n1,10\n2,3\n3,4\n',
  'models/orders.sql': `{{ config(materialized='incremental') }}\nselect id, amount from {{ ref('raw_orders') }}\n`,
};

/** Writes the shop (a seed and a model) and what is added to it. */
export async function shop(files: Readonly<Record<string, string>> = {}): Promise<FixtureProject> {
  const folder = await mkdtemp(path.join(tmpdir(), 'dbt wrapper ü-'));
  const projectDir = path.join(folder, 'shop');
  const write = async (added: Readonly<Record<string, string>>): Promise<void> => {
    for (const [name, text] of Object.entries(added)) {
      const file = path.join(projectDir, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
  };
  await write({ ...SHOP_FILES, ...files });
  const project: DbtProject = {
    python: pythonWithDbt(),
    projectDir,
    profilesDir: projectDir,
    target: 'dev',
    targetPath: path.join(folder, 'target'),
    env: { SHOP_DATABASE: path.join(folder, 'shop.duckdb') },
  };
  return { project, write, remove: () => rm(folder, { recursive: true, force: true }) };
}

/** `DBT_PYTHON`, or the nearest `.venv` upward from here. */
export function pythonWithDbt(): string {
  if (process.env.DBT_PYTHON) return process.env.DBT_PYTHON;
  const inside = process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python';
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const python = path.join(folder, '.venv', inside);
    if (existsSync(python)) return python;
    if (folder === path.dirname(folder))
      throw new Error('fixture: got no .venv upward of the tests, want one; set DBT_PYTHON');
  }
}

/** Writes an executable shell script and returns its path. */
export async function script(folder: string, body: string): Promise<string> {
  const file = path.join(folder, `script-${crypto.randomUUID()}`);
  await writeFile(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

/** A query that runs for hours on any machine, in little memory. */
export const SLOW_SQL =
  'select count(*) as c from range(1000000000) a, range(1000000) b where hash(a.range, b.range) % 7 = 3\n';

/** The rejection of a promise that has to reject. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const resolved = await promise.then(
    () => true,
    (error: unknown) => ({ error }),
  );
  if (resolved === true) throw new Error('fixture: got a result, want a rejection');
  return resolved === false ? undefined : resolved.error;
}
