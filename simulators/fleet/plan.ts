/** The shapes of the fleet's plan. All times are seconds since 1970, UTC; ends are exclusive. */

export type Cloud = 'azure' | 'gcp' | 'aws' | 'onprem';

/** How a customer buys: a private offer, a public offer, multi-tenant SaaS, or a licence on premises. */
export type Phase = 'private' | 'public' | 'saas' | 'licence';

/** What a customer's usage does over time. */
export type Behaviour =
  | 'steady' // grows slowly under its commitment
  | 'overage' // holds more than it committed to
  | 'newcomer' // arrives within the fleet's days
  | 'churner' // declines, then ends
  | 'sudden' // ends without a decline
  | 'dip' // declines, and recovers
  | 'lapsed' // goes on using after its term ended without a renewal
  | 'silent' // its first cluster stops reporting for weeks, and it is no churn
  | 'flaky'; // its first cluster reports too few hours of each day

/** How the Salesforce account and the Polaris customer name each other. */
export type AccountLink =
  | 'both'
  | 'salesforce_only' // Polaris names no account
  | 'polaris_only' // the account names no customer
  | 'two_accounts' // two accounts name the customer, Polaris names one of them
  | 'two_accounts_unnamed' // two accounts name the customer, Polaris names neither
  | 'none'; // neither names the other

/** One term of one marketplace purchase: an offer, its contract and its subscription. */
export interface SubscriptionPlan {
  /** Number of the purchase in the whole fleet: ids are made from it. */
  readonly number: number;
  readonly subscription_id: string;
  readonly customer: number;
  readonly cloud: Exclude<Cloud, 'onprem'>;
  readonly phase: Phase;
  readonly plan: string;
  readonly offer_id: string;
  readonly po_id: string;
  readonly buyer_id: string;
  readonly product_id: string;
  readonly starts_at: number;
  readonly ends_at: number;
  /** Cancelled before its end; null where it runs out. */
  readonly cancelled_at: number | null;
  readonly commit_tib: number;
  /** 0 for the first term of this customer and cloud, then +1 for each renewal. */
  readonly term: number;
  /** Whether a later term takes over at the end. */
  readonly renewed: boolean;
  /** From when a larger commitment replaces the first one within the term. */
  readonly amended_at: number | null;
}

/** One cluster. `number` counts over the whole fleet from 0. */
export interface ClusterPlan {
  readonly number: number;
  readonly cluster_id: string;
  readonly customer: number;
  readonly cloud: Cloud;
  readonly region: string;
  readonly provisioned_tib: number;
  readonly created_at: number;
  readonly terminated_at: number | null;
  /** 0 around the clock, 1 office hours, 2 nightly batch, 3 archive. */
  readonly workload: 0 | 1 | 2 | 3;
  /** Share of the provisioned capacity that holds data at the start, in parts per million, and its growth a day. */
  readonly used_ppm: number;
  readonly growth_ppm: number;
  /** Fraction digits of its capacity quantities. */
  readonly capacity_digits: 3 | 6 | 9;
  /** Terms that its usage is billed to, in order; empty where it was not bought through a marketplace. */
  readonly terms: readonly SubscriptionPlan[];
}

/** One customer with everything planned for it. */
export interface CustomerPlan {
  readonly number: number;
  readonly customer_id: string;
  readonly name: string;
  readonly domain: string;
  readonly industry: string;
  readonly country: string;
  readonly cloud: Cloud;
  readonly phase: Phase;
  readonly behaviour: Behaviour;
  readonly account_link: AccountLink;
  readonly created_at: number;
  readonly decline_from: number | null;
  readonly terminated_at: number | null;
  /** Rule ids of findings planted on this customer's records; see hygiene.ts. */
  readonly hygiene: readonly string[];
  readonly clusters: readonly ClusterPlan[];
  readonly subscriptions: readonly SubscriptionPlan[];
}

/** The whole plan of a fleet. `start`: seconds since 1970 of the first metered hour. */
export interface FleetPlan {
  readonly seed: number;
  readonly start: number;
  readonly days: number;
  readonly customers: readonly CustomerPlan[];
  readonly clusters: readonly ClusterPlan[];
  readonly subscriptions: readonly SubscriptionPlan[];
}
