/** What canonical JSON can be made of. A key whose value is undefined is left out. */
export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue | undefined };

/**
 * The RFC 8785 canonical form (JCS): no white space, keys sorted by UTF-16 code units (§3.2.3), texts and numbers as
 * ECMAScript writes them (§3.2.2).
 * @throws Error for a lone surrogate and for a number that JSON does not have (§3.2.2.2, §3.2.2.3)
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean') return String(value);
  if (typeof value === 'number') return canonicalNumber(value);
  if (typeof value === 'string') return canonicalString(value);
  if (isList(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members = Object.entries(value)
    .filter((member): member is [string, JsonValue] => member[1] !== undefined)
    // The default order of strings is that of their UTF-16 code units.
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, of]) => `${canonicalString(key)}:${canonicalJson(of)}`);
  return `{${members.join(',')}}`;
}

/** TypeScript's own `Array.isArray` does not know readonly arrays. */
function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function canonicalNumber(value: number): string {
  if (Number.isFinite(value)) return JSON.stringify(value);
  throw new Error(`evidence: canonical JSON: got ${value}, want a finite number; report this`);
}

function canonicalString(value: string): string {
  if (value.isWellFormed()) return JSON.stringify(value);
  throw new Error(
    `evidence: canonical JSON: got a lone surrogate in ${JSON.stringify(value.slice(0, 80))}, want well-formed Unicode; mend the text`,
  );
}
