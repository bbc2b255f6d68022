import type { Instant } from './types.ts';

export const HOUR_SECONDS = 3600;
export const DAY_SECONDS = 86_400;

/** Seconds since 1970-01-01T00:00:00Z of an instant. @throws RangeError unless it is RFC 3339 in UTC with `Z`. */
export function toSeconds(instant: Instant): number {
  const ms = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(instant) ? Date.parse(instant) : Number.NaN;
  if (Number.isNaN(ms)) {
    throw new RangeError(`simulators: instant ${instant}: got another form, want YYYY-MM-DDTHH:MM:SSZ`);
  }
  return Math.floor(ms / 1000);
}

const TWO = Array.from({ length: 60 }, (_, i) => String(i).padStart(2, '0'));
/** The date asked for last: instants mostly come many to a day. */
const last = { day: -1, date: '' };

/** The instant of whole seconds since 1970, UTC. */
export function toInstant(seconds: number): Instant {
  const day = Math.floor(seconds / DAY_SECONDS);
  if (day !== last.day) {
    last.day = day;
    last.date = toDate(seconds);
  }
  const rest = seconds - day * DAY_SECONDS;
  const hour = Math.floor(rest / HOUR_SECONDS);
  const minute = Math.floor(rest / 60) - hour * 60;
  return `${last.date}T${TWO[hour]}:${TWO[minute]}:${TWO[rest % 60]}Z`;
}

/** The UTC date (YYYY-MM-DD) of seconds since 1970. */
export function toDate(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

/** The first second of the calendar month (UTC) that lies `months` after the one of `seconds`. */
export function monthStart(seconds: number, months = 0): number {
  const date = new Date(seconds * 1000);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + months, 1) / 1000;
}

/** The cut-off of the calendar month of `seconds`: its exclusive end + 3 days, 06:00 UTC. */
export function monthCutOff(seconds: number): number {
  return monthStart(seconds, 1) + 3 * DAY_SECONDS + 6 * HOUR_SECONDS;
}
