import type { SignerKey } from '../../evidence/note.ts';
import { readCheckpoint } from '../../evidence/storage/checkpoint_files.ts';
import type { Config } from '../../schemas/config.ts';
import { DifferenceError, UsageError } from '../../schemas/errors.ts';
import type { Policies } from '../../schemas/policies.ts';
import type { Preparation } from '../../warehouse/close_records.ts';
import { type Night, opened } from '../night.ts';
import { writeSeeds } from '../policies.ts';
import { signingKey } from '../signing_key.ts';
import { inScratchFolder } from '../what_if.ts';
import {
  assertBuilt,
  assertClosable,
  type Exceptions,
  isSamePerson,
  openExceptionsOf,
  refusal,
} from './close_checks.ts';
import { linesHash } from './close_files.ts';

/** A preparation that may be approved, and what was accepted with it. */
export interface Approvable {
  readonly prepared: Preparation;
  readonly accepted_reason: string | null;
  /** Open exceptions now. */
  readonly exceptions: number;
}

/** The key that signs closes: the log's. @throws UsageError where there is none */
export async function signerOf(config: Config): Promise<SignerKey> {
  const signer = await signingKey(config);
  if (signer !== null) return signer;
  throw new UsageError(
    'evidence: close: got no signing key, want one; set evidence.signing_key_file or METERLINE_SIGNING_KEY',
  );
}

/** Who wants to approve which month, by which policies. */
interface ApprovalRequest {
  readonly month: string;
  readonly approved_by: string;
  readonly accept: string | null;
  readonly policies: Policies;
}

/**
 * Holds that the newest preparation of a month can be approved by this person now, over tables as new as what is loaded: the
 * exceptions that are counted are those of now.
 * @throws UsageError naming what is wanted
 * @throws DifferenceError where what was prepared is not what is there
 */
export async function assertApprovable(night: Night, request: ApprovalRequest): Promise<Approvable> {
  const { month, policies } = request;
  const prepared = await preparedFor(night, request);
  await inScratchFolder(night.data.temporary, 'evidence-close-', async (folder) => {
    await writeSeeds(policies, folder);
    await assertBuilt(night, month, policies, folder);
  });
  await assertUnchanged(night, prepared);
  const open = await openExceptionsOf(night, month);
  return { prepared, ...acceptance(prepared, open, request.accept) };
}

/** The newest preparation, where it is another person's, up to the cut-off of now, and nothing came since. */
async function preparedFor(night: Night, { month, approved_by }: ApprovalRequest): Promise<Preparation> {
  const { cut_off_at } = await assertClosable(night, month);
  const prepared = await opened(night).preparation({ month });
  const prepare = `\`meterline evidence close ${month.slice(0, 7)} --prepare --by <id>\``;
  if (prepared === null) throw refusal(month, 'no preparation', 'one', `prepare it first: ${prepare}`);
  if (isSamePerson(prepared.prepared_by, approved_by))
    throw refusal(
      month,
      `an approval by ${approved_by} of what ${prepared.prepared_by} prepared`,
      'another person',
      'ask somebody else to approve it',
    );
  if (prepared.cut_off_at !== cut_off_at)
    throw refusal(
      month,
      `a preparation up to ${prepared.cut_off_at}`,
      `the cut-off of now, ${cut_off_at}`,
      `prepare again: ${prepare}`,
    );
  await assertNothingLate(night, prepared, prepare);
  return prepared;
}

/** What was loaded since would change the lines, or the totals of any dimension: they must be made anew. */
async function assertNothingLate(night: Night, prepared: Preparation, prepare: string): Promise<void> {
  const { revisions, first } = await opened(night).lateRevisions(prepared);
  if (first === null) return;
  throw refusal(
    prepared.month,
    `${revisions} ${revisions === 1 ? 'revision' : 'revisions'} of readings loaded since it was prepared, the first ${first.reading_id} (${first.dimension}, hour ${first.hour}, recorded ${first.recorded_at}, load ${first.load_id})`,
    `nothing after load ${prepared.load_id}`,
    `prepare again: ${prepare}`,
  );
}

async function assertUnchanged(
  night: Night,
  { month, tree_size, checkpoint, ...prepared }: Preparation,
): Promise<void> {
  const kept = await readCheckpoint(night.data.evidence, tree_size);
  if (kept !== checkpoint)
    throw new DifferenceError(
      `evidence: close ${month.slice(0, 7)}: got ${kept === null ? 'no' : 'another'} checkpoint of ${tree_size} entries, want the one that it was prepared with; run \`meterline evidence verify\``,
    );
  const lines = await opened(night).preparedLines(prepared.preparation_id);
  if (lines.length !== prepared.lines)
    throw new DifferenceError(
      `evidence: close ${month.slice(0, 7)}: got ${lines.length} prepared lines, want ${prepared.lines}; find out who changed evidence.prepared_lines, then prepare again`,
    );
  const hash = linesHash(lines);
  if (hash !== prepared.lines_sha256)
    throw new DifferenceError(
      `evidence: close ${month.slice(0, 7)}: got prepared lines with SHA-256 ${hash}, want ${prepared.lines_sha256 ?? 'one that was kept with them'}; find out who changed evidence.prepared_lines, then prepare again`,
    );
}

/** What is open needs a reason. @throws UsageError where there is none */
function acceptance(
  { month, reperform_differences }: Preparation,
  open: Exceptions,
  accept: string | null,
): Omit<Approvable, 'prepared'> {
  const exceptions = open.reduce((sum, each) => sum + each.exceptions, 0);
  const differences = reperform_differences ?? 0;
  const accepted_reason = accept === null || accept.trim() === '' ? null : accept.trim();
  if (accepted_reason !== null || exceptions + differences === 0) return { accepted_reason, exceptions };
  const kinds = open.map((each) => `${each.exceptions} ${each.kind}`);
  if (differences > 0) kinds.push(`${differences} differences of the re-performance`);
  throw refusal(
    month,
    kinds.join(', '),
    'nothing open',
    'settle them and prepare again, or approve with --accept <reason>',
  );
}
