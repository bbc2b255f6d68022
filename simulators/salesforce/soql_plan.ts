import type { Instant, SalesforceRecord, SalesforceSource } from '../fleet/types.ts';
import type { FieldSpec, ObjectSpec } from './objects.ts';
import { SalesforceError } from './salesforce_error.ts';
import {
  type Comparator,
  compileCondition,
  compileOrder,
  type FieldScope,
  type Predicate,
} from './soql_filter.ts';
import { type FieldName, parseSoql, type SoqlQuery } from './soql_parser.ts';
import { malformed, queryError } from './soql_tokens.ts';

const MAX_OFFSET = 2000;

/** A query that has been held against the objects' fields and can be run. */
export interface QueryPlan {
  readonly object: ObjectSpec;
  /** The selected fields, in the query's order, with describe's names. */
  readonly columns: readonly FieldSpec[];
  readonly count: SoqlQuery['count'];
  readonly matches: Predicate;
  readonly order: Comparator | null;
  readonly limit: number;
  readonly offset: number;
}

export interface PlanOptions {
  /** queryAll: deleted records are shown too. */
  readonly includeDeleted: boolean;
  /** A field that the caller may not see, as if it did not exist. */
  readonly hiddenField?: (object: ObjectSpec) => string | null;
}

/**
 * Parses a query and resolves its names.
 * @throws SalesforceError MALFORMED_QUERY, INVALID_TYPE or INVALID_FIELD
 */
export function planQuery(
  soql: string,
  specs: ReadonlyMap<string, ObjectSpec>,
  options: PlanOptions,
): QueryPlan {
  const query = parseSoql(soql);
  const object = specs.get(query.object.name.toLowerCase());
  if (object === undefined) throw invalidType(soql, query.object);
  const scope = fieldScope(soql, object, options.hiddenField?.(object) ?? null);
  const columns = query.fields.map((field) => scope.resolve(field));
  const repeated = query.fields.find((_, index) => columns.indexOf(columns[index] as FieldSpec) !== index);
  if (repeated !== undefined)
    throw malformed(soql, repeated.at, `duplicate field selected: ${repeated.name}`);
  if (query.offset > MAX_OFFSET) {
    throw new SalesforceError(
      400,
      'NUMBER_OUTSIDE_VALID_RANGE',
      `Maximum SOQL offset allowed is ${MAX_OFFSET}`,
    );
  }
  return {
    object,
    columns,
    count: query.count,
    matches: visible(query, scope, options.includeDeleted),
    order: query.orderBy.length === 0 ? null : compileOrder(query.orderBy, scope),
    limit: query.limit ?? Number.POSITIVE_INFINITY,
    offset: query.offset,
  };
}

function visible(query: SoqlQuery, scope: FieldScope, includeDeleted: boolean): Predicate {
  const where = query.where === null ? () => true : compileCondition(query.where, scope);
  return includeDeleted ? where : (record) => record.IsDeleted !== true && where(record);
}

function fieldScope(soql: string, object: ObjectSpec, hidden: string | null): FieldScope {
  const fields = new Map(object.fields.map((spec) => [spec.name.toLowerCase(), spec]));
  if (hidden !== null) fields.delete(hidden.toLowerCase());
  return {
    resolve: (name) => {
      const spec = fields.get(name.name.toLowerCase());
      if (spec === undefined) throw invalidField(soql, object, name);
      return spec;
    },
    mismatch: (name, message) => queryError('INVALID_FIELD', soql, name.at, message),
  };
}

function invalidField(soql: string, object: ObjectSpec, name: FieldName): SalesforceError {
  return queryError(
    'INVALID_FIELD',
    soql,
    name.at,
    `No such column '${name.name}' on entity '${object.name}'. If you are attempting to use a custom field, be sure ` +
      `to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the ` +
      `appropriate names.`,
  );
}

function invalidType(soql: string, name: FieldName): SalesforceError {
  return queryError('INVALID_TYPE', soql, name.at, `sObject type '${name.name}' is not supported.`);
}

/** The records a plan selects at an instant, one after the other; only an ORDER BY holds them all at once. */
export function* selectRecords(
  plan: QueryPlan,
  source: SalesforceSource,
  now: Instant,
): Generator<SalesforceRecord> {
  if (plan.limit === 0) return;
  const matching = filtered(source(plan.object.name, now), plan.matches);
  const ordered = plan.order === null ? matching : [...matching].sort(plan.order);
  const end = plan.offset + plan.limit; // exclusive
  let index = 0;
  for (const record of ordered) {
    if (index >= plan.offset) yield record;
    index += 1;
    if (index >= end) return;
  }
}

function* filtered(records: Iterable<SalesforceRecord>, matches: Predicate): Generator<SalesforceRecord> {
  for (const record of records) if (matches(record)) yield record;
}
