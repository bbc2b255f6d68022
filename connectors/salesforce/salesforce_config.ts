/** JWT bearer (RFC 7523): no secret is sent, only a signature by the key whose certificate the app holds. */
export interface JwtAuth {
  readonly kind: 'jwt';
  readonly username: string;
  /** PEM, PKCS#8 or PKCS#1. */
  readonly private_key: string;
}

/** Client credentials: `login_url` must be the My Domain host. */
interface ClientCredentialsAuth {
  readonly kind: 'client_credentials';
  readonly client_secret: string;
}

/** What is read of one object. */
interface ObjectConfig {
  /** Default true. */
  readonly read?: boolean;
  /** Column → the name of its field in this organisation; null: it is not read, and null in every record. */
  readonly columns?: Readonly<Record<string, string | null>>;
}

/** How Salesforce is reached and what is read. */
export interface SalesforceConfig {
  readonly login_url: string;
  readonly client_id: string;
  readonly auth: JwtAuth | ClientCredentialsAuth;
  /** Default `v67.0`. */
  readonly api_version?: string;
  /** What is read of an object otherwise than by default. */
  readonly objects?: Readonly<Record<string, ObjectConfig>>;
  /** Each read starts this long before the last one's end; default 60. */
  readonly lookback_minutes?: number;
  /** The share of the day's requests, used by anyone, at which reading stops; default 0.8. */
  readonly quota_share?: number;
  /** What a field that vanished does: fail the night (default), or an alert and a null column. */
  readonly on_vanished_field?: 'fail' | 'alert';
  /** More changed records than this are read by Bulk rather than REST; default 10,000. */
  readonly bulk_threshold?: number;
  /** Rows asked for in one page of Bulk results; default 25,000. */
  readonly bulk_page_rows?: number;
  /** Folder for what is kept between nights: open query jobs, and what describe showed. Absent: nothing is kept. */
  readonly state_dir?: string;
}

/** The configuration with its defaults filled in. */
export interface SalesforceSettings {
  readonly api_version: string;
  readonly lookback_minutes: number;
  readonly quota_share: number;
  readonly on_vanished_field: 'fail' | 'alert';
  readonly bulk_threshold: number;
  readonly bulk_page_rows: number;
}

/** The settings of a configuration. */
export function salesforceSettings(config: SalesforceConfig): SalesforceSettings {
  const version = config.api_version ?? 'v67.0';
  return {
    api_version: version.startsWith('v') ? version : `v${version}`,
    lookback_minutes: config.lookback_minutes ?? 60,
    quota_share: config.quota_share ?? 0.8,
    on_vanished_field: config.on_vanished_field ?? 'fail',
    bulk_threshold: config.bulk_threshold ?? 10_000,
    bulk_page_rows: config.bulk_page_rows ?? 25_000,
  };
}
