import type { Stream } from '../../schemas/streams.ts';
import {
  AWS_OFFERS,
  CONTRACTS,
  DISBURSEMENTS,
  INVOICES,
  MICROSOFT_OFFERS,
  PRODUCTS,
  SUBSCRIPTIONS,
  USAGE_RECORDS,
} from '../../schemas/tackle.ts';
import type { Paging } from './envelope.ts';
import type { TackleConfig } from './tackle_config.ts';

/** One list of Tackle's: where it is, how it is paged, and which requests give all of it. */
export interface TackleList {
  readonly stream: Stream;
  readonly host: 'url' | 'contracts_url' | 'microsoft_offers_url' | 'aws_offers_url';
  readonly path: string;
  readonly paging: Paging;
  /** Fixed parameters. */
  readonly query: Readonly<Record<string, string>>;
  /** Money lists: the beginning of the files that Azure's rows come in. */
  readonly azure_files: 'invoices' | 'disbursements' | null;
}

const plain = { query: {}, azure_files: null };

/** Every list that is read. */
export const TACKLE_LISTS: readonly TackleList[] = [
  { ...plain, stream: PRODUCTS, host: 'url', path: '/v1/products', paging: 'token' },
  {
    ...plain,
    stream: CONTRACTS,
    host: 'contracts_url',
    path: '/api/contracts',
    paging: 'cursor',
    query: { limit: '100' },
  },
  { ...plain, stream: SUBSCRIPTIONS, host: 'url', path: '/v1/subscriptions', paging: 'token' },
  {
    ...plain,
    stream: MICROSOFT_OFFERS,
    host: 'microsoft_offers_url',
    path: '/private-offers',
    paging: 'whole',
  },
  {
    ...plain,
    stream: AWS_OFFERS,
    host: 'aws_offers_url',
    path: '/private-offers',
    paging: 'offset',
    query: { limit: '100' },
  },
  {
    ...plain,
    stream: USAGE_RECORDS,
    host: 'url',
    path: '/v1/metering/usage-records',
    paging: 'token',
    // Without include_zeros the hours of zero are missing, and missing is not zero.
    query: { include_zeros: 'true', size: '1000' },
  },
  { ...plain, stream: INVOICES, host: 'url', path: '/v1/invoices', paging: 'token', azure_files: 'invoices' },
  {
    ...plain,
    stream: DISBURSEMENTS,
    host: 'url',
    path: '/v1/disbursements',
    paging: 'token',
    azure_files: 'disbursements',
  },
];

/** The base URL of a list. */
export function hostOf(config: TackleConfig, list: TackleList): string {
  return config[list.host];
}
