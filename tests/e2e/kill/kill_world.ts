import { join } from 'node:path';
import type { NightOptions, Only } from '../../../pipelines/night.ts';
import type { Config } from '../../../schemas/config.ts';
import { SMALL, startTestWorld, type TestWorld, WHOLE_NIGHT } from '../../support/test_night.ts';
import { type Choice, choosePoints } from './choose_points.ts';
import { recordPoints } from './kill_process.ts';
import { runWork, type Work } from './night_child.ts';
import { freshCopy, type Trial, tryPoints } from './try_points.ts';

/** `METERLINE_LONG=1`: every occurrence of every point. */
const LONG = process.env.METERLINE_LONG === '1';

/** The smallest world in which every stream has rows, and some of Polaris' rows break their contract. */
export async function startKillWorld(now: string | null = null): Promise<TestWorld> {
  const test = await startTestWorld({ ...SMALL, customers: 3, days: 4, dimensions: 2, now });
  test.world.setFaults('polaris', [{ kind: 'bad_rows', times: null, path: '/usage/' }]);
  return test;
}

/** A night of some stages in a data directory; Salesforce's Bulk results come in several pages. */
export function nightWork(test: TestWorld, only: readonly Only[], dataDir: string): Work {
  return { config: smallPages(test.config(dataDir)), options: nightOptions(only) };
}

function nightOptions(only: readonly Only[]): NightOptions {
  return { ...WHOLE_NIGHT, only };
}

function smallPages(config: Config): Config {
  const { salesforce } = config.sources;
  if (salesforce === undefined) return config;
  const bulk_page_rows = 40; // a key of the source that meterline.yaml does not have
  return { ...config, sources: { ...config.sources, salesforce: { ...salesforce, ...{ bulk_page_rows } } } };
}

/** How many points a trial tried, and what went wrong at them. */
export interface Tried {
  readonly points: readonly string[];
  readonly failures: readonly string[];
}

/** A trial whose next run is the same work again; `afterwards` follows it, and the undisturbed one, too. */
interface NightTrial<State> extends Omit<Trial<State>, 'next'> {
  readonly afterwards?: (dataDir: string) => Promise<void>;
}

/**
 * Runs the work once undisturbed in `<folder>/undisturbed`, writing down its points, and then kills it at each chosen
 * point and runs it again.
 */
export async function tryNight<State>(trial: NightTrial<State>, choice: Omit<Choice, 'all'>): Promise<Tried> {
  const undisturbed = await freshCopy(trial, 'undisturbed');
  await trial.prepare?.(undisturbed);
  const recorded = await recordPoints(trial.work(undisturbed), join(trial.folder, 'points.txt'));
  await trial.afterwards?.(undisturbed);
  const points = choosePoints(recorded, { ...choice, all: LONG });
  const expected = await trial.look(undisturbed);
  const next = async (dataDir: string) => {
    await runWork(trial.work(dataDir));
    await trial.afterwards?.(dataDir);
  };
  return { points, failures: await tryPoints({ ...trial, next }, points, expected) };
}
