import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { consistencyProof, newestCheckpoint, proveEntry } from '../../pipelines/evidence/proofs.ts';
import { type ReperformedMonth, reperformMonth } from '../../pipelines/evidence/reperform.ts';
import { type Verified, verifyEvidence } from '../../pipelines/evidence/verify.ts';
import { type DataPaths, dataPaths } from '../../pipelines/paths.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { UsageError } from '../../schemas/errors.ts';
import { type Context, configure } from '../context.ts';
import { EXIT } from '../exit.ts';

/** Verifies all that is kept of the log. Ends with 3 at the first difference. */
export async function evidenceVerify(
  context: Context,
  { against }: { readonly against?: string },
): Promise<number> {
  const data = await dataOf(context);
  const file = against === undefined ? null : resolve(against);
  const verified = await lookInto(data, (warehouse) =>
    verifyEvidence(data, warehouse, file, (item, done, total) =>
      context.output.onEvent({
        kind: 'progress',
        stage: 'seal',
        item: `evidence ${item}`,
        done,
        total,
        unit: item === 'pages' ? 'files' : 'entries',
        share: null,
      }),
    ),
  );
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

/** How many differences are shown; `--json` has all of them. */
const SHOWN_DIFFERENCES = 20;

/** Recomputes a month's overage lines from the landed pages. Ends with 3 if the warehouse says anything else. */
export async function evidenceReperform(context: Context, month: string): Promise<number> {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(month))
    throw new UsageError(`<month>: got ${month}, want one like 2026-01`);
  const { config } = await configure(context, { start: false, now: null });
  const data = dataOfConfig(config);
  const settings = { policies: config.policies, as_of_cut_off: config.cut_offs.as_of };
  const done = await lookInto(data, (warehouse) =>
    reperformMonth(data, warehouse, month, settings, (item, read, total) =>
      context.output.onEvent({
        kind: 'progress',
        stage: 'seal',
        item: `evidence ${item}`,
        done: read,
        total,
        unit: 'files',
        share: null,
      }),
    ),
  );
  context.output.print(context.json ? JSON.stringify(done) : renderReperformed(done));
  return done.differences.length === 0 ? EXIT.done : EXIT.difference;
}

function renderReperformed(done: ReperformedMonth): string {
  const { month, is_closed, load_id, pages, readings, lines, totals, differences } = done;
  const n = (number: number) => number.toLocaleString('en');
  const shown = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map(
      ({ line_id, subscription_id, dimension, billing_period, column, warehouse, reperformed }) =>
        `  ${subscription_id} ${dimension} ${billing_period}, line ${line_id}: ${column} is ${warehouse ?? 'nothing'} in the warehouse, ${reperformed ?? 'nothing'} by the pages`,
    );
  const more = differences.length - shown.length;
  return [
    differences.length === 0
      ? `✓ overage of ${month} re-performed: ${n(lines)} lines, each what the landed pages say`
      : `✗ overage of ${month} re-performed: ${n(lines)} lines, ${n(differences.length)} differences`,
    `  ${is_closed ? 'closed: its frozen lines' : 'not closed: fct_overage as last built'}, from what loads up to ${load_id} brought`,
    `  ${n(pages)} pages read, each with the hash that its name says; ${n(readings)} readings in them`,
    ...totals.map(
      ({ currency, warehouse, reperformed }) =>
        `  ${currency}: ${warehouse} in the warehouse, ${reperformed} by the pages`,
    ),
    ...shown,
    ...(more > 0 ? [`  and ${n(more)} more (--json has all of them)`] : []),
  ].join('\n');
}

async function dataOf(context: Context): Promise<DataPaths> {
  const { config } = await configure(context, { start: false, now: null });
  return dataOfConfig(config);
}

function dataOfConfig(config: { readonly data_dir: string }): DataPaths {
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

function renderVerified(verified: Verified): string {
  const { entries, checkpoints, tiles, pages, evidence_rows, against, tree_size, root_hash } = verified;
  const n = (number: number) => number.toLocaleString('en');
  return [
    `✓ evidence verified: ${n(tree_size)} entries, root ${root_hash}`,
    `  ${n(entries)} leaves made anew from the readings, equal to the log's and to the sealed tiles`,
    `  ${n(checkpoints)} checkpoints signed, each root that of the first entries`,
    `  ${n(tiles)} tiles, ${n(pages)} landed pages with their hashes`,
    evidence_rows === null
      ? '  fct_metering_evidence was not built yet'
      : `  ${n(evidence_rows)} rows of fct_metering_evidence say what the log says`,
    against === null
      ? '  without a checkpoint kept elsewhere (--against) a rollback of everything cannot be seen'
      : `  the log goes on from the checkpoint of ${n(against)} entries that was kept elsewhere`,
  ].join('\n');
}
