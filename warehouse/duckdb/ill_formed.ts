import type { Column } from '../../schemas/columns.ts';
import { isColumnar, type ParsedPage, type Rejected } from '../../schemas/page.ts';
import type { LandedPage } from '../warehouse.ts';

/** Moves good rows that hold half a surrogate pair to the refused ones: such a text has no UTF-8 form. */
export function refuseIllFormed(page: LandedPage, columns: readonly Column[]): LandedPage {
  const { parsed, leaf_hashes } = page;
  // Places in bytes hold UTF-8 already.
  if (isColumnar(parsed)) return page;
  const refused = new Map<number, number>(); // row → column
  parsed.columns.forEach((values, column) => {
    values.forEach((value, row) => {
      if (value !== null && !value.isWellFormed() && !refused.has(row)) refused.set(row, column);
    });
  });
  if (refused.size === 0) return page;
  const keep = <T>(values: readonly T[]) => values.filter((_, row) => !refused.has(row));
  const rejected = [...refused].map(([row, column]) => illFormed(parsed, columns, row, column));
  return {
    ...page,
    leaf_hashes: Array.isArray(leaf_hashes) ? keep(leaf_hashes) : leaf_hashes,
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
