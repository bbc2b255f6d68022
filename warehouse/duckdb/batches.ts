import type { Column } from '../../schemas/columns.ts';
import type { ParsedPage, Rejected } from '../../schemas/page.ts';
import type { LandedPage } from '../warehouse.ts';

/** Rows in one batch: DuckDB's vector size, so that a batch's lists unnest without rest. */
const BATCH_ROWS = 2048;

/** A batch of rows on its way into DuckDB: one JSON text, an array of columns, each an array of texts or nulls. */
export interface Batch {
  readonly rows: number;
  readonly body: string;
}

/**
 * Cuts columns of equal length into batches. One JSON text for thousands of values crosses into DuckDB at once;
 * handing over value by value costs three times the time of this thread. JSON also keeps NUL and null apart.
 */
export function batchesOf(columns: readonly (readonly (string | number | null)[])[], rows: number): Batch[] {
  const batches: Batch[] = [];
  for (let start = 0; start < rows; start += BATCH_ROWS) {
    const end = Math.min(start + BATCH_ROWS, rows); // exclusive
    const slices = columns.map((column) => (rows <= BATCH_ROWS ? column : column.slice(start, end)));
    batches.push({ rows: end - start, body: JSON.stringify(slices) });
  }
  return batches;
}

/** The good rows of a page with their positions and, for readings, leaf hashes in hex, as columns. */
export function goodColumns(
  parsed: ParsedPage,
  leafHashes: readonly string[] | null,
): readonly (readonly (string | number | null)[])[] {
  const own = [...parsed.columns, parsed.offsets];
  return leafHashes === null ? own : [...own, leafHashes];
}

/** The refused rows of a page as columns: offset, column, value, reason, row, cluster_id, seq. */
export function rejectedColumns(
  rejected: readonly Rejected[],
): readonly (readonly (string | number | null)[])[] {
  // A value cut to length may end in half a character, which UTF-8 cannot say.
  const text = (of: (row: Rejected) => string | null) =>
    rejected.map((row) => of(row)?.toWellFormed() ?? null);
  return [
    rejected.map((row) => row.offset),
    text((row) => row.column),
    text((row) => row.value),
    text((row) => row.reason),
    text((row) => row.row),
    text((row) => row.cluster_id),
    text((row) => row.seq),
  ];
}

/** Moves good rows that hold half a surrogate pair to the refused ones: such a text has no UTF-8 form. */
export function refuseIllFormed(page: LandedPage, columns: readonly Column[]): LandedPage {
  const refused = new Map<number, number>(); // row → column
  page.parsed.columns.forEach((values, column) => {
    values.forEach((value, row) => {
      if (value !== null && !value.isWellFormed() && !refused.has(row)) refused.set(row, column);
    });
  });
  if (refused.size === 0) return page;
  const keep = <T>(values: readonly T[]) => values.filter((_, row) => !refused.has(row));
  const { parsed, leaf_hashes } = page;
  const rejected = [...refused].map(([row, column]) => illFormed(parsed, columns, row, column));
  return {
    ...page,
    leaf_hashes: leaf_hashes === null ? null : keep(leaf_hashes),
    parsed: {
      ...parsed,
      columns: parsed.columns.map(keep),
      offsets: keep(parsed.offsets),
      rejected: [...parsed.rejected, ...rejected],
    },
  };
}

function illFormed(parsed: ParsedPage, columns: readonly Column[], row: number, column: number): Rejected {
  const values = Object.fromEntries(
    columns.map(({ name }, index) => [name, parsed.columns[index]?.[row] ?? null]),
  );
  return {
    offset: parsed.offsets[row] ?? 0,
    column: columns[column]?.name ?? null,
    value: JSON.stringify(parsed.columns[column]?.[row]).slice(0, 200),
    reason: 'want well-formed Unicode, got a lone surrogate',
    row: JSON.stringify(values),
    cluster_id: values.cluster_id ?? null,
    seq: values.seq ?? null,
  };
}
