import type { Source } from '../connectors/source.ts';
import type { Config } from '../schemas/config.ts';
import type { HourRange } from '../schemas/control_totals.ts';
import type { Instant, LandedLoad } from '../schemas/page.ts';
import type { Stream } from '../schemas/streams.ts';
import type { ComparedTotals, ControlComparison } from '../warehouse/warehouse.ts';
import { addDays, dayOf } from './as_of.ts';
import { type Night, opened } from './night.ts';

/** Days asked for at once: a month of hours and dimensions is some 15,000 totals. */
const RANGE_DAYS = 31;
/** The feed may be behind the totals for a moment; how often it is read on, and how long it is given each time. */
const READ_ON = 5;
const PAUSE_MS = 1000;
/** How far back late readings and restatements are looked for (contract of Polaris: "at least 35 days"). */
const LATE_DAYS = 35;

/**
 * Compares the readings with the source's own control totals: the days touched since the newest comparison, and the
 * open period. The feed is read on until it has reached the instant of the totals; gives the loads of that. A
 * difference is a finding (`ops.control_totals`, the report's `findings`) and fails nothing.
 * @throws SourceError when the totals cannot be had
 */
export async function compareControlTotals(
  source: Source,
  night: Night,
  readOn: (stream: Stream) => Promise<LandedLoad>,
): Promise<readonly LandedLoad[]> {
  const readings = source.streams.find((stream) => stream.kind === 'revisions');
  const reached = await opened(night).lastReadingsAsOf();
  if (source.controlTotals === undefined || readings === undefined || reached === null) return [];
  const comparison = await opened(night).startComparison(night.run_id, false);
  const loads: LandedLoad[] = [];
  try {
    const touched = await opened(night).uncomparedDays();
    const days = [...touched, ...openDays(reached, night.config.cut_offs.close)];
    const stated = await takeTotals(source, night, { comparison, ranges: rangesOf(days), reached });
    const behind = (as_of: Instant | null) => as_of === null || sortable(as_of) < sortable(stated);
    for (let as_of: Instant | null = reached, tries = 0; behind(as_of) && tries < READ_ON; tries += 1) {
      if (tries > 0) await night.env.sleep(PAUSE_MS, night.env.signal);
      const load = await readOn(readings);
      loads.push(load);
      as_of = load.as_of;
    }
    const last = loads.at(-1)?.as_of ?? reached;
    if (behind(last)) await giveUp(comparison, night, stated, last);
    else tell(night, await comparison.commit(night.env.now().toISOString()));
  } catch (error) {
    await comparison.abort();
    throw error;
  }
  return loads;
}

/**
 * Compares ranges of hours that are read again by `reread`, which gives the instants that its parts were read up to.
 * The totals are asked for first: so none of them is later than the rows it is held against, and the feed, which
 * stays where it is, need not be read on. What the feed left to compare stays to be compared.
 * @throws SourceError when the totals cannot be had, and what `reread` throws
 */
export async function compareReread(
  source: Source,
  night: Night,
  ranges: readonly HourRange[],
  reread: () => Promise<readonly Instant[]>,
): Promise<void> {
  const comparison = await opened(night).startComparison(night.run_id, true);
  try {
    const stated = await takeTotals(source, night, { comparison, ranges, reached: null });
    const behind = (await reread()).find((at) => stated !== null && sortable(at) < sortable(stated));
    if (stated !== null && behind !== undefined) await giveUp(comparison, night, stated, behind);
    else tell(night, await comparison.commit(night.env.now().toISOString()));
  } catch (error) {
    await comparison.abort();
    throw error;
  }
}

/** Asks for each range; gives the latest instant that totals were stated for, or `reached` where that is later. */
async function takeTotals<Reached extends Instant | null>(
  source: Source,
  night: Night,
  into: { comparison: ControlComparison; ranges: readonly HourRange[]; reached: Reached },
): Promise<Instant | Reached> {
  let latest: Instant | Reached = into.reached;
  for (const hours of into.ranges) {
    const stated = await source.controlTotals?.(hours, night.env.signal);
    if (stated === undefined) continue;
    await into.comparison.add(hours, stated);
    if (latest === null || sortable(stated.as_of) > sortable(latest)) latest = stated.as_of;
  }
  return latest;
}

/** A feed that does not come to the instant of its own totals: comparing would show differences that are none. */
async function giveUp(
  comparison: ControlComparison,
  night: Night,
  stated: Instant,
  last: Instant,
): Promise<void> {
  await comparison.abort();
  night.results.findings.control_totals_not_compared = 1;
  const message = `pipelines: control totals: got readings as of ${last}, want ${stated} or later; not compared, the next run compares these hours`;
  night.env.onEvent({ kind: 'warning', stage: 'load', message });
}

function tell(night: Night, { compared, different }: ComparedTotals): void {
  night.results.findings.control_total_difference = different;
  const detail = `${compared} hours × dimensions compared, ${different} differ`;
  night.env.onEvent({ kind: 'item_done', stage: 'load', item: 'control totals', detail });
  if (different === 0) return;
  const message = `control totals: ${different} of ${compared} hours × dimensions differ from the source's own; see ops.control_totals where is_different`;
  night.env.onEvent({ kind: 'warning', stage: 'load', message });
}

/** The days of the calendar months (UTC) whose close cut-off has not passed at an instant, up to its own day. */
export function openDays(at: Instant, close: Config['cut_offs']['close']): readonly string[] {
  const now = Date.parse(at);
  let first = `${at.slice(0, 7)}-01`;
  while (now < closesAt(first, close)) first = `${addDays(first, -1).slice(0, 7)}-01`;
  const last = dayOf(new Date(now));
  const days: string[] = [];
  for (let day = first; day <= last; day = addDays(day, 1)) days.push(day);
  return days;
}

/**
 * Where a re-read begins when Polaris no longer knows the bookmark: the first hour of the earliest period that was
 * still open at the `as_of` that the readings have come to, and at least 35 days before that. Not the period that is
 * open today: a bookmark that expired long ago left hours that nobody loaded, and the machine's clock is not Polaris'.
 * Empty before the first load.
 */
export async function openSince(night: Night): Promise<{ readonly open_from?: Instant }> {
  const reached = await opened(night).lastReadingsAsOf();
  if (reached === null) return {};
  const lookedBack = addDays(reached.slice(0, 10), -LATE_DAYS);
  const [first] = [...openDays(reached, night.config.cut_offs.close), lookedBack].sort();
  return { open_from: `${first}T00:00:00Z` };
}

/** When the month that ends (exclusively) on a day closes. */
function closesAt(end: string, close: Config['cut_offs']['close']): number {
  return Date.parse(`${addDays(end, close.days)}T${close.time}:00Z`);
}

/** Whole days as ranges of hours without gaps, each of at most `RANGE_DAYS`; days may be given twice, in any order. */
export function rangesOf(days: readonly string[]): readonly HourRange[] {
  const ranges: HourRange[] = [];
  let first: string | null = null;
  let count = 0;
  const ordered = [...new Set(days)].sort();
  for (const [index, day] of ordered.entries()) {
    first ??= day;
    count += 1;
    if (ordered[index + 1] === addDays(day, 1) && count < RANGE_DAYS) continue;
    ranges.push({ from: `${first}T00:00:00Z`, to: `${addDays(day, 1)}T00:00:00Z` });
    first = null;
    count = 0;
  }
  return ranges;
}

/** Instants with any number of fraction digits, in an order that texts have. */
function sortable(at: Instant): string {
  const [seconds = '', fraction = ''] = at.slice(0, -1).split('.');
  return `${seconds}.${fraction.padEnd(9, '0')}`;
}
