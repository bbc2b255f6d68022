import { accountDays, heldIn } from './account_days.ts';
import { committedTibHours, contractsOf } from './account_terms.ts';
import { liveAccounts } from './accounts.ts';
import { asOfDates, type Known } from './as_of_walk.ts';
import { type Committed, factsOf, indicatorsOf } from './churn_indicators.ts';
import { dateText } from './clock.ts';
import { decimal, mean, sum } from './money.ts';
import { scoreOf } from './score.ts';
import type { Row } from './table.ts';
import type { World } from './world.ts';

/** `fct_churn_indicators`: each account and as-of date. */
export function churnRows(world: World): readonly Row[] {
  const rows: Row[] = [];
  const commitments: CommittedDays = new Map();
  for (const at of asOfDates(world))
    for (const account of liveAccounts(at.snapshot).values()) {
      const own = commitments.get(account) ?? new Map();
      commitments.set(account, own.set(at.day, committedTibHours(at, account, 1)));
      const row = rowOf(at, account, own);
      if (row !== null) rows.push(row);
    }
  return rows;
}

/** Account → day → its commitment of that day, as it was known then. */
type CommittedDays = Map<string, Map<number, Committed>>;

/** Null for an account without an expected cluster-hour or a contract by then. */
function rowOf(at: Known, account: string, committed: ReadonlyMap<number, Committed>): Row | null {
  const days = accountDays(at, account);
  const contracts = contractsOf(at, account);
  if (days.length === 0 && contracts.length === 0) return null;
  const facts = factsOf(at, account, days);
  const found = indicatorsOf(facts, committed);
  const columns = Object.entries(found).flatMap(([name, indicator]): [string, Row[string]][] => [
    [name, 'value' in indicator ? indicator.value : null],
    [`${name}_reason`, 'reason' in indicator ? indicator.reason : null],
  ]);
  const held = heldIn(facts.now);
  const { tib_hours } = facts.committed;
  const date = (day: number | null | undefined) => (day === null || day === undefined ? null : dateText(day));
  return {
    as_of_date: dateText(at.day),
    account_id: account,
    ...Object.fromEntries(columns),
    ...scoreOf(found, at.rules),
    dimension_map_version: at.rules.dimensions.version,
    features_version: at.rules.features.version,
    crm_known_as_of: at.snapshot.is_known,
    observed_days_28d: facts.now.filter(({ is_observed }) => is_observed).length,
    observed_days_prior_28d: facts.prior.filter(({ is_observed }) => is_observed).length,
    held_tib: nullable(days.find(({ day }) => day === at.day)?.held),
    held_tib_28d: held.length === 0 ? null : decimal(mean(sum(held), held.length)),
    committed_tib_28d: tib_hours === null ? null : decimal(mean(tib_hours, 672)),
    features_active_28d: facts.features_now,
    features_entitled: facts.entitled_features,
    cases_90d: facts.cases.cases,
    last_active_date: date(facts.last_active),
    last_heard_date: date(facts.last_heard),
    next_renewal_date: date(facts.renewal),
    entitled_since: date(facts.entitlement.since),
    has_contract_in_force: contracts.some(({ is_in_force }) => is_in_force),
  };
}

const nullable = (value: bigint | null | undefined) =>
  value === null || value === undefined ? null : decimal(value);
