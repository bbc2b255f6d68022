import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/;
const instant = () => z.string().regex(INSTANT, { error: 'want an instant such as 2026-11-23T03:00:10Z' });

/** The simulators' world: the fleet's options and the instant at which its clock stands still. */
const STATE = z.strictObject({
  seed: z.int().min(0),
  customers: z.int().min(1),
  days: z.int().min(1),
  dimensions: z.int().min(2),
  start: instant(),
  now: instant(),
});
export type WorldState = z.infer<typeof STATE>;

/** What may be asked of a world; null = as it is, or the default for a new one. */
export interface WorldWish {
  readonly seed: number | null;
  readonly customers: number | null;
  readonly days: number | null;
  readonly dimensions: number | null;
  readonly now: string | null;
}

export const NO_WISH: WorldWish = { seed: null, customers: null, days: null, dimensions: null, now: null };

/** 90 days up to the night of 21 November 2026; about 1.3 million readings. */
const DEFAULTS = { seed: 1, customers: 46, days: 90, dimensions: 9 };
/** The default night: every default world, whatever its length, is first looked at here. */
const FIRST_NOW = '2026-11-22T03:00:10Z';
const FIRST_NOW_DAY_MS = Date.parse('2026-11-22T00:00:00Z');
const DAY_MS = 86_400_000;

/** A wish that the world cannot follow. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
}

/**
 * The world kept in `<folder>/simulators.json`, made when there is none, with its clock moved as wished.
 * @throws WorldError when the wish would make another world of the one kept, or turn its clock back
 */
export function settleWorld(folder: string, wish: WorldWish): WorldState {
  const path = join(folder, 'simulators.json');
  const kept = read(path);
  const state = kept === null ? create(wish) : move(kept, wish, path);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.tmp`, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
  return state;
}

function read(path: string): WorldState | null {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const parsed = STATE.safeParse(JSON.parse(text));
  if (!parsed.success) {
    throw new WorldError(
      `${path}: ${z.prettifyError(parsed.error)}; delete the data directory to begin a new world`,
    );
  }
  return parsed.data;
}

function create(wish: WorldWish): WorldState {
  const days = wish.days ?? DEFAULTS.days;
  const start = new Date(FIRST_NOW_DAY_MS - days * DAY_MS).toISOString().replace('.000Z', 'Z');
  return move(
    {
      seed: wish.seed ?? DEFAULTS.seed,
      customers: wish.customers ?? DEFAULTS.customers,
      days,
      dimensions: wish.dimensions ?? DEFAULTS.dimensions,
      start,
      now: FIRST_NOW,
    },
    wish,
    'a new world',
  );
}

function move(kept: WorldState, wish: WorldWish, where: string): WorldState {
  for (const key of ['seed', 'customers', 'days', 'dimensions'] as const) {
    const wanted = wish[key];
    if (wanted !== null && wanted !== kept[key]) {
      throw new WorldError(
        `${where}: ${key}: got ${wanted}, want ${kept[key]}: the world is fixed once it exists; use another --data-dir`,
      );
    }
  }
  if (wish.now === null) return kept;
  if (!instant().safeParse(wish.now).success || Number.isNaN(Date.parse(wish.now))) {
    throw new WorldError(`now: got ${wish.now}, want an instant such as 2026-11-23T03:00:10Z`);
  }
  if (wish.now < kept.now) {
    throw new WorldError(`now: got ${wish.now}, want ${kept.now} or later: the clock never goes back`);
  }
  return { ...kept, now: wish.now };
}
