import { READINGS } from '../../schemas/polaris.ts';
import type { LandedPage } from '../../warehouse/warehouse.ts';
import { landed, reading } from '../contract/warehouse/fixtures.ts';

const PAGES = 4;
const ROWS = 2500;
/** Of each page: the last rows are given again, and one row is refused. */
const REPEATED = 5;

export const KILL_FIGURES = {
  accepted: PAGES * ROWS,
  quarantined: PAGES,
  bookmark: `b${PAGES - 1}`,
} as const;

/** Pages with new, repeated and refused rows. */
export function killPages(): readonly LandedPage[] {
  return Array.from({ length: PAGES }, (_, page) => {
    const rows = Array.from({ length: ROWS }, (_, row) => {
      const number = page * ROWS + row;
      return reading({
        reading_id: `r${number}`,
        seq: String(number + 1),
        cluster_id: `clu-${Math.floor(number / 24)}`,
        hour: `2026-11-22T${String(number % 24).padStart(2, '0')}:00:00Z`,
      });
    });
    const again = rows.slice(-REPEATED);
    return landed(READINGS, [...rows, ...again], {
      bookmark: `b${page}`,
      rejected: [{ row: `{"page":${page}}`, cluster_id: 'bad', seq: String(page + 1) }],
    });
  });
}
