import { asked, type NightOptions, ONLY, type Only } from '../../pipelines/night.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { isSetUp, programPaths } from '../../pipelines/paths.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import { allStreams } from '../../pipelines/sources.ts';
import { UsageError } from '../../schemas/errors.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';
import { renderSummary } from '../summary.ts';

/** The options of `run` as the command line gives them. */
export interface RunArguments {
  readonly asOf?: string;
  readonly acceptQuarantine?: readonly string[];
  readonly only?: readonly string[];
  readonly fullRefresh?: boolean;
  readonly publish?: boolean;
  readonly simulatorsNow?: string;
}

/** Runs one night and prints its summary, or the JSON document. */
export async function run(context: Context, given: RunArguments): Promise<number> {
  const options = runOptions(given);
  if (!isSetUp(programPaths()))
    throw new UsageError('the set-up is not done; run `npm run setup` (or `npm start`) first');
  const { config, close } = await configure(context, { start: true, now: given.simulatorsNow ?? null });
  try {
    if (asked(options, 'transform')) await loadPolicies(config.policies);
    const report = await runNight(config, options, nightEnv(context));
    context.output.print(context.json ? JSON.stringify(report) : renderSummary(report));
    return report.status === 'succeeded' ? EXIT.done : EXIT.failed;
  } finally {
    await close();
  }
}

/** Checks what was given. @throws UsageError naming the option, what was given and what is wanted */
export function runOptions(given: RunArguments): NightOptions {
  const as_of = given.asOf ?? null;
  if (as_of !== null && !isDay(as_of)) throw new UsageError(`--as-of: got ${as_of}, want a date yyyy-mm-dd`);
  const streams = allStreams().map((stream) => `${stream.source}.${stream.name}`);
  for (const stream of given.acceptQuarantine ?? []) {
    if (!streams.includes(stream)) {
      throw new UsageError(`--accept-quarantine: got ${stream}, want one of ${streams.join(', ')}`);
    }
  }
  for (const only of given.only ?? []) {
    if (!(ONLY as readonly string[]).includes(only)) {
      throw new UsageError(`--only: got ${only}, want one of ${ONLY.join(', ')}`);
    }
  }
  return {
    command: 'run',
    as_of,
    accept_quarantine: given.acceptQuarantine ?? [],
    only: (given.only ?? []) as readonly Only[],
    full_refresh: given.fullRefresh ?? false,
    publish: given.publish ?? true,
  };
}

/** True for a day that exists, as `yyyy-mm-dd`. */
export function isDay(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return (
    /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(time) && new Date(time).toISOString().startsWith(text)
  );
}
