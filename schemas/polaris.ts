import { z } from 'zod';
import { flag, hour, id, instant, integer, quantity, text, word } from './columns.ts';
import { stream } from './streams.ts';

export const CLOUDS = ['azure', 'gcp', 'aws', 'onprem'] as const;

/** One row per revision of a reading: one dimension of one cluster in one UTC hour. */
export const READINGS = stream({
  source: 'polaris',
  name: 'readings',
  kind: 'revisions',
  key: ['reading_id'],
  full: false,
  references: ['dimensions'],
  schema: z.object({
    reading_id: id(),
    seq: integer(1),
    customer_id: id(),
    cluster_id: id(),
    subscription_id: id().nullable(),
    hour: hour(),
    dimension: id(),
    quantity: quantity(),
    unit: text(),
    revision: integer(1),
    recorded_at: instant(),
    cloud: word(CLOUDS),
    region: text(),
    software_version: text(),
  }),
});

/** One row per cluster × hour × feature with operations. */
export const FEATURES = stream({
  source: 'polaris',
  name: 'features',
  kind: 'events',
  key: ['feature_event_id'],
  full: false,
  schema: z.object({
    feature_event_id: id(),
    customer_id: id(),
    cluster_id: id(),
    hour: hour(),
    feature: id(),
    operations: integer(0),
    active_clients: integer(0),
    recorded_at: instant(),
  }),
});

/** One row per metered dimension. */
export const DIMENSIONS = stream({
  source: 'polaris',
  name: 'dimensions',
  kind: 'records',
  key: ['dimension'],
  full: true,
  schema: z.object({
    dimension: id(),
    unit: text(),
    measure: word(['level', 'count']),
    billable: flag(),
    description: text(),
  }),
});

/** One row per Polaris customer. */
export const CUSTOMERS = stream({
  source: 'polaris',
  name: 'customers',
  kind: 'records',
  key: ['customer_id'],
  full: true,
  schema: z.object({
    customer_id: id(),
    name: text(),
    salesforce_account_id: text().nullable(),
    created_at: instant(),
    status: word(['active', 'suspended', 'terminated']),
  }),
});

/** One row per cluster. */
export const CLUSTERS = stream({
  source: 'polaris',
  name: 'clusters',
  kind: 'records',
  key: ['cluster_id'],
  full: true,
  schema: z.object({
    cluster_id: id(),
    customer_id: id(),
    subscription_id: id().nullable(),
    cloud: word(CLOUDS),
    region: text(),
    provisioned_tib: quantity(),
    created_at: instant(),
    terminated_at: instant().nullable(),
  }),
});

/** One row per Polaris user and role grant. */
export const USERS = stream({
  source: 'polaris',
  name: 'users',
  kind: 'records',
  key: ['user_id', 'customer_id', 'role'],
  full: true,
  schema: z.object({
    user_id: id(),
    customer_id: id(),
    email: text(),
    role: word(['owner', 'admin', 'operator', 'viewer', 'support', 'internal_admin']),
    status: word(['active', 'disabled']),
    last_login_at: instant().nullable(),
    granted_at: instant(),
  }),
});

/** In the order in which they are read: catalogues first, so that readings can be held against them. */
export const POLARIS_STREAMS = [DIMENSIONS, CUSTOMERS, CLUSTERS, USERS, FEATURES, READINGS] as const;
