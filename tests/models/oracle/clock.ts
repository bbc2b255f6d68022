/** Hours and days of the UTC calendar as whole numbers since 1970. */

const HOUR_MS = 3_600_000;

export const msOf = (instant: string): number =>
  Date.parse(instant.length === 10 ? `${instant}T00:00:00Z` : instant);
/** The hour that contains an instant. */
export const hourOf = (instant: string): number => Math.floor(msOf(instant) / HOUR_MS);
/** The first whole hour at or after an instant. */
export const hourCeil = (instant: string): number => Math.ceil(msOf(instant) / HOUR_MS);
export const dayOfHour = (hour: number): number => Math.floor(hour / 24);
export const dayOf = (date: string): number => Math.floor(msOf(date) / (24 * HOUR_MS));

/** `2026-01-06T05:00:00Z` */
export const hourText = (hour: number): string => `${new Date(hour * HOUR_MS).toISOString().slice(0, 19)}Z`;
/** `2026-01-06` */
export const dateText = (day: number): string => hourText(day * 24).slice(0, 10);
/** An instant `seconds` after the start of an hour. */
export const instantText = (hour: number, seconds: number): string =>
  `${new Date(hour * HOUR_MS + seconds * 1000).toISOString().slice(0, 19)}Z`;

/** Up to here counts what was recorded for a row dated `day`: 02:00 on the day after. */
export const cutOffMs = (day: number): number => ((day + 1) * 24 + 2) * HOUR_MS;
/** The latest day whose cut-off is at or before an instant. */
export const asOfDay = (instant: string): number =>
  Math.floor((msOf(instant) - 26 * HOUR_MS) / (24 * HOUR_MS));
/** The first day whose cut-off is at or after an instant. */
export const firstDayThatSees = (instant: string): number =>
  Math.ceil((msOf(instant) - 26 * HOUR_MS) / (24 * HOUR_MS));

/** The first day of the month of a day. */
export const monthOf = (day: number): number => dayOf(`${dateText(day).slice(0, 7)}-01`);

/** A day some calendar months on; at most the last of its month. */
export function addMonths(day: number, months: number): number {
  const [year = 0, month = 0, date = 0] = dateText(day).split('-').map(Number);
  const first = Date.UTC(year, month - 1 + months, 1);
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return first / (24 * HOUR_MS) + Math.min(date, last) - 1;
}
