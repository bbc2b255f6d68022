import type { OveragePolicy } from '../../schemas/policies.ts';
import { current, type MeterReading } from './overage_world.ts';

/** What a line of hinge_then_reduce must be: exact fractions of whole numbers, rounded once. */
export interface Line {
  /** Billionths of the reduced unit, half-even. */
  readonly measured: bigint;
  /** Billionths of the currency, rounded as the policy says. */
  readonly amount: bigint;
}

/** '20.5' with 4 → 205000n. */
export function digitsOf(text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(scale, '0'));
}

function halfEven(numerator: bigint, divisor: bigint): bigint {
  const [quotient, rest] = [numerator / divisor, numerator % divisor];
  const up = 2n * rest > divisor || (2n * rest === divisor && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

interface Cell {
  hours: bigint;
  measured: bigint;
  product: bigint;
}

/** The line of some readings of one subscription and billing period; null where there are none. */
export function lineOf(policy: OveragePolicy, readings: readonly MeterReading[]): Line | null {
  const cells = new Map<string, Cell>();
  for (const row of current(readings)) {
    const key = policy.reduce === 'avg_day' ? row.hour.slice(0, 10) : '';
    const cell = cells.get(key) ?? { hours: 0n, measured: 0n, product: 0n };
    cell.hours += 1n;
    cell.measured += row.quantity;
    cell.product += productOf(policy, row);
    cells.set(key, cell);
  }
  if (cells.size === 0) return null;
  const divide = policy.reduce !== 'sum';
  const divisor = [...cells.values()].reduce((product, { hours }) => (divide ? product * hours : 1n), 1n);
  const total = (of: (cell: Cell) => bigint) =>
    [...cells.values()].reduce((sum, cell) => sum + (of(cell) * divisor) / (divide ? cell.hours : 1n), 0n);
  const place = 10n ** BigInt(33 - policy.rounding.scale);
  return {
    measured: halfEven(
      total((cell) => cell.measured),
      divisor,
    ),
    amount:
      halfEven(
        total((cell) => cell.product),
        divisor * place,
      ) *
      10n ** BigInt(9 - policy.rounding.scale),
  };
}

/** Burst and above of one hour at their rates and the region's factor, in 10^-33. */
function productOf(
  { commit, policy_id, burst_pct, rates, multipliers }: OveragePolicy,
  row: MeterReading,
): bigint {
  const committed = digitsOf(commit[policy_id] ?? '0', 9);
  const over = row.quantity > committed ? (row.quantity - committed) * 10n ** 6n : 0n;
  const cap = committed * digitsOf(burst_pct, 4);
  const burst = over < cap ? over : cap;
  const factor = digitsOf(multipliers.region.r ?? '1', 4) * 10n ** 8n;
  return (burst * digitsOf(rates.burst, 6) + (over - burst) * digitsOf(rates.above, 6)) * factor;
}
