import type { Indicator } from './churn_indicators.ts';
import type { Rules } from './world.ts';

/** Points on a straight line from 0 at `from` to all at `to`; a flag gives all or none. */
function pointsOf(
  weight: Rules['churn']['versions'][number]['indicators'][string],
  value: number | boolean,
): number {
  const points = Number(weight.points);
  if (weight.when === true) return value === true ? points : 0;
  const [from, to] = [Number(weight.from), Number(weight.to)];
  return points * Math.min(1, Math.max(0, (Number(value) - from) / (to - from)));
}

/** 100 × points given ÷ points of the indicators that are known, the share of these, and the band. */
export function scoreOf(found: Readonly<Record<string, Indicator>>, rules: Rules) {
  const [policy] = rules.churn.versions;
  if (policy === undefined) throw new Error('oracle: churn policy: got none, want one');
  const weights = Object.entries(policy.indicators);
  const known = weights.flatMap(([name, weight]) => {
    const indicator = found[name];
    return indicator !== undefined && 'value' in indicator ? [{ weight, value: indicator.value }] : [];
  });
  const most = (each: readonly { readonly points: string }[]) =>
    each.reduce((total, { points }) => total + Number(points), 0);
  const given = known.reduce((total, { weight, value }) => total + pointsOf(weight, value), 0);
  const knownPoints = most(known.map(({ weight }) => weight));
  const score = knownPoints === 0 ? null : (100 * given) / knownPoints;
  const score_coverage = knownPoints / most(weights.map(([, weight]) => weight));
  return {
    score,
    score_coverage,
    band: bandOf(policy, score, score_coverage),
    policy_version: policy.version,
  };
}

function bandOf(
  { bands, min_coverage }: Rules['churn']['versions'][number],
  score: number | null,
  coverage: number,
) {
  if (score === null || coverage < Number(min_coverage)) return null;
  if (score >= Number(bands.high)) return 'high';
  return score >= Number(bands.watch) ? 'watch' : 'low';
}
