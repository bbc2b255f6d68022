import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { consistencyProof, newestCheckpoint, proveEntry } from '../../pipelines/evidence/proofs.ts';
import { type Tell, type Verified, verifyEvidence } from '../../pipelines/evidence/verify.ts';
import { type VerifiedCloses, verifyCloses } from '../../pipelines/evidence/verify_closes.ts';
import { type DataPaths, dataPaths } from '../../pipelines/paths.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import type { Config } from '../../schemas/config.ts';
import { UsageError } from '../../schemas/errors.ts';
import { type Context, configure } from '../context.ts';
import { EXIT } from '../exit.ts';

/** Verifies all that is kept of the log. Ends with 3 at the first difference. */
export async function evidenceVerify(
  context: Context,
  { against }: { readonly against?: string },
): Promise<number> {
  const { config } = await configure(context, { start: false, now: null });
  const data = dataIn(config);
  const policies = await loadPolicies(config.policies);
  const file = against === undefined ? null : resolve(against);
  const tell: Tell = (item, done, total) =>
    context.output.onEvent({
      kind: 'progress',
      stage: 'seal',
      item: `evidence ${item}`,
      done,
      total,
      unit: item === 'pages' ? 'files' : 'entries',
      share: null,
    });
  const verified = await lookInto(data, async (warehouse) => ({
    ...(await verifyEvidence(data, warehouse, file, tell)),
    ...(await verifyCloses(data, warehouse, policies)),
  }));
  context.output.print(context.json ? JSON.stringify(verified) : renderVerified(verified));
  return EXIT.done;
}

export async function evidenceProve(
  context: Context,
  reading: string,
  { output }: { readonly output: string },
): Promise<number> {
  const data = await dataOf(context);
  const proved = await lookInto(data, (warehouse) => proveEntry(data, warehouse, reading, resolve(output)));
  context.output.print(
    context.json
      ? JSON.stringify(proved)
      : `entry ${proved.evidence_index}, reading ${proved.reading_id}, in the log of ${proved.size} entries\n  proof  ${proved.proof_file}\n  leaf   ${proved.leaf_file}`,
  );
  return EXIT.done;
}

export async function evidenceConsistency(context: Context, old: string, size: string): Promise<number> {
  const data = await dataOf(context);
  const proof = await consistencyProof(data, whole('<old>', old), whole('<new>', size));
  context.output.print(context.json ? JSON.stringify({ proof }) : proof.trimEnd());
  return EXIT.done;
}

export async function evidenceCheckpoint(context: Context): Promise<number> {
  const { size, root, note } = await newestCheckpoint(await dataOf(context));
  const json = () => JSON.stringify({ size, root_hash: root.toString('hex'), note });
  context.output.print(context.json ? json() : note.trimEnd());
  return EXIT.done;
}

async function dataOf(context: Context): Promise<DataPaths> {
  const { config } = await configure(context, { start: false, now: null });
  return dataIn(config);
}

/** Where the data are. @throws UsageError where there is no warehouse yet */
export function dataIn(config: Config): DataPaths {
  const data = dataPaths(config.data_dir);
  if (existsSync(data.warehouse)) return data;
  throw new UsageError(
    `evidence: warehouse: got none at ${data.warehouse}, want one; run \`meterline run\` first`,
  );
}

function whole(argument: string, given: string): number {
  const number = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(number) && number >= 1) return number;
  throw new UsageError(`${argument}: got ${given}, want a whole number from 1`);
}

function renderVerified(verified: Verified & VerifiedCloses): string {
  const { entries, checkpoints, tiles, pages, evidence_rows, against, tree_size, root_hash } = verified;
  const { timestamps, keys, unsealed, closes, closed_lines, policy_versions } = verified;
  const n = (number: number) => number.toLocaleString('en');
  return [
    `✓ evidence verified: ${n(tree_size)} entries, root ${root_hash}`,
    `  ${n(entries)} leaves made anew from the readings, equal to the log's and to the sealed tiles`,
    `  ${n(checkpoints)} checkpoints signed, each root that of the first entries${timestamps > 0 ? `; ${n(timestamps)} of them time-stamped (\`openssl ts -verify\` says by whom)` : ''}`,
    `  the keys they may be signed with: ${keys.join(', ')}; compare them with those that you were given`,
    ...(unsealed > 0 ? [`  ${n(unsealed)} entries came since, not sealed yet`] : []),
    `  ${n(tiles)} tiles, ${n(pages)} landed pages with their hashes`,
    evidence_rows === null
      ? '  fct_metering_evidence was not built yet'
      : `  ${n(evidence_rows)} rows of fct_metering_evidence say what the log says`,
    closes === 0
      ? '  no month is closed yet'
      : `  ${n(closes)} closed months signed, ${n(closed_lines)} frozen lines as signed in evidence.closed_lines and fct_overage`,
    `  ${n(policy_versions)} policy versions say what they said when they were first used`,
    against === null
      ? '  without a checkpoint kept elsewhere (--against) a rollback of everything cannot be seen'
      : `  the log goes on from the checkpoint of ${n(against)} entries that was kept elsewhere`,
  ].join('\n');
}
