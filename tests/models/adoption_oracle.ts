/** How far an account took up a feature, from its active days and its observed days. Days count from 1970. */

export interface Uptake {
  readonly first_used: number | null;
  readonly last_used: number | null;
  readonly adopted: boolean;
  readonly active_days_28d: number;
  readonly observed_days_28d: number;
  readonly stickiness: number | null;
  readonly stage: 'never' | 'tried' | 'adopted' | 'habitual' | 'lapsed';
}

export function uptake(active: ReadonlySet<number>, observed: ReadonlySet<number>, newest: number): Uptake {
  const days = [...active].toSorted((a, b) => a - b);
  const [first = null, last = null] = [days[0], days.at(-1)];
  const inWindow = (day: number) => day > newest - 28 && day <= newest;
  const seen = days.filter((day) => observed.has(day));
  const adopted = first !== null && seen.filter((day) => day < first + 28).length >= 3;
  const active_days_28d = seen.filter(inWindow).length;
  const observed_days_28d = [...observed].filter(inWindow).length;
  const stickiness = observed_days_28d >= 20 ? active_days_28d / observed_days_28d : null;
  const recent = [...observed].toSorted((a, b) => b - a).slice(0, 28);
  const stage = () => {
    if (first === null || last === null) return 'never';
    if (!adopted) return 'tried';
    if (recent.length === 28 && last < (recent.at(-1) ?? 0)) return 'lapsed';
    return (stickiness ?? 0) >= 0.5 ? 'habitual' : 'adopted';
  };
  return {
    first_used: first,
    last_used: last,
    adopted,
    active_days_28d,
    observed_days_28d,
    stickiness,
    stage: stage(),
  };
}
