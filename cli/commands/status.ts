import { dataPaths } from '../../pipelines/paths.ts';
import { ageHours, readStatus, type Status } from '../../pipelines/status.ts';
import { type Context, configure } from '../context.ts';
import { EXIT } from '../exit.ts';
import { duration } from '../progress.ts';

/** Shows the last runs and how fresh the marts are; exit 1 when stale, so that a monitor can watch it. */
export async function status(context: Context): Promise<number> {
  const { config } = await configure(context, { start: false, now: null });
  const found = await readStatus(dataPaths(config.data_dir));
  const age = ageHours(found, new Date());
  const stale = age === null || age > config.gates.freshness_hours;
  if (context.json) {
    const document = { stale, age_hours: age, freshness_hours: config.gates.freshness_hours, ...found };
    context.output.print(JSON.stringify(document));
  } else {
    context.output.print(render(found, age, config.gates.freshness_hours));
  }
  return stale ? EXIT.failed : EXIT.done;
}

function render(status: Status | null, age: number | null, limit: number): string {
  if (status === null) return 'no run has ended in this data directory yet; next step: meterline run';
  const freshness =
    age === null
      ? 'STALE: no night has succeeded yet'
      : `${age > limit ? 'STALE' : 'fresh'}: last good night ended ${duration(age * 3600)} ago (limit ${limit} h), as of ${status.last_success_as_of}`;
  const runs = status.runs.slice(0, 10).map((run) => {
    const seconds = (Date.parse(run.finished_at) - Date.parse(run.started_at)) / 1000;
    const error = run.error === null ? '' : `  ${run.error.stage}: ${run.error.message.split('\n')[0]}`;
    return `  ${run.finished_at}  ${run.status.padEnd(9)} as of ${run.as_of ?? '-'}  ${duration(seconds)}  ${run.run_id}${error}`;
  });
  return [freshness, ...runs].join('\n');
}
