import { expect, it } from 'vitest';
import { compiledLine, sourceLine, statementPosition } from '../src/location.ts';

const SOURCE = `
{% set columns = [
  'id',
  'amount'
] %}
select
  {{ columns | join(', ') }},
  1 as one,
  {{ nothing }} as two
from {{ ref('orders') }}
`;
const COMPILED = `
select
  id, amount,
  1 as one,
  null as two
from "shop"."main"."orders"`;

it("finds the line of DuckDB's excerpt behind the comment and the statement around it", () => {
  const statement = `\n  create table x\n  as (\n    ${COMPILED}\n  );`;
  const message = 'Binder Error: Referenced column "null" not found\n\nLINE 9:   null as two\n          ^';
  const position = statementPosition(message);
  expect(position).toEqual({ line: 9, column: null, excerpt: 'null as two' });
  expect(position && compiledLine(position, message, COMPILED, statement)).toBe(5);
  // Without the statement the excerpt alone has to be unique.
  expect(position && compiledLine(position, message, COMPILED, null)).toBe(5);
  const repeated = `${COMPILED}\nunion all\nselect 1,\n  null as two`;
  expect(position && compiledLine(position, message, repeated, null)).toBeNull();
  expect(
    position &&
      compiledLine(position, message, repeated, `\n  create table x\n  as (\n    ${repeated}\n  );`),
  ).toBe(5);
});

it('reads an excerpt of a long line', () => {
  expect(statementPosition('x\n  LINE 4: ...aaa, bbb as c...\n     ^')).toEqual({
    line: 4,
    column: null,
    excerpt: 'aaa, bbb as c',
  });
});

it("finds BigQuery's line and column where the word agrees", () => {
  const statement = `create or replace table x\nas (\n  ${COMPILED.trimStart()}\n);`;
  const message = 'Unrecognized name: amount; Did you mean amounts? at [5:7]';
  const position = statementPosition(message);
  expect(position).toEqual({ line: 5, column: 7, excerpt: null });
  expect(position && compiledLine(position, message, COMPILED, statement)).toBe(3);
  const other = 'Unrecognized name: elsewhere at [5:7]';
  expect(position && compiledLine(position, other, COMPILED, statement)).toBeNull();
  expect(statementPosition('Quota exceeded')).toBeNull();
});

it('maps compiled lines onto the file only when it is certain', () => {
  const lineOf = (text: string): number | null =>
    sourceLine(COMPILED.split('\n').findIndex((line) => line.includes(text)) + 1, COMPILED, SOURCE);
  const inFile = (text: string): number => SOURCE.split('\n').findIndex((line) => line.includes(text)) + 1;
  expect(lineOf('1 as one')).toBe(inFile('1 as one'));
  expect(lineOf('id, amount')).toBe(inFile('columns | join'));
  expect(lineOf('null as two')).toBe(inFile('nothing'));
  expect(lineOf('from')).toBe(inFile('ref('));
  // A loop makes three lines of one: which is which cannot be told.
  const loop = 'select\n{% for i in range(3) %}  {{ i }} as c{{ i }},\n{% endfor %}  9 as last\n';
  const rolled = 'select\n  0 as c0,\n  1 as c1,\n  2 as c2,\n  9 as last';
  expect(sourceLine(3, rolled, loop)).toBeNull();
  expect(sourceLine(1, rolled, loop)).toBe(1);
});
