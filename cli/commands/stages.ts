import type { Only } from '../../pipelines/night.ts';
import { runNight } from '../../pipelines/nightly.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';
import { renderSummary } from '../summary.ts';
import { runOptions } from './run.ts';

/** Writes the files from the marts as they are. */
export const extract = (context: Context): Promise<number> => stage(context, 'extract');

/** Publishes the files that were written last. */
export const publish = (context: Context): Promise<number> => stage(context, 'publish');

async function stage(context: Context, only: Only): Promise<number> {
  const { config, close } = await configure(context, { start: true, now: null });
  try {
    const report = await runNight(
      config,
      { ...runOptions({ only: [only] }), command: only },
      nightEnv(context),
    );
    context.output.print(context.json ? JSON.stringify(report) : renderSummary(report));
    return report.status === 'succeeded' ? EXIT.done : EXIT.failed;
  } finally {
    await close();
  }
}
