/** The texts of one row of a seed; null = missing. */
export type Row = readonly (string | null)[];

/** One seed: a table of texts. */
export interface Seed {
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly Row[];
}
