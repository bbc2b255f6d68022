/** How Polaris is reached. */
export interface PolarisConfig {
  /** Base URL, to which `/v1/…` and `/oauth/token` are added. */
  readonly url: string;
  readonly client_id: string;
  readonly client_secret: string;
  /** Rows asked for in one page of a feed, 1 to 50,000; a reading is about 400 bytes. */
  readonly page_rows?: number;
}
