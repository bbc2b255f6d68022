import { nodeEnv } from '../../../connectors/node_env.ts';
import { approveClose } from '../../../pipelines/evidence/close.ts';
import type { NightOptions } from '../../../pipelines/night.ts';
import { runNight } from '../../../pipelines/nightly.ts';
import { replayQuarantine } from '../../../pipelines/replay.ts';
import type { Config } from '../../../schemas/config.ts';

/** What a process of its own is to run: a night, the approval of a month, or (options null) a replay of all that is in quarantine. */
export interface Work {
  readonly config: Config;
  readonly options: NightOptions | null;
  readonly approve?: { readonly month: string; readonly by: string };
}

/** Runs it here. Waits are cut to 20 ms: only their number matters. @throws Error where it did not succeed */
export async function runWork({ config, options, approve }: Work): Promise<void> {
  const env = nodeEnv(() => undefined);
  const night = {
    ...env,
    sleep: (milliseconds: number, signal?: AbortSignal) => env.sleep(Math.min(milliseconds, 20), signal),
    onEvent: () => undefined,
    signal: new AbortController().signal,
  };
  if (approve !== undefined) {
    await approveClose(config, { ...approve, accept: null }, night);
    return;
  }
  if (options === null) {
    await replayQuarantine(config, { source: null, stream: null, quarantine_id: null }, night);
    return;
  }
  const report = await runNight(config, options, night);
  if (report.error !== null)
    throw new Error(`${report.error.stage} ${report.error.source}: ${report.error.message}`);
}

if (process.argv[2] !== undefined && import.meta.main) await runWork(JSON.parse(process.argv[2]) as Work);
