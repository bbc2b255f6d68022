import type { Config } from '../schemas/config.ts';
import type { Policies } from '../schemas/policies.ts';
import type { Relation } from '../warehouse/duckdb/what_if.ts';
import type { NightEnv } from './night.ts';
import { withWhatIf } from './what_if.ts';

/** What both sides of a comparison are rated over. */
export interface Ground {
  readonly config: Config;
  readonly env: NightEnv;
  /** The warehouse file, which is only read. */
  readonly warehouse: string;
  readonly relations: readonly Relation[];
  /** Seeds that are loaded anew, with everything between them and the overage lines. */
  readonly seeds: readonly string[];
  /** First days of the month and of the next one. */
  readonly month: string;
  readonly next_month: string;
}

/** What a subscription's dimension costs in a billing period: its lines of all kinds and policy versions together. */
export interface RatedLine {
  readonly subscription_id: string;
  readonly account_id: string | null;
  readonly dimension: string;
  readonly service_period: string;
  readonly currency: string;
  readonly policies: string | null;
  /** Null where no hour was metered. */
  readonly amount: string | null;
}

/**
 * Rates a month with other policies: builds the overage models in `folder`, over the warehouse's own data, with the real
 * dbt project. Nothing in the warehouse changes. A second rating in the same folder reuses what dbt parsed for the first.
 * @throws NightError naming the model that failed
 */
export async function rate(
  policies: Policies,
  folder: string,
  ground: Ground,
): Promise<readonly RatedLine[]> {
  const whatIf = {
    ...ground,
    relations: ground.relations.filter(({ name }) => !ground.seeds.includes(name)),
    folder,
    policies,
    select: ground.seeds.map((seed) => `${seed}+,+fct_overage`),
    vars: {},
    what: 'policies diff',
    next_step: 'mend the policy or the model that is named; the warehouse was not touched',
  };
  const lines = await withWhatIf(whatIf, (built) => built.query(linesOf(ground)));
  return lines as readonly unknown[] as readonly RatedLine[];
}

/**
 * A closed line stays as it was closed, and what the policies make of it now is an adjustment beside it: together they are
 * what the policies say. A policy counts where such lines do not cancel out.
 */
function linesOf({ month, next_month }: Ground): string {
  return `
    with by_policy as (
      select
        subscription_id,
        min(account_id) as account_id,
        dimension,
        service_period,
        currency,
        policy_id || '@' || policy_version as policy,
        sum(amount) as amount,
        coalesce(sum(hours_expected), 0) as hours_expected
      from marts.fct_overage
      where service_period >= date '${month}' and service_period < date '${next_month}'
      group by subscription_id, dimension, service_period, currency, policy
    )
    select
      subscription_id,
      min(account_id) as account_id,
      dimension,
      cast(service_period as varchar) as service_period,
      currency,
      string_agg(policy, ', ' order by policy) filter (where hours_expected > 0) as policies,
      cast(sum(amount) as varchar) as amount
    from by_policy
    group by subscription_id, dimension, service_period, currency`;
}
