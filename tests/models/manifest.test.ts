import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dbtParse } from 'dbt-core-wrapper';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { USAGE_AND_CHURN_COLUMNS } from '../../extracts/workbooks/usage_and_churn_source.ts';
import { EXTRACT_TABLES } from '../../pipelines/extract.ts';
import { FULL_MANIFEST, type FullManifest, manifestFaults } from '../../scripts/manifest_faults.ts';
import { modelsProject, shippedSeeds } from './models_project.ts';

const workbook = Object.keys(USAGE_AND_CHURN_COLUMNS);
const PUBLISHED = {
  'meterline.hyper': Object.keys(EXTRACT_TABLES),
  'meterline.tdsx': workbook,
  'meterline.twbx': workbook,
};

let dir = '';
let manifest: FullManifest;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'meterline-manifest-'));
  await shippedSeeds(dir);
  await dbtParse(modelsProject(dir, 'duckdb'));
  const text = await readFile(join(dir, 'target-duckdb/manifest.json'), 'utf8');
  manifest = FULL_MANIFEST.parse(JSON.parse(text));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('every model keeps the rules of the layers', () => {
  expect(manifestFaults(manifest, PUBLISHED)).toEqual([]);
  expect(Object.keys(manifest.nodes).length).toBeGreaterThan(100);
});

/** The manifest after a change, and the faults that it brings. */
function faultsAfter(change: (copy: FullManifest) => void): readonly string[] {
  const copy = structuredClone(manifest);
  change(copy);
  return manifestFaults(copy, PUBLISHED);
}

function node(copy: FullManifest, name: string): FullManifest['nodes'][string] {
  const found = copy.nodes[`model.meterline.${name}`];
  if (found === undefined) throw new Error(`tests: ${name}: got no such model, want one`);
  return found;
}

const MART = 'fct_usage_daily';
const STAGING = 'stg_polaris__clusters';

describe('a broken rule is named with its model', () => {
  const cases: readonly (readonly [string, (copy: FullManifest) => void, string])[] = [
    [
      'a source read outside staging',
      (m) => node(m, MART).depends_on.nodes.push('source.meterline.polaris.polaris_readings'),
      `${MART}: reads source.meterline.polaris.polaris_readings, want a model of staging over it`,
    ],
    [
      'a seed read outside staging',
      (m) => node(m, MART).depends_on.nodes.push('seed.meterline.seed_dimension_map'),
      `${MART}: reads seed.meterline.seed_dimension_map, want a model of staging over it`,
    ],
    [
      'staging over a mart',
      (m) => node(m, STAGING).depends_on.nodes.push(`model.meterline.${MART}`),
      `${STAGING}: reads ${MART} of marts, want nothing above staging`,
    ],
    [
      'no grain test',
      (m) => {
        for (const [id, { attached_node, test_metadata }] of Object.entries(m.nodes))
          if (attached_node === `model.meterline.${STAGING}` && test_metadata?.name === 'primary_key')
            delete m.nodes[id];
      },
      `${STAGING}: got no grain test, want primary_key`,
    ],
    [
      'a model without a text',
      (m) => Object.assign(node(m, STAGING), { description: '' }),
      `${STAGING}: got no description, want one`,
    ],
    [
      'a column without a text',
      (m) => Object.assign(node(m, STAGING).columns.region ?? {}, { description: '' }),
      `${STAGING}: column region: got no description, want one`,
    ],
    [
      'no contract',
      (m) => Object.assign(node(m, MART).config.contract, { enforced: false }),
      `${MART}: got no enforced contract, want one`,
    ],
    [
      'a group without an owner',
      (m) => Object.assign(node(m, MART), { group: 'nobody' }),
      `${MART}: got group nobody, want one with an owner and an address`,
    ],
    [
      'a mart that is not public',
      (m) => Object.assign(node(m, MART), { access: 'protected' }),
      `${MART}: got access protected, want public`,
    ],
    [
      'a mart without its texts in the warehouse',
      (m) => Object.assign(node(m, MART).config.persist_docs, { columns: false }),
      `${MART}: got persist_docs in part or not at all, want both`,
    ],
    [
      'a mart without a unit test',
      (m) => {
        for (const [id, { model }] of Object.entries(m.unit_tests))
          if (model === MART) delete m.unit_tests[id];
      },
      `${MART}: got no unit test, want one`,
    ],
    [
      'an exposure of a model that is not there',
      (m) => m.exposures['exposure.meterline.meterline_twbx']?.depends_on.nodes.push('model.meterline.gone'),
      `exposure meterline_twbx: got ${[...workbook, 'unknown model.meterline.gone'].sort().join(', ')}, want what the night takes: ${[...workbook].sort().join(', ')}`,
    ],
    [
      'a published file without an exposure',
      (m) => {
        delete m.exposures['exposure.meterline.meterline_tdsx'];
      },
      'meterline.tdsx: got no exposure with this label, want one in marts/exposures.yml',
    ],
  ];
  test.each(cases)('%s', (_, change, fault) => {
    expect(faultsAfter(change)).toEqual([fault]);
  });
});
