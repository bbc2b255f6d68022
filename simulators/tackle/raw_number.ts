/** A JSON number that keeps its source text when it is written: `1234.10` stays `1234.10`. */
export interface RawNumber {
  readonly rawJSON: string;
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
/** In Node since 22, not yet in TypeScript's library: a frozen object that JSON.stringify writes verbatim. */
const json = JSON as unknown as { rawJSON(text: string): RawNumber };

/**
 * Wraps the text of a JSON number so that JSON.stringify writes it as it stands (ECMAScript, JSON.rawJSON).
 * @throws Error when the text is no JSON number
 */
export function rawNumber(text: string): RawNumber {
  if (!NUMBER.test(text)) {
    throw new Error(`simulators: raw number: got ${JSON.stringify(text)}, want the text of a JSON number`);
  }
  return json.rawJSON(text);
}

/** The source text of a number that is plain or raw; null for anything else. */
export function numberText(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'object' || value === null || !('rawJSON' in value)) return null;
  return String(value.rawJSON);
}
