import type { SalesforceRecord } from '../fleet/types.ts';
import type { BrokenCell } from './broken_cells.ts';
import type { FieldSpec } from './objects.ts';
import { bulkValue } from './values.ts';

export const DELIMITERS = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
} as const;
export const LINE_ENDINGS = { LF: '\n', CRLF: '\r\n' } as const;

/** How a job writes its CSV. Every field is quoted, a quote is doubled, null is an empty field in quotes. */
export interface CsvFormat {
  readonly delimiter: string;
  readonly lineEnding: string;
}

/** The header line: the names of the selected fields. */
export function headerLine(columns: readonly FieldSpec[], format: CsvFormat): string {
  return line(
    columns.map((column) => column.name),
    format,
  );
}

/** Makes the writer of one record's line. */
export function rowWriter(
  columns: readonly FieldSpec[],
  format: CsvFormat,
): (record: SalesforceRecord) => string {
  const separator = `"${format.delimiter}"`;
  const end = `"${format.lineEnding}`;
  return (record) => {
    let row = '"';
    let isFirst = true;
    for (const { name, type } of columns) {
      if (!isFirst) row += separator;
      isFirst = false;
      const value = bulkValue(type, record[name]);
      row += value.includes('"') ? value.replaceAll('"', '""') : value;
    }
    return row + end;
  };
}

/** One written line with the broken cells of its row put in. */
export function breakLine(row: string, cells: readonly BrokenCell[], format: CsvFormat): string {
  const values = [...row.matchAll(/"((?:[^"]|"")*)"/g)].map((match) =>
    (match[1] ?? '').replaceAll('""', '"'),
  );
  for (const cell of cells) values[cell.column] = cell.value;
  return line(values, format);
}

function line(values: readonly string[], format: CsvFormat): string {
  const quoted = values.map((value) => `"${value.replaceAll('"', '""')}"`);
  return quoted.join(format.delimiter) + format.lineEnding;
}
