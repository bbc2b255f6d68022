import { mkdir, rm } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { TableauError } from './tableau_http.ts';
import type { ContentKind, Publication, PublishedContent, TableauClient } from './tableau_rest.ts';

/** One file to publish under a name in a project. */
export interface PublishItem {
  readonly name: string;
  readonly path: string;
}

/** What was published, in order. */
export interface PublishReport {
  readonly published: readonly {
    readonly kind: ContentKind;
    readonly name: string;
    readonly replaced: boolean;
  }[];
}

export type PublishStep = 'look up' | 'save earlier version' | 'upload' | 'publish';

/**
 * A publication that did not succeed. What had already been published was put back: `restored` names it. An item in
 * `notRestored` could not be put back and is in its new version (or in an unknown one).
 */
export class PublishError extends Error {
  readonly item: string;
  readonly step: PublishStep;
  readonly restored: readonly string[];
  readonly notRestored: readonly string[];

  constructor(about: {
    item: string;
    step: PublishStep;
    restored: readonly string[];
    notRestored: readonly string[];
    cause: unknown;
  }) {
    const reason = about.cause instanceof Error ? about.cause.message : String(about.cause);
    const state =
      about.notRestored.length === 0
        ? `what is published is as before${about.restored.length === 0 ? '' : ` (put back: ${about.restored.join(', ')})`}`
        : `NOT as before: ${about.notRestored.join(', ')}; put back: ${about.restored.join(', ') || 'none'}`;
    super(`extracts: publishing ${about.item}, ${about.step}: ${reason}; ${state}`, { cause: about.cause });
    this.name = 'PublishError';
    this.item = about.item;
    this.step = about.step;
    this.restored = about.restored;
    this.notRestored = about.notRestored;
  }
}

interface Prepared {
  readonly publication: Publication;
  readonly label: string;
  readonly earlier: PublishedContent | null;
  readonly backup: string | null;
  uploadSession: string | null;
}

/**
 * Publishes data sources, then workbooks, all or none: first everything that can fail without a trace (look-up,
 * saving the versions now published, uploading), then the publications themselves. When one of them fails, the
 * earlier versions are published again and what is new is removed, newest first.
 * @throws PublishError naming item and step, and what could not be put back.
 */
export async function publishAll(
  client: TableauClient,
  work: {
    readonly project: string;
    readonly datasources: readonly PublishItem[];
    readonly workbooks: readonly PublishItem[];
    /** Where the versions now published are kept meanwhile: what is in it goes first, and it goes in the end. */
    readonly backups: string;
  },
): Promise<PublishReport> {
  const folder = work.backups;
  // A killed run's backups: files of the size of an extract.
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  try {
    const items = [
      ...work.datasources.map((item) => ({ kind: 'datasource' as const, ...item })),
      ...work.workbooks.map((item) => ({ kind: 'workbook' as const, ...item })),
    ];
    const prepared = await prepare(client, work.project, items, folder);
    const done: Prepared[] = [];
    for (const item of prepared) {
      try {
        await publishOne(client, item);
      } catch (error) {
        // A refusal changed nothing; after a lost answer the item itself may be new already.
        const certain = error instanceof TableauError && error.certain;
        const outcome = await putBack(client, certain ? done : [...done, item]);
        throw new PublishError({ item: item.label, step: 'publish', ...outcome, cause: error });
      }
      done.push(item);
    }
    return {
      published: done.map(({ publication, earlier }) => ({
        kind: publication.kind,
        name: publication.name,
        replaced: earlier !== null,
      })),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function prepare(
  client: TableauClient,
  project: string,
  items: readonly (PublishItem & { readonly kind: ContentKind })[],
  folder: string,
): Promise<readonly Prepared[]> {
  const { id: projectId } = await step(`project ${project}`, 'look up', () => client.findProject(project));
  const prepared: Prepared[] = [];
  for (const [index, { kind, name, path }] of items.entries()) {
    const label = `${kind} ${name}`;
    const earlier = await step(label, 'look up', () => client.find(kind, name, projectId));
    const backup = earlier === null ? null : join(folder, `${index}${extname(path)}`);
    if (earlier !== null && backup !== null) {
      await step(label, 'save earlier version', () => client.download(kind, earlier.id, backup));
    }
    prepared.push({
      publication: { kind, name, projectId, path },
      label,
      earlier,
      backup,
      uploadSession: null,
    });
  }
  for (const item of prepared) {
    item.uploadSession = await step(item.label, 'upload', () => client.upload(item.publication.path));
  }
  return prepared;
}

async function step<T>(item: string, name: PublishStep, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new PublishError({ item, step: name, restored: [], notRestored: [], cause: error });
  }
}

async function publishOne(client: TableauClient, item: Prepared): Promise<void> {
  try {
    await client.publish(item.publication, true, item.uploadSession);
  } catch (error) {
    if (item.uploadSession === null || (error instanceof TableauError && error.certain)) throw error;
    // The answer was lost and the upload session with it: overwriting with the same file once more does no harm.
    const again = await client.upload(item.publication.path);
    await client.publish(item.publication, true, again);
  }
}

async function putBack(
  client: TableauClient,
  items: readonly Prepared[],
): Promise<{ readonly restored: readonly string[]; readonly notRestored: readonly string[] }> {
  const restored: string[] = [];
  const notRestored: string[] = [];
  for (const item of items.toReversed()) {
    try {
      await putBackOne(client, item);
      restored.push(item.label);
    } catch (error) {
      notRestored.push(`${item.label} (${error instanceof Error ? error.message : String(error)})`);
    }
  }
  return { restored, notRestored };
}

async function putBackOne(client: TableauClient, item: Prepared): Promise<void> {
  const { kind, name, projectId } = item.publication;
  if (item.backup !== null) {
    const uploadSession = await client.upload(item.backup);
    await client.publish({ ...item.publication, path: item.backup }, true, uploadSession);
    return;
  }
  const added = await client.find(kind, name, projectId);
  if (added !== null) await client.remove(kind, added.id);
}
