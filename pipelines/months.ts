import type { Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';

/** The first day of a month given as `yyyy-mm` for some argument. @throws UsageError for anything else */
export function firstDayOf(month: string, argument = '<month>'): string {
  if (/^\d{4}-(0[1-9]|1[0-2])$/.test(month)) return `${month}-01`;
  throw new UsageError(`${argument}: got ${month}, want a month yyyy-mm`);
}

/** The first day (`yyyy-mm-dd`) of the month after a day's. */
export function monthAfter(day: string): string {
  return shifted(day, 1);
}

/** The first day of the month before a day's. */
export function monthBefore(day: string): string {
  return shifted(day, -1);
}

/** The first day of the month that lies so many months from a day's. */
function shifted(day: string, months: number): string {
  const [year = 0, month = 0] = day.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, 1)).toISOString().slice(0, 10);
}

/** The day so many days after one. */
export function daysAfter(day: string, days: number): string {
  return new Date(Date.parse(day) + days * 86_400_000).toISOString().slice(0, 10);
}

/** The instant up to which a month's close takes what was recorded: its exclusive end + `cut_offs.close`. */
export function closeCutOff({ cut_offs: { close } }: Pick<Config, 'cut_offs'>, month: string): string {
  return `${daysAfter(monthAfter(month), close.days)}T${close.time}:00Z`;
}
