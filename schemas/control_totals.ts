import { z } from 'zod';
import { hour, id, instant } from './columns.ts';
import type { Instant } from './page.ts';

/** Whole hours in UTC; `to` is exclusive. */
export interface HourRange {
  readonly from: Instant;
  readonly to: Instant;
}

/** What a source itself counts at an instant: number and sum of the current revisions, one per hour × dimension. */
export const CONTROL_TOTALS = z.object({
  data: z.array(
    z.object({
      hour: hour(),
      dimension: id(),
      readings: z.int().min(0),
      /** A sum may be longer than the quantities that it is made of. */
      quantity: z.string().regex(/^\d{1,29}(\.\d{1,9})?$/),
    }),
  ),
  as_of: instant(),
});

export type ControlTotals = z.infer<typeof CONTROL_TOTALS>;
