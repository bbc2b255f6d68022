import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import cron from 'node-cron';
import type { Source } from '../connectors/source.ts';
import { NightError } from '../schemas/errors.ts';
import type { Page } from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import { landPage } from '../warehouse/landing.ts';
import type { Load } from '../warehouse/warehouse.ts';
import { type Night, opened } from './night.ts';
import { matchesBetween } from './schedule.ts';

/**
 * True when a time of the source's `reconcile_cron` (UTC) has passed since its last reconciliation, or none is known:
 * then its keys are listed, and what does not move its bookmark is read again.
 * @throws NightError for an expression that is not cron
 */
export async function isReconciliationDue(source: Source, night: Night): Promise<boolean> {
  if (source.presentKeys === undefined) return false;
  const expression = night.config.sources.salesforce?.reconcile_cron;
  if (expression === undefined) return false;
  if (!cron.validate(expression)) {
    throw new NightError(
      `pipelines: sources.salesforce.reconcile_cron: got "${expression}", want five cron fields`,
      { stage: 'setup', source: source.name, next_step: 'write it as in "0 4 * * 0"' },
    );
  }
  const last = await lastReconciliation(source, night);
  return last === null || matchesBetween(expression, last, night.env.now());
}

/** Stages the keys that the source has now, each page landed; false for a stream that holds nothing to compare. */
export async function listKeys(source: Source, stream: Stream, staged: Load, night: Night): Promise<boolean> {
  if (source.presentKeys === undefined || (await opened(night).bookmark(stream)) === null) return false;
  let keys = 0;
  for await (const listed of source.presentKeys(stream, night.env.signal)) {
    await landPage(night.data.root, listed.page);
    await staged.present(listed.keys);
    keys += listed.keys.length;
  }
  night.env.log('info', `pipelines: reconciliation of ${source.name}.${stream.name}: ${keys} keys listed`);
  return true;
}

/**
 * Reads the records whole that the warehouse lacks though the source named them: a listed key, or a patch of a record
 * that is not held as it must be.
 */
export async function readUnheld(
  source: Source,
  stream: Stream,
  staged: Load,
  night: Night,
  take: (page: Page) => Promise<void>,
): Promise<void> {
  if (source.records === undefined) return;
  const keys = await staged.unheld();
  if (keys.length === 0) return;
  night.env.log(
    'info',
    `pipelines: ${source.name}.${stream.name}: ${keys.length} records not held; they are read`,
  );
  for await (const page of source.records(stream, keys, night.env.signal)) await take(page);
}

/** Notes that every stream of the source was reconciled and committed. The instant is the night's clock at the start of the load. */
export async function noteReconciliation(source: Source, night: Night, at: Date): Promise<void> {
  const file = fileOf(source, night);
  await mkdir(join(night.data.state, source.name), { recursive: true });
  await writeFile(`${file}.partial`, JSON.stringify({ reconciled_at: at.toISOString() }), { flush: true });
  await rename(`${file}.partial`, file);
}

function fileOf(source: Source, night: Night): string {
  return join(night.data.state, source.name, 'reconciled.json');
}

/** Null where the file is missing or says nothing: reconciling once too often does no harm. */
async function lastReconciliation(source: Source, night: Night): Promise<Date | null> {
  let text: string;
  try {
    text = await readFile(fileOf(source, night), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const stated = /"reconciled_at":"([^"]+)"/.exec(text)?.[1] ?? '';
  return Number.isNaN(Date.parse(stated)) ? null : new Date(stated);
}
