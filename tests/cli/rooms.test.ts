import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programPaths } from '../../pipelines/paths.ts';

const { root } = programPaths();
const biome = join(root, 'node_modules', '.bin', 'biome');

/** Lints a file planted in the tree, and takes it away again. */
function lintPlanted(path: string, text: string): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { flag: 'wx' });
  try {
    const result = spawnSync(biome, ['lint', '--colors=off', path], { cwd: root, encoding: 'utf8' });
    return `${result.stdout}${result.stderr}`;
  } finally {
    rmSync(file);
  }
}

describe('the direction of the rooms', () => {
  it.each([
    ['schemas', '../pipelines/night.ts'],
    ['connectors/polaris', '../../warehouse/warehouse.ts'],
    ['warehouse/duckdb', '../../connectors/source.ts'],
    ['evidence', '../warehouse/warehouse.ts'],
    ['evidence/reperform', '../../schemas/streams.ts'],
    ['evidence/reperform', '../leaf.ts'],
    ['extracts', '../warehouse/warehouse.ts'],
    ['pipelines', '../cli/main.ts'],
    ['simulators', '../connectors/source.ts'],
    ['packages/dbt-core-wrapper/src', '../../../schemas/streams.ts'],
  ])('refuses an import from %s of %s', (room, imported) => {
    const output = lintPlanted(`${room}/planted_violation.ts`, `export * from '${imported}';\n`);
    expect(output).toContain('noRestrictedImports');
  });

  it('lets pipelines import warehouse', () => {
    const output = lintPlanted(
      'pipelines/planted_permission.ts',
      "export type { Load } from '../warehouse/warehouse.ts';\n",
    );
    expect(output).not.toContain('noRestrictedImports');
  });
});
