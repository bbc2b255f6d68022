import { BlockStore } from './block_store.ts';
import { type ControlTotal, ControlTotals } from './control_totals.ts';
import { type Dimension, dimensionCatalogue } from './dimensions.ts';
import { FeatureFeed } from './features.ts';
import { FinalReadings } from './final_readings.ts';
import { planFleet } from './fleet_plan.ts';
import { DAY_SECONDS, HOUR_SECONDS, toInstant, toSeconds } from './instants.ts';
import type { FleetPlan } from './plan.ts';
import { type PolarisCatalogue, polarisCatalogue } from './polaris_catalogues.ts';
import { Quantities } from './quantities.ts';
import { type HourRange, ReadingFeed } from './reading_feed.ts';
import { ReadingRows } from './reading_rows.ts';
import { fleetTruth } from './truth.ts';
import type { FleetOptions, FleetTruth, Instant } from './types.ts';

/** The bundled world: about 1.3 million readings over 90 days. */
export const DEFAULT_FLEET: FleetOptions = {
  seed: 1,
  customers: 46,
  days: 90,
  dimensions: 9,
  start: '2026-08-24T00:00:00Z',
};

/** One world. Everything in it is a function of the options and of the instant at which it is looked at. */
export interface Fleet {
  readonly options: FleetOptions;
  readonly plan: FleetPlan;
  readonly dimensions: readonly Dimension[];
  /** Three hours and ten seconds after the last of the fleet's days. */
  readonly default_now: Instant;
  readonly readings: ReadingFeed;
  readonly features: FeatureFeed;
  readonly finalReadings: FinalReadings;
  /** The records of a Polaris catalogue that exist at `now`. */
  catalogue(catalogue: PolarisCatalogue, now: Instant): readonly object[];
  /** Control totals of the hours from..to (exclusive; hours counted from the fleet's first) as of `now`. */
  controlTotals(hours: HourRange, now: Instant): Iterable<ControlTotal>;
  /** How many readings are recorded at `now`. */
  countReadings(now: Instant): number;
  /** What was planted up to `now`. */
  truth(now: Instant): FleetTruth;
}

/** Makes a fleet. @throws RangeError for options out of range. */
export function createFleet(options: Partial<FleetOptions> = {}): Fleet {
  const all: FleetOptions = { ...DEFAULT_FLEET, ...options };
  check(all);
  const plan = planFleet(all);
  const dimensions = dimensionCatalogue(all.dimensions);
  const blocks = new BlockStore(plan, dimensions);
  const quantities = new Quantities(plan, dimensions);
  const readings = new ReadingFeed(plan, dimensions, blocks, new ReadingRows(plan, dimensions, quantities));
  const totals = new ControlTotals(plan, dimensions, blocks, quantities);
  return {
    options: all,
    plan,
    dimensions,
    default_now: toInstant(plan.start + all.days * DAY_SECONDS + 3 * HOUR_SECONDS + 10),
    readings,
    features: new FeatureFeed(plan, blocks),
    finalReadings: new FinalReadings(blocks, quantities),
    catalogue: (catalogue, now) => polarisCatalogue(plan, dimensions, catalogue, toSeconds(now)),
    controlTotals: (hours, now) => totals.of(hours, toSeconds(now)),
    countReadings: (now) => readings.count(toSeconds(now)),
    truth: (now) => fleetTruth(plan, blocks, toSeconds(now)),
  };
}

function check(options: FleetOptions): void {
  for (const key of ['seed', 'customers', 'days', 'dimensions'] as const) {
    const value = options[key];
    const least = key === 'seed' ? 0 : key === 'dimensions' ? 2 : 1;
    if (!Number.isSafeInteger(value) || value < least) {
      throw new RangeError(`simulators: fleet ${key}: got ${value}, want an integer from ${least}`);
    }
  }
  if (toSeconds(options.start) % HOUR_SECONDS !== 0) {
    throw new RangeError(`simulators: fleet start: got ${options.start}, want a whole hour`);
  }
}
