/** The texts of one row of a seed; null = missing. */
export type Row = readonly (string | null)[];

/** One seed: a table of texts. */
export interface Seed {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}

/** "20" → "0.20": the point moves two places, no digit is lost. */
export function percentToShare(percent: string): string {
  const [whole = '0', fraction = ''] = percent.split('.');
  const digits = whole.padStart(3, '0');
  return `${digits.slice(0, -2)}.${digits.slice(-2)}${fraction}`;
}
