import { DAY_SECONDS } from './instants.ts';
import type { CustomerPlan, SubscriptionPlan } from './plan.ts';

/** List price of one TiB for a year, in US dollars. */
const TIB_YEAR = 1187.3;
/** What the marketplaces keep. */
export const MARKETPLACE_FEE_RATE = 0.03;
/** A mid-term amendment raises the commitment by a quarter. */
const AMENDED_PERCENT = 125;

/** What a term is worth, in US dollars, rounded to ten cents. */
export function termValue(term: SubscriptionPlan): number {
  const days = (term.ends_at - term.starts_at) / DAY_SECONDS;
  return Math.round((commitmentOf(term, false) * TIB_YEAR * days * 10) / 365) / 10;
}

/** TiB that a term commits to, before or after its amendment. */
export function commitmentOf(term: SubscriptionPlan, amended: boolean): number {
  return amended ? Math.ceil((term.commit_tib * AMENDED_PERCENT) / 100) : term.commit_tib;
}

/** The customer's purchases in force at an instant (seconds since 1970). */
export function inForce(customer: CustomerPlan, at: number): readonly SubscriptionPlan[] {
  return customer.subscriptions.filter((s) => s.starts_at <= at && at < (s.cancelled_at ?? s.ends_at));
}
