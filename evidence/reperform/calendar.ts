/**
 * UTC time as whole numbers since 1970-01-01: instants in microseconds (what the warehouse resolves), hours and days
 * by their number. Open ends are infinite. metrics.md: "All times UTC."
 */

export const HOUR_US = 3_600_000_000;
const DAY_MS = 86_400_000;
/** An open end as a date that can be written: it lies outside every period. */
const LAST_DAY = Date.UTC(9999, 0, 1) / DAY_MS;

const days = new Map<string, number | null>();

/** The day of `2026-01-31`; null for one that does not exist. */
export function dayOfText(text: string): number | null {
  const known = days.get(text);
  if (known !== undefined) return known;
  const ms = /^[1-9]\d{3}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  const exists = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
  const day = exists ? ms / DAY_MS : null;
  // Dates repeat; made-up ones need not be remembered.
  if (day !== null) days.set(text, day);
  return day;
}

/** The instant of RFC 3339 with `Z`, digits below a microsecond cut; null for any other text. */
export function instantOf(text: string): number | null {
  const match = /^(.{10})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?Z$/.exec(text);
  if (match === null) return null;
  const [, date = '', hours, minutes, seconds, fraction = ''] = match;
  const day = dayOfText(date);
  if (day === null) return null;
  const whole = day * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return whole * 1_000_000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

/** A time of any offset, or a bare day's first instant, as RFC 3339 with `Z`; any other text as it is. */
export function utcText(text: string): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return `${text}T00:00:00Z`;
  const match = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?([+-])(\d{2}):?(\d{2})$/.exec(text);
  if (match === null) return text;
  const [, local = '', fraction = '', sign, hours, minutes] = match;
  const ahead = (Number(hours) * 60 + Number(minutes)) * (sign === '-' ? -60_000 : 60_000);
  const ms = Date.parse(`${local}Z`) - ahead;
  return Number.isNaN(ms) ? text : `${new Date(ms).toISOString().slice(0, 19)}${fraction}Z`;
}

/** The instant of a text that an offer or entitlement carries: a day, a time with an offset, or one without (UTC). */
export function looseInstant(text: string | null): number | null {
  if (text === null) return null;
  const spaced = text.replace(/^(\d{4}-\d{2}-\d{2}) /, '$1T');
  const zoned = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?$/.test(spaced) ? `${spaced}Z` : spaced;
  return instantOf(utcText(zoned));
}

/** The hour that contains an instant. */
export const hourFloor = (instant: number): number => Math.floor(instant / HOUR_US);
/** The first hour that starts at or after an instant: what starts at it begins, what ends at it stops, there. */
export const hourCeil = (instant: number): number => Math.ceil(instant / HOUR_US);
export const dayOfHour = (hour: number): number => Math.floor(hour / 24);
export const dayOfInstant = (instant: number): number => Math.floor(instant / (24 * HOUR_US));

/** `2026-01-31` */
export const dayText = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** The first day that starts at or after an hour; of an open end a day after all others. */
export const dayCeil = (hour: number): number => (Number.isFinite(hour) ? Math.ceil(hour / 24) : LAST_DAY);

/** The first day of a day's calendar month. */
export function monthStart(day: number): number {
  const date = new Date(day * DAY_MS);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) / DAY_MS;
}

/** A day some calendar months on; where that month is too short, its last day. */
export function addMonths(day: number, months: number): number {
  const date = new Date(day * DAY_MS);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() + months];
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), last)) / DAY_MS;
}
