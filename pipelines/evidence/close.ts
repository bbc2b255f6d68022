import { join } from 'node:path';
import { keepVerifierKey } from '../../evidence/storage/checkpoint_files.ts';
import { settleClose, stageClose } from '../../evidence/storage/close_files.ts';
import type { Config } from '../../schemas/config.ts';
import type { Policies } from '../../schemas/policies.ts';
import type { LineTexts, PeriodClose, Preparation } from '../../warehouse/close_records.ts';
import { firstDayOf } from '../months.ts';
import { type Night, type NightEnv, opened } from '../night.ts';
import { loadPolicies, writeSeeds } from '../policies.ts';
import { programVersion } from '../version.ts';
import { closeWarehouse, openWarehouse } from '../warehouse_access.ts';
import { inScratchFolder, relationsOf, withWhatIf } from '../what_if.ts';
import { assertApprovable, signerOf } from './close_approval.ts';
import {
  assertBuilt,
  assertClosable,
  type Closable,
  isSamePerson,
  openExceptionsOf,
  personOf,
  refusal,
  signedLog,
} from './close_checks.ts';
import { linesHash, previousNote, signedFiles } from './close_files.ts';
import { type CloseReport, closedReport, preparedReport } from './close_report.ts';
import { inCloseRun } from './close_run.ts';
import { type RequestTimestamp, timestampCheckpoint } from './close_timestamp.ts';
import { reperform } from './reperform.ts';
import { showCloses } from './show_closes.ts';
import { requestTimestamp } from './timestamp.ts';
import type { Tell } from './verify.ts';

/** The steps of a close that reach beyond the warehouse. */
export interface CloseSteps {
  readonly reperform: typeof reperform;
  readonly requestTimestamp: RequestTimestamp;
}

const STEPS: CloseSteps = { reperform, requestTimestamp };

/**
 * Freezes the figures of a month (`yyyy-mm`) for approval: its overage lines as its close takes them, totals by dimension, the
 * sealed log. A month may be prepared again until it is approved; the newest preparation counts.
 * @throws UsageError naming why the month cannot be closed now, and what to do
 * @throws LockedError when a run has the data directory
 */
export async function prepareClose(
  config: Config,
  request: { readonly month: string; readonly by: string },
  env: NightEnv,
  steps = STEPS,
): Promise<CloseReport> {
  const month = firstDayOf(request.month);
  const prepared_by = personOf(request.by);
  const policies = await loadPolicies(config.policies);
  return inCloseRun(config, env, async (night) => {
    const closable = await assertClosable(night, month);
    const prepared = await inScratchFolder(night.data.temporary, 'evidence-close-', async (folder) => {
      await writeSeeds(policies, join(folder, 'seeds'));
      await assertBuilt(night, month, policies, join(folder, 'seeds'));
      return freeze(night, { month, prepared_by, ...closable }, { policies, folder }, steps);
    });
    const exceptions = await openExceptionsOf(night, month);
    await showCloses(night, 'prepared');
    return preparedReport(prepared, exceptions);
  });
}

/** Builds the lines that the close takes beside the warehouse, and keeps them in one transaction with what goes with them. */
async function freeze(
  night: Night,
  about: Closable & { readonly month: string; readonly prepared_by: string },
  { policies, folder }: { readonly policies: Policies; readonly folder: string },
  steps: CloseSteps,
): Promise<Preparation> {
  const { month, load_id } = about;
  const exceptions = (await openExceptionsOf(night, month)).reduce((sum, each) => sum + each.exceptions, 0);
  const log = await signedLog(night, month);
  const relations = await relationsOf(opened(night));
  night.env.onEvent({
    kind: 'stage',
    stage: 'transform',
    detail: `lines that ${month.slice(0, 7)} closes with`,
  });
  await closeWarehouse(night);
  const whatIf = {
    ...{ config: night.config, env: night.env, warehouse: night.data.warehouse, relations, folder, policies },
    // Every view and table before these is the warehouse's own.
    select: ['int_overage_readings+,+fct_overage'],
    vars: { close_month: month, close_load_id: load_id },
    what: 'evidence close',
    next_step: 'mend the model that is named, then prepare again; nothing was frozen',
  };
  return withWhatIf(whatIf, async (built) => {
    await openWarehouse(night);
    const file = join(folder, 'lines.parquet');
    await built.exportClosingLines(month, file);
    const shown = (await built.shownLines(month)) ?? [];
    const prepared_at = night.env.now().toISOString();
    const program_version = programVersion();
    const again = await reperformed(night, about, shown, steps);
    const record = { ...about, ...log, ...again, exceptions, prepared_at, program_version };
    return opened(night).prepareClose(record, file, linesHash);
  });
}

async function reperformed(
  night: Night,
  about: Closable & { readonly month: string },
  lines: readonly LineTexts[],
  steps: CloseSteps,
): Promise<Pick<Preparation, 'lines_reperformed' | 'reperform_differences'>> {
  const { config, data, env } = night;
  env.onEvent({ kind: 'stage', stage: 'transform', detail: 'the same lines from the landed pages alone' });
  const scope = { ...about, policies: config.policies, as_of_cut_off: config.cut_offs.as_of };
  const tell: Tell = (item, done, total) =>
    env.onEvent({ kind: 'progress', stage: 'transform', item, done, total, unit: 'files', share: null });
  const found = await steps.reperform(data, opened(night), scope, lines, tell);
  return { lines_reperformed: found.lines, reperform_differences: found.differences.length };
}

/**
 * Closes a month (`yyyy-mm`) with its newest preparation, by another person than who prepared it. Time stamp first, then the
 * signed files beside their places, the transaction, their names, the marts: a kill before the transaction leaves the month
 * open, one after it leaves what the same command, or the next run, finishes.
 * @throws UsageError naming why it cannot be approved, and what to do
 * @throws NightError where the authority gives no time stamp (nothing is closed), or a mart cannot be rebuilt (it is)
 * @throws LockedError when a run has the data directory
 */
export async function approveClose(
  config: Config,
  request: { readonly month: string; readonly by: string; readonly accept: string | null },
  env: NightEnv,
  steps = STEPS,
): Promise<CloseReport> {
  const month = firstDayOf(request.month);
  const approved_by = personOf(request.by);
  const policies = await loadPolicies(config.policies);
  const signer = await signerOf(config);
  return inCloseRun(config, env, async (night) => {
    const done = await closedBy(night, month, approved_by);
    const close = done ?? (await newClose(night, { ...request, month, approved_by, policies }, steps));
    const prepared = await preparationOf(night, close);
    if (done === null) {
      const { evidence } = night.data;
      const lines = await opened(night).preparedLines(prepared.preparation_id);
      await keepVerifierKey(evidence, signer);
      const previous = await previousNote(evidence, await opened(night).periodCloses(), month);
      await stageClose(evidence, request.month, signedFiles(close, prepared, lines, { previous, signer }));
      await opened(night).closePeriod(close);
      await settleClose(evidence, request.month);
    }
    await showCloses(night, 'closed');
    return closedReport(close, prepared, await openExceptionsOf(night, month), night.data);
  });
}

/** The close of a month that this person approved before: the command was killed, or is repeated. @throws UsageError for another's */
async function closedBy(night: Night, month: string, approved_by: string): Promise<PeriodClose | null> {
  const closed = (await opened(night).periodCloses()).find((each) => each.month === month);
  if (closed === undefined || isSamePerson(closed.approved_by, approved_by)) return closed ?? null;
  throw refusal(
    month,
    `a month closed by ${closed.approved_by} at ${closed.approved_at}`,
    'an open one',
    'what came late is an adjustment in the open month',
  );
}

async function newClose(
  night: Night,
  request: {
    readonly month: string;
    readonly approved_by: string;
    readonly accept: string | null;
    readonly policies: Policies;
  },
  steps: CloseSteps,
): Promise<PeriodClose> {
  const { prepared, accepted_reason, exceptions } = await assertApprovable(night, request);
  const timestamped_at = await timestampCheckpoint(night, prepared, steps.requestTimestamp);
  const { newest_load_id } = await opened(night).buildState();
  const { month, preparation_id, cut_off_at, prepared_by, prepared_at, tree_size, root_hash, checkpoint } =
    prepared;
  return {
    ...{ month, preparation_id, cut_off_at, prepared_by, prepared_at, tree_size, root_hash, checkpoint },
    prepared_load_id: prepared.load_id,
    approved_load_id: newest_load_id,
    approved_by: request.approved_by,
    approved_at: night.env.now().toISOString(),
    accepted_reason,
    exceptions,
    timestamped_at,
  };
}

async function preparationOf(night: Night, close: PeriodClose): Promise<Preparation> {
  const prepared = await opened(night).preparation({ id: close.preparation_id });
  if (prepared !== null) return prepared;
  throw refusal(close.month, `no preparation ${close.preparation_id}`, 'the one that it was closed with');
}
