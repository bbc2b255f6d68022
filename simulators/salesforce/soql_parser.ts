import { malformed, soqlTokens, type Token } from './soql_tokens.ts';

/** A constant of a condition. `datetime` carries milliseconds since 1970, UTC; `number` its source text. */
export type Literal =
  | { readonly kind: 'string' | 'date' | 'number'; readonly text: string }
  | { readonly kind: 'datetime'; readonly milliseconds: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' };

/** A field as the query names it, and where: errors point there. */
export interface FieldName {
  readonly name: string;
  readonly at: number;
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE';

export type Condition =
  | {
      readonly kind: 'compare';
      readonly field: FieldName;
      readonly operator: Operator;
      readonly value: Literal;
    }
  | {
      readonly kind: 'in';
      readonly field: FieldName;
      readonly negated: boolean;
      readonly values: readonly Literal[];
    }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition };

export interface OrderTerm {
  readonly field: FieldName;
  readonly descending: boolean;
  readonly nullsLast: boolean;
}

/** A parsed query. `count`: COUNT() (no field) or COUNT(field) instead of a list of fields. */
export interface SoqlQuery {
  readonly fields: readonly FieldName[];
  readonly count: 'none' | 'rows' | 'field';
  readonly object: FieldName;
  readonly where: Condition | null;
  readonly orderBy: readonly OrderTerm[];
  readonly limit: number | null;
  readonly offset: number;
}

/**
 * Parses the part of SOQL that clients of this simulator use: SELECT fields | COUNT() | COUNT(field), FROM, WHERE,
 * ORDER BY, LIMIT, OFFSET. No subqueries, relationships, grouping or date literals such as TODAY.
 * @throws SalesforceError MALFORMED_QUERY
 */
export function parseSoql(soql: string): SoqlQuery {
  const reader = new Reader(soql);
  reader.keyword('SELECT');
  const { fields, count } = selection(reader);
  reader.keyword('FROM');
  const object = reader.field();
  const where = reader.maybeKeyword('WHERE') ? condition(reader) : null;
  const orderBy = reader.maybeKeyword('ORDER') ? ordering(reader) : [];
  const limit = reader.maybeKeyword('LIMIT') ? reader.count() : null;
  const offset = reader.maybeKeyword('OFFSET') ? reader.count() : 0;
  reader.end();
  return { fields, count, object, where, orderBy, limit, offset };
}

function selection(reader: Reader): Pick<SoqlQuery, 'fields' | 'count'> {
  const first = reader.field();
  if (first.name.toUpperCase() === 'COUNT' && reader.maybeSymbol('(')) {
    if (reader.maybeSymbol(')')) return { fields: [], count: 'rows' };
    const fields = [reader.field()];
    reader.symbol(')');
    return { fields, count: 'field' };
  }
  const fields = [first];
  while (reader.maybeSymbol(',')) fields.push(reader.field());
  return { fields, count: 'none' };
}

/** AND and OR do not mix without parentheses: Salesforce refuses `a AND b OR c`. */
function condition(reader: Reader): Condition {
  const parts = [term(reader)];
  const word = reader.peekKeyword('OR') ? 'OR' : 'AND';
  while (reader.maybeKeyword(word)) parts.push(term(reader));
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return { kind: word === 'AND' ? 'and' : 'or', parts };
}

function term(reader: Reader): Condition {
  if (reader.maybeKeyword('NOT')) return { kind: 'not', part: term(reader) };
  if (reader.maybeSymbol('(')) {
    const inner = condition(reader);
    reader.symbol(')');
    return inner;
  }
  return comparison(reader);
}

function comparison(reader: Reader): Condition {
  const field = reader.field();
  if (reader.maybeKeyword('LIKE'))
    return { kind: 'compare', field, operator: 'LIKE', value: literal(reader) };
  const negated = reader.maybeKeyword('NOT');
  if (negated || reader.peekKeyword('IN')) {
    reader.keyword('IN');
    return { kind: 'in', field, negated, values: list(reader) };
  }
  return { kind: 'compare', field, operator: reader.operator(), value: literal(reader) };
}

function list(reader: Reader): readonly Literal[] {
  reader.symbol('(');
  const values = [literal(reader)];
  while (reader.maybeSymbol(',')) values.push(literal(reader));
  reader.symbol(')');
  return values;
}

function literal(reader: Reader): Literal {
  const token = reader.take();
  switch (token.kind) {
    case 'string':
    case 'number':
    case 'date':
      return { kind: token.kind, text: token.text };
    case 'datetime': {
      const milliseconds = Date.parse(token.text);
      if (!Number.isNaN(milliseconds)) return { kind: 'datetime', milliseconds };
      break;
    }
    case 'name': {
      const word = token.text.toLowerCase();
      if (word === 'null') return { kind: 'null' };
      if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' };
    }
  }
  throw reader.unexpected(token);
}

function ordering(reader: Reader): readonly OrderTerm[] {
  reader.keyword('BY');
  const terms: OrderTerm[] = [];
  do {
    const field = reader.field();
    const descending = reader.maybeKeyword('DESC');
    if (!descending) reader.maybeKeyword('ASC');
    let nullsLast = false;
    if (reader.maybeKeyword('NULLS')) {
      nullsLast = reader.maybeKeyword('LAST');
      if (!nullsLast) reader.keyword('FIRST');
    }
    terms.push({ field, descending, nullsLast });
  } while (reader.maybeSymbol(','));
  return terms;
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': '=',
  '!=': '!=',
  '<>': '!=',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};

/** A cursor over the tokens; each `maybe…` takes the token only if it is the one asked for. */
class Reader {
  readonly #soql: string;
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(soql: string) {
    this.#soql = soql;
    this.#tokens = soqlTokens(soql);
  }

  take(): Token {
    const token = this.#peek();
    this.#next += 1;
    return token;
  }

  field(): FieldName {
    const token = this.take();
    if (token.kind !== 'name') throw this.unexpected(token);
    return { name: token.text, at: token.at };
  }

  count(): number {
    const token = this.take();
    if (token.kind !== 'number' || !/^\d+$/.test(token.text)) throw this.unexpected(token);
    return Number(token.text);
  }

  operator(): Operator {
    const token = this.take();
    const operator = token.kind === 'symbol' ? OPERATORS[token.text] : undefined;
    if (operator === undefined) throw this.unexpected(token);
    return operator;
  }

  peekKeyword(word: string): boolean {
    const token = this.#peek();
    return token.kind === 'name' && token.text.toUpperCase() === word;
  }

  maybeKeyword(word: string): boolean {
    const found = this.peekKeyword(word);
    if (found) this.#next += 1;
    return found;
  }

  keyword(word: string): void {
    if (!this.maybeKeyword(word)) throw this.unexpected(this.#peek());
  }

  maybeSymbol(symbol: string): boolean {
    const token = this.#peek();
    const found = token.kind === 'symbol' && token.text === symbol;
    if (found) this.#next += 1;
    return found;
  }

  symbol(symbol: string): void {
    if (!this.maybeSymbol(symbol)) throw this.unexpected(this.#peek());
  }

  end(): void {
    if (this.#peek().kind !== 'end') throw this.unexpected(this.#peek());
  }

  unexpected(token: Token): Error {
    return malformed(this.#soql, token.at, `unexpected token: '${token.text}'`);
  }

  #peek(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (token === undefined) throw malformed(this.#soql, 0, 'empty query');
    return token;
  }
}
