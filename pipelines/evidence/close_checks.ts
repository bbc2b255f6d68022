import { openCheckpoint } from '../../evidence/checkpoint.ts';
import { readCheckpoint, readVerifierKeys } from '../../evidence/storage/checkpoint_files.ts';
import { notedMonths } from '../../evidence/storage/close_files.ts';
import { DifferenceError, UsageError } from '../../schemas/errors.ts';
import type { Policies } from '../../schemas/policies.ts';
import { closeCutOff, daysAfter, monthAfter } from '../months.ts';
import { type Night, opened } from '../night.ts';
import {
  changedPolicies,
  closedUntil,
  describeChange,
  describeMissing,
  missingPolicies,
  unusedVersions,
  versionsOf,
} from '../policy_versions.ts';
import { sealLeftovers } from '../seal.ts';
import { dbtVariables, fingerprintOf } from '../transform.ts';

/** Who prepares or approves, without the space around it. @throws UsageError where it is empty, no single line, or has what nobody sees */
export function personOf(by: string): string {
  const person = by.trim();
  if (person !== '' && person.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(person)) return person;
  throw new UsageError(`--by: got ${JSON.stringify(by)}, want an id on one line, such as a mail address`);
}

/** Whether two ids name one person: space around them and upper case do not tell people apart. */
export function isSamePerson(a: string, b: string): boolean {
  const plain = (id: string) => id.normalize('NFKC').trim().toLowerCase();
  return plain(a) === plain(b);
}

/** What a preparation of a month stands on. */
export interface Closable {
  readonly cut_off_at: string;
  readonly load_id: number;
  readonly as_of_date: string;
}

/**
 * Holds that a month can be closed now: it is over, known up to its cut-off, the next in the order of months.
 * @throws UsageError naming what is wanted
 */
export async function assertClosable(night: Night, month: string): Promise<Closable> {
  await assertNext(night, month);
  const warehouse = opened(night);
  const cut_off_at = closeCutOff(night.config, month);
  const as_of = await warehouse.lastReadingsAsOf();
  const end = `${monthAfter(month)}T00:00:00Z`;
  if (as_of === null || as_of < end)
    throw refusal(month, `readings known up to ${as_of ?? 'no instant'}`, `a month that is over (${end})`);
  if (as_of < cut_off_at)
    throw refusal(
      month,
      `readings known up to ${as_of}`,
      `them up to the cut-off ${cut_off_at}`,
      'run `meterline run` after it',
    );
  const last_day = daysAfter(monthAfter(month), -1);
  const as_of_date = (await warehouse.newestAsOf()) ?? '';
  if (as_of_date < last_day)
    throw refusal(
      month,
      `a newest as-of date ${as_of_date || 'of none'}`,
      `${last_day} or later`,
      'run `meterline run`',
    );
  const { newest_load_id: load_id } = await warehouse.buildState();
  return { cut_off_at, load_id, as_of_date };
}

/** Months close in their order, none left out, from the first that has a reading or a line. */
async function assertNext(night: Night, month: string): Promise<void> {
  const warehouse = opened(night);
  const closes = await warehouse.periodCloses();
  const closed = closes.find((each) => each.month === month);
  if (closed !== undefined)
    throw refusal(
      month,
      `a month closed by ${closed.approved_by} at ${closed.approved_at}`,
      'an open one',
      'what came late is an adjustment in the open month',
    );
  if ((await notedMonths(night.data.evidence, 'kept')).includes(month.slice(0, 7)))
    throw new DifferenceError(
      `evidence: close ${month.slice(0, 7)}: got a signed note of its close, want the close in evidence.period_closes, too; find out who removed it (\`meterline evidence verify\`)`,
    );
  const next = closedUntil(closes) ?? (await warehouse.firstUsedMonth());
  if (next === null || month < next)
    throw refusal(month, `no reading or overage line before ${next ?? 'today'}`, 'a month that has some');
  if (month > next)
    throw refusal(
      month,
      `${next.slice(0, 7)} still open`,
      'every earlier month closed',
      `close it first: \`meterline evidence close ${next.slice(0, 7)} --prepare --by <id>\``,
    );
}

/**
 * Holds that the tables that people read are made of all that is loaded, by the models, policies and settings of now, and
 * that each policy version says what it said when it was first used. `seeds` is the folder of the policies' seeds.
 * @throws UsageError naming what is wanted
 */
export async function assertBuilt(
  night: Night,
  month: string,
  policies: Policies,
  seeds: string,
): Promise<void> {
  const warehouse = opened(night);
  const transform = 'run `meterline run --only transform`';
  const { newest_load_id, built_load_id, fingerprint } = await warehouse.buildState();
  if (built_load_id !== newest_load_id)
    throw refusal(
      month,
      `models built up to load ${built_load_id ?? 0}`,
      `load ${newest_load_id}`,
      transform,
    );
  await assertPolicies(night, month, policies);
  if ((await fingerprintOf([night.program.models, seeds], dbtVariables(night))) !== fingerprint)
    throw refusal(month, 'tables built by other models, policies or settings', "today's", transform);
}

/** Every version was used by a night, says what it said then, and none that closed months name is missing. */
async function assertPolicies(night: Night, month: string, policies: Policies): Promise<void> {
  const warehouse = opened(night);
  const [versions, recorded] = [versionsOf(policies), await warehouse.policyVersions()];
  const [missing] = missingPolicies(await warehouse.closedPolicies(), versions);
  if (missing !== undefined) throw new UsageError(describeMissing(missing));
  const until = closedUntil(await warehouse.periodCloses());
  const [changed] = changedPolicies(recorded, versions, until);
  if (changed !== undefined) throw new UsageError(describeChange(changed));
  const unused = unusedVersions(recorded, versions).length;
  if (unused > 0)
    throw refusal(
      month,
      `${unused} policy versions that no night has used`,
      'used ones only',
      'run `meterline run --only transform`',
    );
}

/** The log's newest state, sealed and signed. */
export interface SignedLog {
  readonly tree_size: number;
  readonly root_hash: string;
  readonly checkpoint: string;
}

/**
 * Seals what is left over, as a run does, and gives the log's newest state with its checkpoint.
 * @throws UsageError where nothing signs it
 */
export async function signedLog(night: Night, month: string): Promise<SignedLog> {
  await sealLeftovers(night);
  const { tree_size, root_hash } = await opened(night).treeHead();
  const { evidence } = night.data;
  const checkpoint = await readCheckpoint(evidence, tree_size);
  if (checkpoint === null)
    throw refusal(
      month,
      `no signed checkpoint of ${tree_size} entries`,
      'one',
      'set evidence.signing_key_file or METERLINE_SIGNING_KEY',
    );
  const said = openCheckpoint(checkpoint, await readVerifierKeys(evidence));
  if (said.size !== tree_size || !said.root.equals(root_hash))
    throw new DifferenceError(
      `evidence: checkpoint of ${tree_size} entries: got root ${said.root.toString('hex')}, want ${root_hash.toString('hex')}; run \`meterline evidence verify\``,
    );
  return { tree_size, root_hash: root_hash.toString('hex'), checkpoint };
}

/** Open exceptions of a month by kind. */
export type Exceptions = readonly { readonly kind: string; readonly exceptions: number }[];

/** @throws UsageError where the mart was never built: no exception must not be taken for none */
export async function openExceptionsOf(night: Night, month: string): Promise<Exceptions> {
  const found = await opened(night).openExceptions(month);
  if (found !== null) return found;
  throw refusal(
    month,
    'no table marts.fct_evidence_exceptions',
    'it, with the exceptions that are open',
    'run `meterline run --only transform`',
  );
}

/** A refusal of a close: exit 2, nothing was touched. */
export function refusal(month: string, got: string, want: string, next_step?: string): UsageError {
  const next = next_step === undefined ? '' : `; ${next_step}`;
  return new UsageError(`evidence: close ${month.slice(0, 7)}: got ${got}, want ${want}${next}`);
}
