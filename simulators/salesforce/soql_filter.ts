import type { SalesforceRecord } from '../fleet/types.ts';
import type { FieldSpec } from './objects.ts';
import type { Condition, FieldName, Literal, Operator, OrderTerm } from './soql_parser.ts';

export type Predicate = (record: SalesforceRecord) => boolean;
export type Comparator = (left: SalesforceRecord, right: SalesforceRecord) => number;

/** What a condition needs of the object: the field behind a name, and a refusal for a literal of the wrong kind. */
export interface FieldScope {
  resolve(name: FieldName): FieldSpec;
  mismatch(name: FieldName, message: string): Error;
}

type Comparable = string | number | boolean | null;
type LiteralKind = Literal['kind'];

/** Makes a predicate of a condition; SOQL's logic has two values: `!=` and `NOT` also hold for nulls. */
export function compileCondition(condition: Condition, scope: FieldScope): Predicate {
  switch (condition.kind) {
    case 'and': {
      const parts = condition.parts.map((part) => compileCondition(part, scope));
      return (record) => parts.every((part) => part(record));
    }
    case 'or': {
      const parts = condition.parts.map((part) => compileCondition(part, scope));
      return (record) => parts.some((part) => part(record));
    }
    case 'not': {
      const part = compileCondition(condition.part, scope);
      return (record) => !part(record);
    }
    case 'in': {
      const read = reader(scope.resolve(condition.field));
      const spec = scope.resolve(condition.field);
      const wanted = new Set(condition.values.map((value) => constant(value, spec, condition.field, scope)));
      return (record) => wanted.has(read(record)) !== condition.negated;
    }
    case 'compare':
      return compileComparison(condition, scope);
  }
}

function compileComparison(condition: Extract<Condition, { kind: 'compare' }>, scope: FieldScope): Predicate {
  const spec = scope.resolve(condition.field);
  const read = reader(spec);
  if (condition.operator === 'LIKE') {
    if (condition.value.kind !== 'string' || literalKind(spec) !== 'string') {
      throw scope.mismatch(condition.field, `invalid operator on ${spec.type} field`);
    }
    const pattern = likePattern(condition.value.text);
    return (record) => pattern.test(String(record[spec.name] ?? ''));
  }
  const wanted = constant(condition.value, spec, condition.field, scope);
  const holds = COMPARISONS[condition.operator];
  return (record) => holds(read(record), wanted);
}

const COMPARISONS: Readonly<
  Record<Exclude<Operator, 'LIKE'>, (value: Comparable, wanted: Comparable) => boolean>
> = {
  '=': (value, wanted) => value === wanted,
  '!=': (value, wanted) => value !== wanted,
  '<': (value, wanted) => value !== null && wanted !== null && value < wanted,
  '<=': (value, wanted) => value !== null && wanted !== null && value <= wanted,
  '>': (value, wanted) => value !== null && wanted !== null && value > wanted,
  '>=': (value, wanted) => value !== null && wanted !== null && value >= wanted,
};

/** Orders records by the terms in turn; nulls come first, also in a descending order, unless NULLS LAST. */
export function compileOrder(terms: readonly OrderTerm[], scope: FieldScope): Comparator {
  const keys = terms.map((term) => ({ term, read: reader(scope.resolve(term.field)) }));
  return (left, right) => {
    for (const { term, read } of keys) {
      const order = compareKeys(read(left), read(right), term);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function compareKeys(left: Comparable, right: Comparable, term: OrderTerm): number {
  if (left === right) return 0;
  if (left === null || right === null) return (left === null) === term.nullsLast ? 1 : -1;
  return left < right === term.descending ? 1 : -1;
}

/** Reads a field in the form that compares: texts without case, ids by their first 15 characters, instants as numbers. */
function reader(spec: FieldSpec): (record: SalesforceRecord) => Comparable {
  const { name } = spec;
  return (record) => {
    const value = record[name] ?? null;
    return value === null || value === '' ? null : comparable(spec, value);
  };
}

function comparable(spec: FieldSpec, value: string | number | boolean): Comparable {
  switch (literalKind(spec)) {
    case 'datetime':
      return Date.parse(String(value));
    case 'date':
      return String(value).slice(0, 10);
    case 'number':
      return Number(value);
    case 'boolean':
      return value;
    default:
      return isId(spec) ? String(value).slice(0, 15) : String(value).toLowerCase();
  }
}

function constant(value: Literal, spec: FieldSpec, at: FieldName, scope: FieldScope): Comparable {
  if (value.kind === 'null') return null;
  const wanted = literalKind(spec);
  if (value.kind !== wanted) throw scope.mismatch(at, mismatchMessage(value.kind, spec, wanted));
  if (value.kind === 'datetime') return value.milliseconds;
  if (value.kind === 'boolean') return value.value;
  return value.text === '' ? null : comparable(spec, value.text);
}

function mismatchMessage(got: LiteralKind, spec: FieldSpec, wanted: LiteralKind): string {
  const quotes = wanted === 'string' ? 'should be enclosed in quotes' : 'should not be enclosed in quotes';
  const hint = got === 'string' || wanted === 'string' ? ` and ${quotes}` : '';
  const type = wanted === 'datetime' ? 'dateTime' : spec.type;
  return `value of filter criterion for field '${spec.name}' must be of type ${type}${hint}`;
}

function literalKind(spec: FieldSpec): LiteralKind {
  switch (spec.type) {
    case 'datetime':
    case 'date':
    case 'boolean':
      return spec.type;
    case 'int':
    case 'double':
    case 'currency':
      return 'number';
    default:
      return 'string';
  }
}

function isId(spec: FieldSpec): boolean {
  return spec.type === 'id' || spec.type === 'reference';
}

/** `%` is any text, `_` one character, without case; a backslash takes their meaning away. */
function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\([_%])|([%_])|([.*+?^${}()|[\]\\/])/g, (whole, plain, wild) => {
    if (plain !== undefined) return plain;
    if (wild !== undefined) return wild === '%' ? '[\\s\\S]*' : '[\\s\\S]';
    return `\\${whole}`;
  });
  return new RegExp(`^${source}$`, 'iu');
}
