import { runNight } from '../../pipelines/nightly.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { schedule as runSchedule } from '../../pipelines/schedule.ts';
import { readStatus } from '../../pipelines/status.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';
import { renderSummary } from '../summary.ts';
import { runOptions } from './run.ts';

/** Stays and runs a night at each scheduled time, until SIGINT or SIGTERM. */
export async function schedule(context: Context): Promise<number> {
  const { config, close } = await configure(context, { start: true, now: null });
  try {
    await runSchedule(config, {
      now: () => new Date(),
      signal: context.signal,
      log: context.output.log,
      status: () => readStatus(dataPaths(config.data_dir)),
      run: async () => {
        const report = await runNight(config, { ...runOptions({}), command: 'schedule' }, nightEnv(context));
        context.output.print(context.json ? JSON.stringify(report) : renderSummary(report));
      },
    });
    return EXIT.done;
  } finally {
    await close();
  }
}
