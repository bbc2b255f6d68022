import type { FieldSpec } from './objects.ts';

/** One cell of a page that the fault `bad_rows` breaks; `row` and `column` count from zero. */
export interface BrokenCell {
  readonly row: number;
  readonly column: number;
  readonly value: string;
}

/** What breaks in a page of these columns: the Id of the first row, a day or instant of the second. */
export function brokenCells(columns: readonly FieldSpec[]): readonly BrokenCell[] {
  const id = columns.findIndex((column) => column.type === 'id');
  const time = columns.findIndex((column) => column.type === 'date' || column.type === 'datetime');
  return [
    { row: 0, column: id, value: 'not-an-id' },
    { row: 1, column: time, value: 'not-a-date' },
  ].filter((cell) => cell.column >= 0);
}
