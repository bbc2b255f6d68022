import type { TackleList, TackleRecord, TackleSource } from '../../simulators/fleet/types.ts';
import { rawNumber } from '../../simulators/tackle/raw_number.ts';
import {
  startTackleSimulator,
  type TackleSimulator,
  type TackleSimulatorOptions,
} from '../../simulators/tackle/simulator.ts';

export const NOW = '2026-03-04T05:06:07Z';
export const CREDENTIALS = { client_id: 'tackle-client', client_secret: 'tackle-secret' };

const range = (count: number): readonly number[] => Array.from({ length: count }, (_, i) => i);

/** Usage record i: hour i of 1 March 2026 on; every third a zero. */
function usageRecord(i: number): TackleRecord {
  const start = new Date(Date.UTC(2026, 2, 1, i)).toISOString().replace('.000Z', 'Z');
  return {
    id: `use_${i}`,
    cloud: 'aws',
    subscription_id: 'sub_1',
    dimension: { name: 'capacity_tib', quantity: rawNumber(i % 3 === 0 ? '0.0' : `${i}.50`) },
    start_time: start,
    status: 'accepted',
    reason: null,
  };
}

function invoice(i: number, cloud: string, period: string): TackleRecord {
  return {
    invoice_id: `inv_${i}`,
    account_receivable_period: period,
    product: 'prod_1',
    transaction: {
      id: `txn_${i}`,
      seller_revenue: rawNumber('1234.10'),
      marketplace_fee: rawNumber('-37.023'),
      net_amount: rawNumber('1197.0770'),
    },
    customer: { account_number: `"cus, ${i}"` },
    cloud,
  };
}

const INVOICES = [
  invoice(1, 'aws', '2026-01'),
  invoice(2, 'aws', '2026-02'),
  invoice(3, 'gcp', '2026-02'),
  invoice(4, 'azure', '2026-02'),
  invoice(5, 'azure', '2026-01'),
  invoice(6, 'azure', '2026-02'),
];

const LISTS: Readonly<Record<TackleList, readonly TackleRecord[]>> = {
  contracts: range(250).map((i) => ({
    id: `con_${i}`,
    offerId: `off_${i}`,
    contractStatus: 'Active',
    totalContractValue: { amount: rawNumber('120000.00'), currencyCode: 'USD' },
  })),
  subscriptions: range(7).map((i) => ({
    tackle_subscription_id: `sub_${i}`,
    cloud: 'azure',
    offerid: `off_${i}`,
  })),
  products: [{ product_id: 'prod_1', cloud: 'azure' }],
  microsoft_offers: range(150).map((i) => ({ po_id: `po_${i}`, state: 'accepted', offer_ref: `off_${i}` })),
  aws_offers: range(230).map((i) => ({ po_id: `po_${i}`, offerid: `off_${i}` })),
  usage_records: range(48).map(usageRecord),
  invoices: INVOICES,
  disbursements: INVOICES.slice(0, 4),
};

export const source: TackleSource = (list) => LISTS[list];

/** A simulator with a token, and a `get` of an absolute address. */
export interface TackleFixture {
  readonly server: TackleSimulator;
  get(url: string): Promise<Response>;
}

export async function startTackleFixture(
  options: Partial<TackleSimulatorOptions> = {},
): Promise<TackleFixture> {
  const server = await startTackleSimulator({
    source,
    now: () => NOW,
    clientId: CREDENTIALS.client_id,
    clientSecret: CREDENTIALS.client_secret,
    ...options,
  });
  const token = await tackleToken(server.url);
  return { server, get: (url) => fetch(url, { headers: { authorization: `Bearer ${token}` } }) };
}

export function authenticate(url: string, body: object | string): Promise<Response> {
  return fetch(`${url}/v1/authenticate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

export async function tackleToken(url: string): Promise<string> {
  const response = await authenticate(url, { ...CREDENTIALS, grant_type: 'client_credentials' });
  const { access_token } = (await response.json()) as { access_token: string };
  return access_token;
}
