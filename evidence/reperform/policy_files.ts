import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dayOfText } from './calendar.ts';
import { digitsOf, type RoundingMode } from './decimals.ts';
import { PolicyRefused } from './refusals.ts';

/** One version of an overage policy, as the arithmetic needs it. */
export interface RatingPolicy {
  readonly policy_id: string;
  readonly version: string;
  /** The hours it rates: `from` up to, and not including, `to`. */
  readonly from: number;
  readonly to: number;
  readonly clouds: ReadonlySet<string>;
  readonly plans: ReadonlySet<string>;
  readonly subscriptions: ReadonlySet<string>;
  readonly dimension: string;
  /** Subscription → billionths. */
  readonly commit: ReadonlyMap<string, bigint>;
  readonly period: 'calendar_month' | 'anniversary_month' | 'term';
  readonly reduce: 'sum' | 'avg_day' | 'avg_period' | 'peak_day' | 'p95_hour';
  readonly order: 'hinge_then_reduce' | 'reduce_then_hinge';
  readonly missing: 'unmetered' | 'last_observed' | 'period_mean';
  readonly grace_hours: number;
  /** Millionths of the commitment. */
  readonly burst_share: bigint;
  /** Millionths of the currency per unit. */
  readonly rate_burst: bigint;
  readonly rate_above: bigint;
  readonly currency: string;
  /** Value → ten-thousandths. */
  readonly tier: ReadonlyMap<string, bigint>;
  readonly region: ReadonlyMap<string, bigint>;
  readonly edition: ReadonlyMap<string, bigint>;
  /** Billionths per period, or of the balance; null where there is none. */
  readonly true_up: bigint | null;
  readonly drawdown: bigint | null;
  readonly rounding: { readonly mode: RoundingMode; readonly scale: number };
}

/** What people decided, as far as overage lines depend on it. */
export interface RatingRules {
  readonly policies: readonly RatingPolicy[];
  readonly held_capacity: readonly string[];
  readonly heartbeat: readonly string[];
  /** Cloud → the marketplace's name of a dimension → ours. */
  readonly marketplace_names: ReadonlyMap<string, ReadonlyMap<string, string>>;
  readonly plans: ReadonlyMap<string, { readonly tier: string | null; readonly edition: string | null }>;
}

/** Reads what a night reads: `overage/*.yaml`, `dimensions.yaml`, `features.yaml`. @throws PolicyRefused */
export async function readRules(folder: string): Promise<RatingRules> {
  const files = (await readdir(join(folder, 'overage'))).filter((file) => file.endsWith('.yaml')).sort();
  const policies = await Promise.all(
    files.map(async (file) => policyOf(await readYaml(folder, join('overage', file)))),
  );
  const dimensions = await readYaml(folder, 'dimensions.yaml');
  const features = await readYaml(folder, 'features.yaml');
  const roles = dimensions.at('roles');
  const names = dimensions.at('marketplace_names');
  return {
    policies,
    held_capacity: roles.texts('held_capacity'),
    heartbeat: roles.texts('heartbeat'),
    marketplace_names: new Map(names.keys().map((cloud) => [cloud, names.textMap(cloud)])),
    plans: new Map(
      features
        .at('plans')
        .keys()
        .map((plan) => {
          const held = features.at('plans').at(plan);
          return [plan, { tier: held.textOrNull('tier'), edition: held.textOrNull('edition') }];
        }),
    ),
  };
}

function policyOf(file: Part): RatingPolicy {
  const scopes = file.at('applies_to');
  const multipliers = file.at('multipliers');
  const rates = file.at('rates');
  const factors = (name: string) =>
    new Map([...multipliers.textMap(name)].map(([value, factor]) => [value, digitsOf(factor, 4)]));
  const money = (name: string, key: string) =>
    file.value(name) === null ? null : digitsOf(file.at(name).text(key), 9);
  return {
    policy_id: file.text('policy_id'),
    version: file.text('version'),
    from: file.firstHour('effective_from'),
    to: file.value('effective_to') === null ? Number.POSITIVE_INFINITY : file.firstHour('effective_to'),
    clouds: new Set(scopes.texts('clouds')),
    plans: new Set(scopes.texts('plans')),
    subscriptions: new Set(scopes.texts('subscriptions')),
    dimension: file.text('dimension'),
    commit: new Map([...file.textMap('commit')].map(([id, quantity]) => [id, digitsOf(quantity, 9)])),
    period: file.oneOf('period', ['calendar_month', 'anniversary_month', 'term']),
    reduce: file.oneOf('reduce', ['sum', 'avg_day', 'avg_period', 'peak_day', 'p95_hour']),
    order: file.oneOf('order', ['hinge_then_reduce', 'reduce_then_hinge']),
    missing: file.oneOf('missing', ['unmetered', 'last_observed', 'period_mean']),
    grace_hours: file.at('grace').whole('hours'),
    // Per cent with four digits is a share with six.
    burst_share: digitsOf(file.text('burst_pct'), 4),
    rate_burst: digitsOf(rates.text('burst'), 6),
    rate_above: digitsOf(rates.text('above'), 6),
    currency: file.text('currency'),
    tier: factors('tier'),
    region: factors('region'),
    edition: factors('edition'),
    true_up: money('true_up', 'committed_amount'),
    drawdown: money('drawdown', 'opening_balance'),
    rounding: {
      mode: file.at('rounding').oneOf('mode', ['half_even', 'half_up', 'floor', 'ceil']),
      scale: file.at('rounding').whole('scale'),
    },
  };
}

async function readYaml(folder: string, file: string): Promise<Part> {
  const text = await readFile(join(folder, file), 'utf8').catch((cause: unknown) => {
    throw new PolicyRefused(`evidence: policy ${file}: got no file that can be read, want it in ${folder}`, {
      cause,
    });
  });
  return new Part(file, parse(text));
}

/** A mapping of a policy file, whose values are taken as what they must be. */
class Part {
  readonly #where: string;
  readonly #held: Readonly<Record<string, unknown>>;

  constructor(where: string, value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new PolicyRefused(`evidence: policy ${where}: got ${JSON.stringify(value)}, want a mapping`);
    this.#where = where;
    this.#held = value as Readonly<Record<string, unknown>>;
  }

  value = (key: string): unknown => this.#held[key];
  keys = (): string[] => Object.keys(this.#held);
  at = (key: string): Part => new Part(`${this.#where} ${key}`, this.#held[key]);

  text(key: string): string {
    const value = this.#held[key];
    return typeof value === 'string' ? value : this.#refuse(key, 'a text (quote numbers)');
  }

  textOrNull(key: string): string | null {
    return this.#held[key] === undefined ? null : this.text(key);
  }

  whole(key: string): number {
    const value = this.#held[key];
    return Number.isSafeInteger(value) ? (value as number) : this.#refuse(key, 'a whole number');
  }

  texts(key: string): readonly string[] {
    const value = this.#held[key];
    return Array.isArray(value) && value.every((each) => typeof each === 'string')
      ? value
      : this.#refuse(key, 'a list of texts');
  }

  textMap(key: string): ReadonlyMap<string, string> {
    const part = this.at(key);
    return new Map(part.keys().map((each) => [each, part.text(each)]));
  }

  firstHour(key: string): number {
    return (dayOfText(this.text(key)) ?? this.#refuse(key, 'a day that exists')) * 24;
  }

  oneOf<const T extends string>(key: string, words: readonly T[]): T {
    return words.find((word) => word === this.#held[key]) ?? this.#refuse(key, `one of ${words.join(', ')}`);
  }

  #refuse(key: string, want: string): never {
    const got = JSON.stringify(this.#held[key]) ?? 'nothing';
    throw new PolicyRefused(`evidence: policy ${this.#where} ${key}: got ${got}, want ${want}`);
  }
}
