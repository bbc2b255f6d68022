import { addMonths, dayOfHour, monthStart } from './calendar.ts';
import type { CloseTake } from './cluster_hours.ts';
import {
  commercialFacts,
  LISTS,
  type ListedLoad,
  type ListName,
  readList,
  type SnapshotLoads,
  unitsAt,
} from './commercial.ts';
import type { CommercialFacts } from './commitments.ts';
import type { Line } from './lines.ts';
import { readPage } from './page_file.ts';
import { type RatingRules, readRules } from './policy_files.ts';
import { readReading } from './reading_rows.ts';
import { computeLines } from './recompute.ts';
import type { RecordList } from './records.ts';
import { PageRefused } from './refusals.ts';
import { type ReadingPlan, Revisions } from './revisions.ts';
import { subscriptionsOf } from './terms.ts';
import { neededFrom } from './window.ts';

/** A month that was closed: the loads that its close took, and its cut-off. */
export interface ClosedMonth extends CloseTake {
  readonly load_id: number;
}

/** Which pages, and for which month. Days and hours are numbers since 1970, instants microseconds. */
export interface PageScope {
  readonly data_dir: string;
  readonly policies: string;
  readonly lists: Readonly<Record<ListName, readonly ListedLoad[]>>;
  readonly readings: readonly ListedLoad[];
  readonly snapshots: SnapshotLoads;
  /** The newest as-of date, and how long after its end its cut-off is. */
  readonly newest: number;
  readonly cut_off_us: number;
  /** First day of the month, and of each month whose lines are asked for beside it. */
  readonly month: number;
  readonly months: ReadonlySet<number>;
  /** Whether the month's own close takes only what was recorded by its cut-off; null: everything counts. */
  readonly close: CloseTake | null;
  /** The months closed before it. */
  readonly closed: readonly ClosedMonth[];
}

/** The lines that the pages make, and what was read for them. */
export interface FromPages {
  readonly lines: readonly Line[];
  /** Of each of these months every line is there. */
  readonly months: ReadonlySet<number>;
  readonly pages: number;
  readonly readings: number;
}

/** Told after each page: how many of how many there are. */
export type TellPages = (done: number, total: number) => void;

/**
 * Computes overage lines from landed pages, and from nothing else. The feed is read once and only what the lines need of it
 * is kept; where it brought revisions of months that were closed before, it is read again with those months.
 * @throws PageRefused naming the first page that was changed
 * @throws PolicyRefused naming a policy that cannot be read
 */
export async function linesFromPages(scope: PageScope, tell: TellPages): Promise<FromPages> {
  const rules = await readRules(scope.policies);
  const total = [...Object.values(scope.lists).flat(), ...scope.readings].reduce(
    (all, { pages }) => all + pages.length,
    0,
  );
  let pages = 0;
  const onPage = () => tell(Math.min(++pages, total), total);
  const lists = await readLists(scope, onPage);
  const commercial = commercialFacts(lists, scope.snapshots, rules);
  const read = (months: ReadonlySet<number>) => readFeed({ scope, lists, commercial, rules, months, onPage });
  let feed = await read(scope.months);
  const touched = touchedMonths(feed.revisions, scope);
  if (touched.length > 0) feed = await read(new Set([...scope.months, ...touched]));
  const { newest, cut_off_us, close } = scope;
  const lines = computeLines({
    commercial,
    clusters: lists.clusters.at(scope.snapshots.polaris),
    revisions: feed.revisions,
    close,
    newest,
    cut_off: (newest + 1) * 86_400_000_000 + cut_off_us,
    keeps: feed.keeps,
  });
  return { lines, months: feed.months, pages: total, readings: feed.readings };
}

type Lists = Readonly<Record<ListName, RecordList>>;

async function readLists({ data_dir, lists }: PageScope, onPage: () => void): Promise<Lists> {
  const read = (name: ListName) => readList(data_dir, LISTS[name], lists[name], onPage);
  return {
    dimensions: await read('dimensions'),
    clusters: await read('clusters'),
    contracts: await read('contracts'),
    subscriptions: await read('subscriptions'),
    microsoft_offers: await read('microsoft_offers'),
    aws_offers: await read('aws_offers'),
  };
}

/** Months closed before whose lines the feed touched after their close, with those that a billing month may end in. */
function touchedMonths({ touched_hours }: Revisions, { closed, month }: PageScope): readonly number[] {
  const known = new Set(closed.map((each) => each.month));
  const touched = [...touched_hours].flatMap((hour) => {
    const own = monthStart(dayOfHour(hour));
    return [own, addMonths(own, 1)];
  });
  return touched.filter((each) => known.has(each) && each < month);
}

interface FeedReading {
  readonly scope: PageScope;
  readonly lists: Lists;
  readonly commercial: CommercialFacts;
  readonly rules: RatingRules;
  readonly months: ReadonlySet<number>;
  readonly onPage: () => void;
}

async function readFeed({ scope, lists, commercial, rules, months, onPage }: FeedReading) {
  const keeps = keepsOf(scope, commercial, rules, months);
  const revisions = new Revisions(planOf(scope, rules, keeps));
  let readings = 0;
  for (const { load_id, pages } of scope.readings) {
    const units = unitsAt(lists.dimensions, load_id);
    for (const page of pages) {
      const rows = feedRows(page.path, await readPage(scope.data_dir, page));
      for (const [offset, raw] of rows.entries()) {
        if (page.taken !== null && !page.taken.has(offset)) continue;
        readings += 1;
        const row = readReading(raw, units);
        if (row !== null) revisions.take(row, load_id);
      }
      onPage();
    }
  }
  return { revisions, keeps, readings, months };
}

function feedRows(path: string, text: string): readonly unknown[] {
  const body: unknown = JSON.parse(text);
  const rows = typeof body === 'object' && body !== null ? Reflect.get(body, 'data') : undefined;
  if (Array.isArray(rows)) return rows;
  throw new PageRefused(`evidence: page ${path}: got no page of the readings feed, want its rows`);
}

type Keeps = ReadingPlan['keeps'];

/** Up to the end of the month and the newest as-of date, from where each subscription's lines begin. */
function keepsOf(
  { month, newest }: PageScope,
  { lists, contracts }: CommercialFacts,
  rules: RatingRules,
  months: ReadonlySet<number>,
): Keeps {
  const end = Math.min(addMonths(month, 1), newest + 1) * 24;
  const known = subscriptionsOf(lists, contracts, rules, new Map());
  const from = neededFrom(rules.policies, known, months);
  return (subscription, dimension, hour) => hour < end && hour >= from(subscription, dimension);
}

function planOf(scope: PageScope, rules: RatingRules, keeps: Keeps): ReadingPlan {
  const rated = new Set(rules.policies.map(({ dimension }) => dimension));
  const closes = new Map(scope.closed.map((each) => [each.month, each]));
  return {
    rated,
    watched: new Set([...rules.held_capacity, ...rules.heartbeat, ...rated]),
    keeps,
    isAfterClose: (hour, load_id, recorded_at) => {
      const close = closes.get(monthStart(dayOfHour(hour)));
      return close !== undefined && (load_id > close.load_id || recorded_at > close.cut_off);
    },
    newest: scope.newest,
    cut_off_us: scope.cut_off_us,
  };
}
