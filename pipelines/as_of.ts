const DAY_MS = 86_400_000;

/** `yyyy-mm-dd` of an instant, in UTC. */
export function dayOf(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

/** `yyyy-mm-dd` plus whole days. */
export function addDays(day: string, days: number): string {
  return dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS));
}

/**
 * The default as-of date: the latest day D whose cut-off (`cutOff`, hh:mm UTC on D+1) is at or before an instant.
 * Exactly at the cut-off, D counts.
 */
export function defaultAsOf(instant: string, cutOff: string): string {
  const milliseconds = Date.parse(instant);
  if (Number.isNaN(milliseconds)) throw new Error(`pipelines: as-of instant: got ${instant}, want RFC 3339`);
  const [hours = 0, minutes = 0] = cutOff.split(':').map(Number);
  return dayOf(new Date(milliseconds - DAY_MS - (hours * 60 + minutes) * 60_000));
}
