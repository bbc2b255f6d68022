const SPREAD = 25;
const RESTATED = 25;

/**
 * Which entries are proved one by one: of all (ascending) the first, the last and others evenly between, and of the
 * restatements as many. The same for the same entries: nobody chose them.
 */
export function sampleOf(all: readonly number[], restated: readonly number[]): readonly number[] {
  const chosen = new Set([...evenly(all, SPREAD), ...evenly(restated, RESTATED)]);
  return [...chosen].toSorted((a, b) => a - b);
}

function evenly(from: readonly number[], wanted: number): readonly number[] {
  if (from.length <= wanted) return from;
  const place = (n: number) => Math.round((n * (from.length - 1)) / (wanted - 1));
  return Array.from({ length: wanted }, (_, n) => from[place(n)] ?? 0);
}
