/**
 * The fleet: one invented world that all four simulators show a side of. A pure function of its options: equal
 * options give equal bytes, and a world looked at later (`now`) only has more in it.
 */

/** Instants are RFC 3339 texts in UTC, whole seconds, with `Z`. */
export type Instant = string;

export interface FleetOptions {
  readonly seed: number;
  /** Polaris customers; clusters follow (about 1.6 each). */
  readonly customers: number;
  /** Days of usage between `start` and the first `now`. */
  readonly days: number;
  /** Metered dimensions, from 2; beyond the usual catalogue they are invented ones. */
  readonly dimensions: number;
  /** First metered hour. */
  readonly start: Instant;
}

/** A Salesforce record as of an instant; `SystemModstamp` and `IsDeleted` included among the fields. */
export type SalesforceRecord = Readonly<Record<string, string | number | boolean | null>>;

/** The objects the Salesforce simulator knows. */
export const SALESFORCE_OBJECTS = [
  'Account',
  'Contact',
  'Opportunity',
  'Contract',
  'Entitlement',
  'Case',
  'User',
  'UserRole',
  'Profile',
  'PermissionSetAssignment',
] as const;
export type SalesforceObject = (typeof SALESFORCE_OBJECTS)[number];

/** Gives the records of one object that exist at `now`, deleted ones included, in order of SystemModstamp, Id. */
export type SalesforceSource = (object: SalesforceObject, now: Instant) => Iterable<SalesforceRecord>;

/** A Tackle record: JSON as the API shows it. Money fields are JSON numbers, as Tackle sends them. */
export type TackleRecord = Readonly<Record<string, unknown>>;

/** Lists that the Tackle simulator serves; usage_records may be large and come as an iterable in order of start_time. */
export const TACKLE_LISTS = [
  'contracts',
  'subscriptions',
  'products',
  'microsoft_offers',
  'aws_offers',
  'usage_records',
  'invoices',
  'disbursements',
] as const;
export type TackleList = (typeof TACKLE_LISTS)[number];

/** Gives the records of one list that exist at `now`. */
export type TackleSource = (list: TackleList, now: Instant) => Iterable<TackleRecord>;

/** What the generator planted and tests may hold results against. One record per customer. */
export interface CustomerTruth {
  readonly customer_id: string;
  readonly will_churn: boolean;
  /** First day of the decline, and of the end, where it churns. */
  readonly decline_from: Instant | null;
  readonly terminated_at: Instant | null;
  /**
   * Hours in which a cluster of this customer ran but recorded nothing in time; `to`: exclusive. `arrives_at`: when
   * the rows were recorded after all, null = never. `cause`: `outage` = the fleet-wide one, `late` = only late.
   */
  readonly gaps: readonly GapTruth[];
  /** Rule ids of findings that were planted on this customer's records. */
  readonly hygiene: readonly string[];
}

/** One unbroken stretch of hours of one cluster. */
export interface GapTruth {
  readonly cluster_id: string;
  readonly from: Instant;
  readonly to: Instant;
  readonly arrives_at: Instant | null;
  readonly cause: 'cluster' | 'outage' | 'late';
}

/** What was planted up to an instant. */
export interface FleetTruth {
  readonly customers: readonly CustomerTruth[];
  /** Fleet-wide outages that have begun; `to`: exclusive. */
  readonly outages: readonly { readonly from: Instant; readonly to: Instant }[];
  /** Numbers missing in a cluster's `seq`, before its rows of the hour `hour`. */
  readonly seq_holes: readonly {
    readonly cluster_id: string;
    readonly hour: Instant;
    readonly numbers: number;
  }[];
}
