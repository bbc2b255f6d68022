import { z } from 'zod';
import { AUTHORS, approvedByAnother, decimalText, name, version } from './policy_values.ts';

/** Hours after an hour's end up to which the marketplace takes its usage record. */
const windowHours = z.int().min(1).max(744);

/** Units of the marketplace per unit of the dimension, by dimension; a dimension that is not named has 1. */
const scales = z.record(
  name,
  decimalText(6).refine((value) => Number(value) > 0, { error: 'want a scale above 0' }),
);

/** When and in which units usage goes to the marketplaces: the file `marketplace.yaml`. */
export const MARKETPLACE_POLICY = approvedByAnother(
  z.strictObject({
    version,
    ...AUTHORS,
    window_hours: z.strictObject({ azure: windowHours, gcp: windowHours, aws: windowHours }),
    scales: z.strictObject({ azure: scales, gcp: scales, aws: scales }),
  }),
);
export type MarketplacePolicy = z.infer<typeof MARKETPLACE_POLICY>;
