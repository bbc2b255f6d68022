import type { CommercialFacts } from './commitments.ts';
import { type EntitledTerm, entitledTerms } from './entitlements.ts';
import { type ListedPage, parseExact, readPage } from './page_file.ts';
import type { RatingRules } from './policy_files.ts';
import {
  AWS_OFFERS,
  CLUSTERS,
  CONTRACTS,
  DIMENSIONS,
  type ListRule,
  MICROSOFT_OFFERS,
  type RecordRow,
  SUBSCRIPTIONS,
} from './record_rules.ts';
import { type Delivered, RecordList, readRecord } from './records.ts';
import { PageRefused } from './refusals.ts';
import { contractTerms, type Lists } from './terms.ts';

/** One load of a stream: its pages in their order. */
export interface ListedLoad {
  readonly load_id: number;
  /** A replay takes rows that were refused before: it is no whole list. */
  readonly is_replay: boolean;
  readonly pages: readonly ListedPage[];
}

/** The lists that lines are made of, in the order in which they are read. */
export const LISTS = {
  dimensions: DIMENSIONS,
  clusters: CLUSTERS,
  contracts: CONTRACTS,
  subscriptions: SUBSCRIPTIONS,
  microsoft_offers: MICROSOFT_OFFERS,
  aws_offers: AWS_OFFERS,
} as const;
export type ListName = keyof typeof LISTS;

/** Reads all loads of a list. @throws PageRefused for a page that was changed */
export async function readList(
  dataDir: string,
  rule: ListRule,
  loads: readonly ListedLoad[],
  onPage: () => void,
): Promise<RecordList> {
  const list = new RecordList();
  for (const { load_id, is_replay, pages } of loads) {
    const rows: Delivered[] = [];
    for (const page of pages) {
      const body = rule.rows(parseExact(await readPage(dataDir, page)));
      if (body === null)
        throw new PageRefused(`evidence: page ${page.path}: got no page of ${rule.stream}, want its rows`);
      const taken = page.taken === null ? body : body.filter((_, offset) => page.taken?.has(offset));
      const { received_at } = page;
      rows.push(...taken.map((raw) => ({ read: readRecord(rule, raw), received_at })));
      onPage();
    }
    list.take(load_id, rows, !is_replay && pages.length > 0);
  }
  return list;
}

/** The lists' states that the newest as-of date uses; load 0 stands for a source that was never read whole. */
export interface SnapshotLoads {
  readonly polaris: number;
  readonly tackle: number;
}

/** What the lists say at the snapshots in use, taken together. */
export function commercialFacts(
  lists: Readonly<Record<ListName, RecordList>>,
  { tackle }: SnapshotLoads,
  rules: RatingRules,
): CommercialFacts {
  const held: Lists = {
    contracts: lists.contracts.at(tackle),
    subscriptions: lists.subscriptions.at(tackle),
    microsoft_offers: lists.microsoft_offers.at(tackle),
    aws_offers: lists.aws_offers.at(tackle),
  };
  const contracts = contractTerms(held);
  const own = Map.groupBy(contracts, ({ subscription }) => subscription);
  const terms = new Map<string, readonly EntitledTerm[]>();
  const entitled = (id: string) => {
    const known = terms.get(id) ?? entitledTerms(lists.subscriptions.history(id, tackle), own.get(id) ?? []);
    terms.set(id, known);
    return known;
  };
  return { rules, lists: held, contracts, entitled, dimensions: [...lists.dimensions.keys()] };
}

/** Unit of each dimension in the catalogue as it was when a load of readings came. */
export const unitsAt = (dimensions: RecordList, load_id: number): ReadonlyMap<string, string> =>
  new Map([...dimensions.at(load_id)].map(([name, { unit }]: [string, RecordRow]) => [name, unit ?? '']));
