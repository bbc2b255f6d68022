import { z } from 'zod';
import {
  AUTHORS,
  approvedByAnother,
  currency,
  decimalText,
  factors,
  name,
  rounding,
  version,
} from './policy_values.ts';

const rate = decimalText(6);
const notEmpty = (record: object) => Object.keys(record).length > 0;

/** A commitment that is paid for each hour, used or not, and what lies above it in two bands. */
const fixedOverage = z.strictObject({
  kind: z.literal('fixed_overage'),
  dimension: name,
  burst_pct: decimalText(4),
  rates: z.strictObject({ committed: rate, burst: rate, above: rate }),
});

/** Every reading at the rate of its dimension. */
const payAsYouGo = z.strictObject({
  kind: z.literal('pay_as_you_go'),
  rates: z.record(name, rate).refine(notEmpty, { error: 'want a rate for at least one dimension' }),
});

/** Quantities become units, each dimension with multipliers of its own, and a unit has one price. */
const saasUnits = z.strictObject({
  kind: z.literal('saas_units'),
  unit_price: rate,
  dimensions: z
    .record(
      name,
      z.strictObject({
        units: rate,
        multipliers: z.strictObject({ tier: factors, region: factors, edition: factors }),
      }),
    )
    .refine(notEmpty, { error: 'want at least one dimension' }),
});

const optionId = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'want lower-case letters, digits and dashes' });

/** Ways to charge that are compared over the same readings: the file `pricing-options.yaml`. */
export const PRICING_OPTIONS = approvedByAnother(
  z.strictObject({
    version,
    ...AUTHORS,
    currency,
    rounding,
    options: z
      .record(optionId, z.discriminatedUnion('kind', [fixedOverage, payAsYouGo, saasUnits]))
      .refine(notEmpty, { error: 'want at least one option' }),
  }),
);
export type PricingOptions = z.infer<typeof PRICING_OPTIONS>;
