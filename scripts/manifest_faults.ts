import { z } from 'zod';

const DEPENDS = z.object({ nodes: z.array(z.string()).default([]) }).prefault({});
const DESCRIBED = { name: z.string(), description: z.string().default('') };

const NODE = z.object({
  ...DESCRIBED,
  resource_type: z.string(),
  original_file_path: z.string(),
  columns: z.record(z.string(), z.object(DESCRIBED)).default({}),
  depends_on: DEPENDS,
  group: z.string().nullish(),
  access: z.string().nullish(),
  config: z
    .object({
      contract: z.object({ enforced: z.boolean().default(false) }).prefault({}),
      persist_docs: z
        .object({ relation: z.boolean().default(false), columns: z.boolean().default(false) })
        .prefault({}),
    })
    .prefault({}),
  attached_node: z.string().nullish(),
  test_metadata: z.object({ name: z.string() }).nullish(),
});
type Node = z.infer<typeof NODE>;

const OWNER = z.object({
  name: z.string().nullish(),
  email: z.union([z.string(), z.array(z.string())]).nullish(),
});
const EXPOSURE = z.object({ ...DESCRIBED, label: z.string().nullish(), owner: OWNER, depends_on: DEPENDS });

/** What the rules look at in dbt's `manifest.json`. */
export const FULL_MANIFEST = z.object({
  nodes: z.record(z.string(), NODE),
  groups: z.record(z.string(), z.object({ name: z.string(), owner: OWNER })),
  exposures: z.record(z.string(), EXPOSURE),
  unit_tests: z.record(z.string(), z.object({ model: z.string() })),
});
export type FullManifest = z.infer<typeof FULL_MANIFEST>;

/** Files that the night writes, each with the marts in it. */
export type PublishedFiles = Readonly<Record<string, readonly string[]>>;

/**
 * What breaks the rules of models/layout.md, one line each; empty where nothing does. A model reads only what lies below
 * its layer, has an owner, a grain test, a contract and all its texts; a mart is public, puts its texts into the warehouse
 * and has a unit test; each published file is an exposure that names the marts it takes.
 */
export function manifestFaults(manifest: FullManifest, published: PublishedFiles): readonly string[] {
  const models = Object.entries(manifest.nodes).filter(([, node]) => node.resource_type === 'model');
  return [
    ...models.flatMap(([id, model]) => [
      ...layerFaults(model, manifest),
      ...textFaults(model),
      ...ownerFaults(model, manifest),
      ...testFaults(id, model, manifest),
      ...(layerOf(model) === 'marts' ? martFaults(model) : []),
    ]),
    ...exposureFaults(manifest, published),
  ].sort();
}

const layerOf = (node: Node) => node.original_file_path.split('/')[0] ?? '';

function layerFaults(model: Node, { nodes }: FullManifest): readonly string[] {
  const layer = layerOf(model);
  return model.depends_on.nodes.flatMap((id) => {
    const parent = nodes[id];
    const raw = parent === undefined || parent.resource_type === 'seed';
    if (raw && layer !== 'staging') return [`${model.name}: reads ${id}, want a model of staging over it`];
    // What is published may be read again below another mart: repeating it would be worse.
    if (parent?.resource_type === 'model' && layer === 'staging' && layerOf(parent) !== layer)
      return [`${model.name}: reads ${parent.name} of ${layerOf(parent)}, want nothing above ${layer}`];
    return [];
  });
}

function textFaults(model: Node): readonly string[] {
  const columns = Object.values(model.columns).filter(({ description }) => description === '');
  return [
    ...(model.description === '' ? [`${model.name}: got no description, want one`] : []),
    ...columns.map(({ name }) => `${model.name}: column ${name}: got no description, want one`),
    ...(model.config.contract.enforced ? [] : [`${model.name}: got no enforced contract, want one`]),
  ];
}

function ownerFaults(model: Node, { groups }: FullManifest): readonly string[] {
  const group = Object.values(groups).find(({ name }) => name === model.group);
  if (group?.owner.email != null) return [];
  return [`${model.name}: got group ${model.group ?? 'none'}, want one with an owner and an address`];
}

function testFaults(id: string, model: Node, { nodes, unit_tests }: FullManifest): readonly string[] {
  const grain = Object.values(nodes).some(
    (node) => node.attached_node === id && node.test_metadata?.name === 'primary_key',
  );
  const unit = Object.values(unit_tests).some((test) => test.model === model.name);
  return [
    ...(grain ? [] : [`${model.name}: got no grain test, want primary_key`]),
    ...(unit || layerOf(model) !== 'marts' ? [] : [`${model.name}: got no unit test, want one`]),
  ];
}

function martFaults(model: Node): readonly string[] {
  const { relation, columns } = model.config.persist_docs;
  return [
    ...(model.access === 'public' ? [] : [`${model.name}: got access ${model.access}, want public`]),
    ...(relation && columns ? [] : [`${model.name}: got persist_docs in part or not at all, want both`]),
  ];
}

function exposureFaults({ nodes, exposures }: FullManifest, published: PublishedFiles): readonly string[] {
  const labelled = new Map(Object.values(exposures).map((exposure) => [exposure.label, exposure]));
  const missing = Object.keys(published).filter((file) => !labelled.has(file));
  return [
    ...missing.map((file) => `${file}: got no exposure with this label, want one in marts/exposures.yml`),
    ...Object.values(exposures).flatMap((exposure) => {
      const { name, label, owner, depends_on } = exposure;
      const takes = depends_on.nodes.map((id) => nodes[id]?.name ?? `unknown ${id}`).sort();
      const want = [...(published[label ?? ''] ?? [])].sort();
      return [
        ...(owner.email == null ? [`exposure ${name}: got no owner's address, want one`] : []),
        ...(takes.join() === want.join()
          ? []
          : [`exposure ${name}: got ${takes.join(', ')}, want what the night takes: ${want.join(', ')}`]),
      ];
    }),
  ];
}
