import type { Column } from '../../schemas/columns.ts';
import type { ColumnarPage, Page } from '../../schemas/page.ts';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { type FieldJudge, type FieldRule, readColumnarCsv } from '../columnar_csv.ts';
import { headerLine } from '../csv.ts';
import { BodyError } from '../json_body.ts';

const ZERO = 0x30;
const DOT = 0x2e;
const DASH = 0x2d;

/** Ids of 15 characters become longer: the plain reader does that. */
const SHORT_ID = 15;

/**
 * The rows of a Bulk page as places in its bytes, where all of them are good beyond doubt and as many as stated; null
 * for any other page: then `parseSalesforce` judges it, with the same conversions (salesforce_values.ts).
 */
export function columnarSalesforce(
  spec: SalesforceObjectSpec,
  page: Pick<Page, 'body' | 'format' | 'stated_rows' | 'patches'>,
  lenient: boolean,
): ColumnarPage | null {
  if (page.format !== 'csv' || page.patches !== undefined) return null;
  const rules = fieldRules(spec, headerOf(page.body), lenient);
  if (rules === null) return null;
  const rows = readColumnarCsv(page.body, rules, spec.stream.columns.length);
  return rows === null || (page.stated_rows !== null && page.stated_rows !== rows.rows) ? null : rows;
}

function headerOf(body: Buffer): readonly string[] {
  try {
    return headerLine(body);
  } catch (error) {
    if (error instanceof BodyError) return [];
    throw error;
  }
}

/** One rule for each field of the header line; null where the line is not just the object's fields, each once. */
function fieldRules(
  spec: SalesforceObjectSpec,
  header: readonly string[],
  lenient: boolean,
): readonly FieldRule[] | null {
  const { columns } = spec.stream;
  // A column that the mapping leaves out is not read: it is null, whatever a field of its name says.
  const fieldOf = ({ name }: Column) => (Object.hasOwn(spec.fields, name) ? spec.fields[name] : undefined);
  const isWhole = columns.every((column) => {
    const field = fieldOf(column);
    return field === undefined || header.includes(field) || (lenient && column.nullable);
  });
  const fields = columns.flatMap((column) => fieldOf(column) ?? []);
  // A field that fills two columns is read by the plain reader.
  if (new Set(fields).size !== fields.length) return null;
  const rules: FieldRule[] = [];
  for (const [position, field] of header.entries()) {
    const index = columns.findIndex((column) => fieldOf(column) === field);
    const column = columns[index];
    if (column === undefined || header.indexOf(field) !== position) return null;
    const judge = judgeOf(column, field);
    if (judge === null) return null;
    rules.push({ column: index, nullable: column.nullable, judge });
  }
  return isWhole && rules.length > 0 ? rules : null;
}

function judgeOf({ type, fast }: Column, field: string): FieldJudge | null {
  if (fast === null) return null;
  const { accepts } = fast;
  const whole: FieldJudge = (bytes, start, end) => (accepts(bytes, start, end) ? end : -1);
  switch (type) {
    case 'boolean':
      return flagEnd;
    case 'integer':
    case 'decimal':
      return (bytes, start, end) => {
        const plain = plainEnd(bytes, start, end);
        return plain !== -1 && accepts(bytes, start, plain) ? plain : -1;
      };
    case 'text':
      if (!/Id$/.test(field)) return whole;
      return (bytes, start, end) => (end - start === SHORT_ID ? -1 : whole(bytes, start, end));
    default:
      return whole;
  }
}

const FLAGS = [Buffer.from('true'), Buffer.from('false')];

const flagEnd: FieldJudge = (bytes, start, end) => {
  const isFlag = FLAGS.some(
    (flag) => flag.length === end - start && flag.every((byte, n) => bytes[start + n] === byte),
  );
  return isFlag ? end : -1;
};

/** The end of a number without the zeros behind its point; −1 for one that begins with a zero or a sign that changes it. */
function plainEnd(bytes: Uint8Array, start: number, end: number): number {
  const first = bytes[start] === DASH ? start + 1 : start;
  let point = -1;
  for (let at = first; at < end && point === -1; at += 1) if (bytes[at] === DOT) point = at;
  const isZero = bytes[first] === ZERO && (point === first + 1 || end === first + 1);
  if (bytes[first] === ZERO && (!isZero || first !== start)) return -1;
  if (point === -1) return end;
  if (point === end - 1) return -1;
  let last = end;
  while (bytes[last - 1] === ZERO) last -= 1;
  return last === point + 1 ? point : last;
}
