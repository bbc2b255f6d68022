/** How Tackle is reached: four hosts, one sign-in. */
export interface TackleConfig {
  /** The main host: `/v1/…`. */
  readonly url: string;
  /** The contracts host: `/api/contracts` is added. */
  readonly contracts_url: string;
  /** The Microsoft offers host: `/private-offers` is added. */
  readonly microsoft_offers_url: string;
  /** The AWS offers host: `/private-offers` is added. */
  readonly aws_offers_url: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** Where Azure's invoices and disbursements are dropped as CSV files; absent: there are none. */
  readonly azure_drop_dir?: string | undefined;
  /** Usage records are read again this many days back, since their changes cannot be asked for; default 35. */
  readonly usage_lookback_days?: number;
}
