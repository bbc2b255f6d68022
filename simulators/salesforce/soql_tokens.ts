import { SalesforceError } from './salesforce_error.ts';

type TokenKind = 'name' | 'string' | 'number' | 'date' | 'datetime' | 'symbol' | 'end';

/** One lexical unit of a SOQL text. `text` is unescaped for strings; `at` counts characters from zero. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['datetime', /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})/y],
  ['date', /\d{4}-\d{2}-\d{2}(?![\dT])/y],
  ['number', /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w.])/y],
  ['name', /[A-Za-z][\w.]*/y],
  ['string', /'(?:[^'\\]|\\[\s\S])*'/y],
  ['symbol', /<=|>=|!=|<>|[=<>(),]/y],
];

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

/**
 * Splits a SOQL text into tokens, with an `end` token last (SOQL and SOSL Reference, "Reserved Characters").
 * In a string, `\_` and `\%` keep their backslash: only LIKE gives them a meaning.
 * @throws SalesforceError MALFORMED_QUERY
 */
export function soqlTokens(soql: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(soql, 0);
  while (at < soql.length) {
    const token = tokenAt(soql, at);
    tokens.push({ kind: token.kind, text: token.kind === 'string' ? unescaped(token.text) : token.text, at });
    at = skipSpace(soql, at + token.text.length);
  }
  return [...tokens, { kind: 'end', text: '<EOF>', at: soql.length }];
}

function tokenAt(soql: string, at: number): { kind: TokenKind; text: string } {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at;
    const text = pattern.exec(soql)?.[0];
    if (text !== undefined) return { kind, text };
  }
  throw malformed(soql, at, `unexpected token: '${soql[at] ?? '<EOF>'}'`);
}

function skipSpace(soql: string, from: number): number {
  let at = from;
  while (at < soql.length && /\s/.test(soql.charAt(at))) at += 1;
  return at;
}

function unescaped(quoted: string): string {
  return quoted.slice(1, -1).replace(/\\([\s\S])/g, (whole, letter: string) => {
    if (letter === '_' || letter === '%') return whole;
    return ESCAPES[letter.toLowerCase()] ?? letter;
  });
}

/** A refusal that points at a place of the query, as Salesforce does. */
export function queryError(errorCode: string, soql: string, at: number, message: string): SalesforceError {
  const context = soql.slice(Math.max(0, at - 40), at + 40).replaceAll('\n', ' ');
  const caret = ' '.repeat(Math.min(at, 40));
  const text = `\n${context}\n${caret}^\nERROR at Row:1:Column:${at + 1}\n${message}`;
  return new SalesforceError(400, errorCode, text);
}

/** MALFORMED_QUERY at a place of the query. */
export function malformed(soql: string, at: number, message: string): SalesforceError {
  return queryError('MALFORMED_QUERY', soql, at, message);
}
