import type { PricingOptions } from '../schemas/pricing_options.ts';
import { percentToShare, type Row, type Seed } from './policy_seed.ts';

type Option = PricingOptions['options'][string];

/** The pricing options: what each is, its rates or units by dimension, and the multipliers of those. */
export function pricingSeeds(pricing: PricingOptions): readonly Seed[] {
  const each = (rowsOf: (option: Option) => readonly Row[]): readonly Row[] =>
    Object.entries(pricing.options).flatMap(([id, option]) =>
      rowsOf(option).map((row) => [id, pricing.version, ...row]),
    );
  const { mode, scale } = pricing.rounding;
  return [
    {
      name: 'seed_pricing_options',
      columns: ['option_id', 'version', ...OPTION_COLUMNS.split(' ')],
      rows: each((option) => [[option.kind, ...optionFields(option), pricing.currency, mode, String(scale)]]),
    },
    {
      name: 'seed_pricing_rates',
      columns: ['option_id', 'version', 'dimension', 'rate'],
      rows: each(rateRows),
    },
    {
      name: 'seed_pricing_multipliers',
      columns: ['option_id', 'version', 'dimension', 'attribute', 'value', 'factor'],
      rows: each(multiplierRows),
    },
  ];
}

const OPTION_COLUMNS =
  'kind dimension burst_share rate_committed rate_burst rate_above unit_price currency rounding_mode rounding_scale';

function optionFields(option: Option): Row {
  switch (option.kind) {
    case 'fixed_overage': {
      const { dimension, burst_pct, rates } = option;
      return [dimension, percentToShare(burst_pct), rates.committed, rates.burst, rates.above, null];
    }
    case 'pay_as_you_go':
      return [null, null, null, null, null, null];
    case 'saas_units':
      return [null, null, null, null, null, option.unit_price];
  }
}

function rateRows(option: Option): readonly Row[] {
  switch (option.kind) {
    case 'fixed_overage':
      return [];
    case 'pay_as_you_go':
      return Object.entries(option.rates);
    case 'saas_units':
      return Object.entries(option.dimensions).map(([dimension, { units }]) => [dimension, units]);
  }
}

function multiplierRows(option: Option): readonly Row[] {
  if (option.kind !== 'saas_units') return [];
  return Object.entries(option.dimensions).flatMap(([dimension, { multipliers }]) =>
    Object.entries(multipliers).flatMap(([attribute, factors]) =>
      Object.entries(factors).map(([value, factor]) => [dimension, attribute, value, factor]),
    ),
  );
}
