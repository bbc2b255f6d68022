import { z } from 'zod';
import type { SourceName } from './streams.ts';

/**
 * meterline.yaml. Keys that are not listed here are errors. A secret is never written out: `${NAME}` takes it from
 * the environment, a `…_file` key from a file; `SECRET_KEYS` says which keys are held to that.
 */
export const SECRET_KEYS: readonly string[] = ['client_secret', 'token_secret', 'secret_value'];

const url = () => z.url({ protocol: /^https?$/, error: 'want an http(s) URL' });
const time = () => z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'want a time hh:mm in UTC' });
const secret = () => z.string().min(1);

const warehouse = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('duckdb') }),
  z.strictObject({
    kind: z.literal('bigquery'),
    project: z.string().min(1),
    dataset: z.string().regex(/^\w+$/),
    location: z.string().default('EU'),
    api_endpoint: url().optional(),
  }),
]);

const polaris = z.strictObject({ url: url(), client_id: z.string().min(1), client_secret: secret() });

const salesforceAuth = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('jwt'),
    username: z.string().min(1),
    private_key_file: z.string().min(1),
  }),
  z.strictObject({ kind: z.literal('client_credentials'), client_secret: secret() }),
]);

const salesforce = z.strictObject({
  login_url: url(),
  client_id: z.string().min(1),
  auth: salesforceAuth,
  api_version: z
    .string()
    .regex(/^v?\d{2,3}\.0$/)
    .default('v67.0'),
  /** Object → whether it is read, and column → the API name of its field in this org; null: not read, always null. */
  objects: z
    .record(
      z.string(),
      z.strictObject({
        read: z.boolean().default(true),
        columns: z.record(z.string(), z.string().nullable()).default({}),
      }),
    )
    .default({}),
  lookback_minutes: z.int().min(0).default(60),
  /** Largest share of the org's daily API requests that may be used, by anybody, before a night stops. */
  quota_share: z.number().gt(0).max(1).default(0.8),
  on_vanished_field: z.enum(['fail', 'alert']).default('fail'),
  reconcile_cron: z.string().default('0 4 * * 0'),
});

const tackle = z.strictObject({
  url: url(),
  contracts_url: url(),
  microsoft_offers_url: url(),
  aws_offers_url: url(),
  client_id: z.string().min(1),
  client_secret: secret(),
  azure_drop_dir: z.string().optional(),
  usage_lookback_days: z.int().min(1).default(35),
});

const tableau = z.strictObject({
  url: url(),
  site: z.string().default(''),
  project: z.string().min(1),
  auth: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('pat'), token_name: z.string().min(1), token_secret: secret() }),
    z.strictObject({
      kind: z.literal('connected_app'),
      client_id: z.string().min(1),
      secret_id: z.string().min(1),
      secret_value: secret(),
      username: z.string().min(1),
    }),
  ]),
});

const closeCutOff = z.strictObject({ days: z.int().min(0).default(3), time: time().default('06:00') });
const cutOffs = z.strictObject({
  /** A row dated D sees what was recorded up to this time on D+1. */
  as_of: time().default('02:00'),
  /** A period closes this many days after its exclusive end, at this time. */
  close: closeCutOff.default({ days: 3, time: '06:00' }),
});

const gates = z.strictObject({
  max_quarantine_share: z.number().min(0).max(1).default(0.01),
  min_quarantined_rows: z.int().min(0).default(20),
  freshness_hours: z.number().gt(0).default(26),
});

const evidence = z.strictObject({
  /** Name of the log and of its key (C2SP signed-note). */
  origin: z
    .string()
    .regex(/^[^\s+]+$/u, { error: 'want a name without spaces and +' })
    .default('example.com/meterline'),
  signing_key_file: z.string().optional(),
  timestamp_authority_url: url().optional(),
});

const schedule = z.strictObject({
  cron: z.string().default('30 2 * * *'),
  timezone: z
    .literal('Etc/UTC', { error: 'want Etc/UTC: local-time schedules skip or repeat nights' })
    .default('Etc/UTC'),
  catch_up: z.enum(['latest', 'none']).default('latest'),
});

export const CONFIG = z.strictObject({
  environment: z.string().min(1).default('production'),
  data_dir: z.string().min(1).default('./data'),
  warehouse: warehouse.default({ kind: 'duckdb' }),
  sources: z
    .strictObject({
      polaris: polaris.optional(),
      salesforce: salesforce.optional(),
      tackle: tackle.optional(),
    } satisfies Record<SourceName, z.ZodType>)
    .default({}),
  evidence: evidence.default({ origin: 'example.com/meterline' }),
  policies: z.string().min(1).default('./policies'),
  tableau: tableau.optional(),
  schedule: schedule.default({ cron: '30 2 * * *', timezone: 'Etc/UTC', catch_up: 'latest' }),
  alerts: z.strictObject({ webhook_url: url().optional() }).default({}),
  gates: gates.default({ max_quarantine_share: 0.01, min_quarantined_rows: 20, freshness_hours: 26 }),
  cut_offs: cutOffs.default({ as_of: '02:00', close: { days: 3, time: '06:00' } }),
  /** Coverage floor: this many of 28 days with at least this many observed hours. */
  coverage: z
    .strictObject({ days: z.int().min(1).max(28).default(20), hours: z.int().min(1).max(24).default(18) })
    .default({ days: 20, hours: 18 }),
});

export type Config = z.infer<typeof CONFIG>;
