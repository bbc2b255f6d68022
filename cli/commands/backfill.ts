import { nothingLoaded, previewBackfill, runBackfill } from '../../pipelines/backfill.ts';
import { type BackfillRequest, REPROCESS } from '../../pipelines/backfill_plan.ts';
import { isSetUp, programPaths } from '../../pipelines/paths.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import { UsageError } from '../../schemas/errors.ts';
import { renderPlan } from '../backfill_summary.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';
import { renderSummary } from '../summary.ts';
import { isDay, type RunArguments, runOptions } from './run.ts';

/** The options of `backfill` as the command line gives them. */
export interface BackfillArguments extends Pick<RunArguments, 'acceptQuarantine' | 'publish'> {
  readonly from: string;
  readonly to: string;
  readonly reprocess: string;
  readonly dryRun?: boolean;
}

/** Reads days again and brings marts and extracts up to them; with --dry-run says what it would read. */
export async function backfill(context: Context, given: BackfillArguments): Promise<number> {
  const request = backfillRequest(given);
  const options = runOptions(given);
  // Everything that can be wrong is found before a simulator is started, a source asked or a file written.
  const idle = await configure(context, { start: false, now: null });
  const plan = await previewBackfill(idle.config, request, nightEnv(context));
  if (given.dryRun === true) {
    const document = { backfill: { ...plan, dry_run: true } };
    context.output.print(context.json ? JSON.stringify(document) : renderPlan(plan, true).join('\n'));
    return EXIT.done;
  }
  if (plan.feed_as_of === null) throw nothingLoaded();
  if (!isSetUp(programPaths()))
    throw new UsageError('the set-up is not done; run `npm run setup` (or `npm start`) first');
  await loadPolicies(idle.config.policies);
  const { config, close } = await configure(context, { start: true, now: null });
  try {
    const report = await runBackfill(config, request, options, nightEnv(context));
    const text = [renderSummary(report), '', ...renderPlan(report.backfill ?? plan, false)].join('\n');
    context.output.print(context.json ? JSON.stringify(report) : text);
    return report.status === 'succeeded' ? EXIT.done : EXIT.failed;
  } finally {
    await close();
  }
}

/** Checks what was given. @throws UsageError naming the option, what was given and what is wanted */
function backfillRequest({ from, to, reprocess }: BackfillArguments): BackfillRequest {
  const days = [
    ['--from', from],
    ['--to', to],
  ] as const;
  for (const [option, day] of days)
    if (!isDay(day)) throw new UsageError(`${option}: got ${day}, want a date yyyy-mm-dd (UTC)`);
  if (from >= to)
    throw new UsageError(`--to (exclusive): got ${to}, want a day after --from (inclusive), ${from}`);
  const known = REPROCESS.find((each) => each === reprocess);
  if (known === undefined)
    throw new UsageError(`--reprocess: got ${reprocess}, want one of ${REPROCESS.join(', ')}`);
  return { from, to, reprocess: known };
}
