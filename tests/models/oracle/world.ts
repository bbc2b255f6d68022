/**
 * What the three systems say, night by night, as their APIs send it. The oracle computes the marts from it, and the
 * real loader loads it: neither sees anything of the other.
 */

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type ApiRecord = { readonly [key: string]: Json };

/** A row of Polaris' readings feed. */
export interface Reading {
  readonly reading_id: string;
  readonly seq: number;
  readonly customer_id: string;
  readonly cluster_id: string;
  readonly subscription_id: string | null;
  readonly hour: string;
  readonly dimension: string;
  readonly quantity: string;
  readonly unit: string;
  readonly revision: number;
  readonly recorded_at: string;
  readonly cloud: string;
  readonly region: string;
  readonly software_version: string;
}

/** A row of Polaris' features feed. */
export interface FeatureEvent {
  readonly feature_event_id: string;
  readonly customer_id: string;
  readonly cluster_id: string;
  readonly hour: string;
  readonly feature: string;
  readonly operations: number;
  readonly active_clients: number;
  readonly recorded_at: string;
}

/** Every list that a night reads whole, by `<source>.<stream>`. */
type Lists = Readonly<Record<string, readonly ApiRecord[]>>;

/** One run: what the feeds deliver since the one before, and the lists as they are now. */
export interface Night {
  /** The `as_of` of its last readings page. */
  readonly as_of: string;
  readonly readings: readonly Reading[];
  readonly features: readonly FeatureEvent[];
  readonly lists: Lists;
}

/** One version of an overage policy, with the keys of its file that the arithmetic reads. */
export interface Policy {
  readonly policy_id: string;
  readonly version: string;
  readonly effective_from: string;
  readonly effective_to: string | null;
  readonly applies_to: {
    readonly clouds: readonly string[];
    readonly plans: readonly string[];
    readonly subscriptions: readonly string[];
  };
  readonly dimension: string;
  readonly unit: string;
  readonly commit: Readonly<Record<string, string>>;
  readonly period: 'calendar_month' | 'anniversary_month' | 'term';
  readonly reduce: 'sum' | 'avg_day' | 'avg_period' | 'peak_day' | 'p95_hour';
  readonly order: 'hinge_then_reduce' | 'reduce_then_hinge';
  readonly missing: 'unmetered' | 'last_observed' | 'period_mean';
  readonly grace: { readonly hours: number };
  readonly burst_pct: string;
  readonly rates: { readonly burst: string; readonly above: string };
  readonly currency: string;
  readonly multipliers: Readonly<Record<'tier' | 'region' | 'edition', Readonly<Record<string, string>>>>;
  readonly rounding: { readonly mode: 'half_even' | 'half_up' | 'floor' | 'ceil'; readonly scale: number };
}

interface Ramp {
  readonly points: string;
  readonly from?: string;
  readonly to?: string;
  readonly when?: true;
}

/** The rules that people decide, with the keys that the arithmetic reads. */
export interface Rules {
  readonly overage: readonly Policy[];
  readonly dimensions: {
    readonly version: string;
    readonly roles: Readonly<Record<string, readonly string[]>>;
    readonly marketplace_names: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  readonly features: {
    readonly version: string;
    readonly plans: Readonly<
      Record<
        string,
        { readonly tier?: string; readonly edition?: string; readonly features: readonly string[] }
      >
    >;
  };
  readonly marketplace: {
    readonly version: string;
    readonly prepared_by: string;
    readonly approved_by: string;
    readonly window_hours: Readonly<Record<string, number>>;
    readonly scales: Readonly<Record<string, Readonly<Record<string, string>>>>;
  };
  readonly churn: {
    readonly versions: readonly {
      readonly version: string;
      readonly indicators: Readonly<Record<string, Ramp>>;
      readonly bands: { readonly watch: string; readonly high: string };
      readonly min_coverage: string;
    }[];
  };
}

export interface World {
  readonly nights: readonly Night[];
  readonly rules: Rules;
}
