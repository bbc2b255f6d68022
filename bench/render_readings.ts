import { existsSync } from 'node:fs';
import type { ControlTotal } from '../simulators/fleet/control_totals.ts';
import { createFleet, type Fleet } from '../simulators/fleet/fleet.ts';
import { toInstant, toSeconds } from '../simulators/fleet/instants.ts';
import { POLARIS_CATALOGUES, type PolarisCatalogue } from '../simulators/fleet/polaris_catalogues.ts';
import type { FeedPosition } from '../simulators/fleet/reading_feed.ts';
import type { Instant } from '../simulators/fleet/types.ts';
import { nanoText, toNano } from '../simulators/polaris/current_totals.ts';
import { type RowSink, type StoreFacts, writeRowStore } from './row_store.ts';

/** What the server shows of Polaris beside the rows. */
export interface ReadingFacts extends StoreFacts {
  /** The feed's own instant: when its last row was recorded. */
  readonly as_of: Instant;
  readonly catalogues: Readonly<Record<PolarisCatalogue, readonly object[]>>;
  /** Control totals as of one second earlier: all that was recorded by then is among the rows. */
  readonly totals: readonly ControlTotal[];
  readonly totals_as_of: Instant;
}

/** Some 1,100 clusters: a million readings are four and a half days, ten millions six weeks. */
const CUSTOMERS = 700;
const DAYS = 60;
const BATCH = 50_000;

/**
 * Renders the first `rows` readings of a fleet, once: late rows, restatements and nulls among them. Left out are
 * what is not loaded as a row, so that all contestants end with the same: second deliveries and copies under another id.
 */
export async function renderReadings(folder: string, rows: number): Promise<void> {
  if (existsSync(folder)) return;
  await writeRowStore<ReadingFacts>(folder, ',', (sink) => render(sink, rows));
}

function render(sink: RowSink, rows: number): ReadingFacts {
  const fleet = createFleet({ customers: CUSTOMERS, days: DAYS });
  const now = toSeconds(fleet.default_now);
  let position: FeedPosition = { tick: 0, offset: 0 };
  let nano = 0n;
  let last = '';
  let held: ReadonlySet<string> = new Set();
  while (sink.rows < rows) {
    const read = fleet.readings.read(position, BATCH, now);
    const ids = new Set<string>();
    for (const text of read.rows) {
      if (sink.rows === rows) break;
      const id = textOf(text, 'reading_id');
      if (id.endsWith('b') || held.has(id) || ids.has(id)) continue;
      ids.add(id);
      sink.add(text);
      nano += toNano(textOf(text, 'quantity'));
      last = text;
    }
    if (!read.more && sink.rows < rows) throw tooFew(sink.rows, rows);
    held = ids;
    position = read.next;
  }
  return { rows, total: nanoText(nano), ...shown(fleet, textOf(last, 'recorded_at')) };
}

function shown(fleet: Fleet, as_of: Instant): Omit<ReadingFacts, keyof StoreFacts> {
  const totals_as_of = toInstant(toSeconds(as_of) - 1);
  const catalogue = (name: PolarisCatalogue) => [name, fleet.catalogue(name, as_of)] as const;
  return {
    as_of,
    catalogues: Object.fromEntries(POLARIS_CATALOGUES.map(catalogue)) as ReadingFacts['catalogues'],
    totals: [...fleet.controlTotals({ from: 0, to: DAYS * 24 }, totals_as_of)],
    totals_as_of,
  };
}

/** A text value of a row as the fleet writes it: no spaces, no escapes. */
function textOf(row: string, name: string): string {
  const start = row.indexOf(`"${name}":"`) + name.length + 4;
  return row.slice(start, row.indexOf('"', start));
}

function tooFew(got: number, want: number): Error {
  return new Error(
    `bench: readings: got ${got} rows from ${CUSTOMERS} customers and ${DAYS} days, want ${want}; ask for fewer rows`,
  );
}
