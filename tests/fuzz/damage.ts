import { DEEP, ODD_TOKENS, ODD_VALUES, RAW_BYTES } from './odd_tokens.ts';
import type { Random } from './random.ts';

type Format = 'json' | 'csv';

/** A body that was damaged, and how, for the message of a failure. */
export interface Damaged {
  readonly body: Buffer;
  readonly done: readonly string[];
}

type Damage = (body: Buffer, random: Random, format: Format) => Buffer;

/** Damages a body, mostly once, at most three times. */
export function damage(body: Buffer, random: Random, format: Format): Damaged {
  const done: string[] = [];
  let damaged = body;
  const times = random.chance(0.7) ? 1 : 2 + random.nat(2);
  for (let n = 0; n < times; n += 1) {
    const [name, work] = random.pick(kindOf(random));
    damaged = work(damaged, random, format);
    done.push(name);
  }
  return { body: damaged, done };
}

/** Half of all damage leaves a page that can be read, with rows to judge; one in 500 is very large, which takes time. */
function kindOf(random: Random): Kinds {
  if (random.chance(0.002)) return HUGE;
  return random.chance(0.6) ? IN_ROWS : ANYWHERE;
}

const TOKENS: Readonly<Record<Format, RegExp>> = {
  json: /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g,
  csv: /"(?:[^"]|"")*"|[^",\r\n]+|,|\r?\n/g,
};

interface Token {
  readonly start: number;
  readonly end: number;
}

/** Where the tokens of a body are; of a body that is large by now only those near its beginning. */
function tokensOf(text: string, format: Format): readonly Token[] {
  const near = text.slice(0, 200_000);
  return [...near.matchAll(TOKENS[format])].map((match) => ({
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** Damage to one token of the text; bytes that are no UTF-8 stay, since latin1 keeps every byte. */
function onToken(change: (text: string, at: Token, random: Random, format: Format) => string): Damage {
  return (body, random, format) => {
    const text = body.toString('latin1');
    const tokens = tokensOf(text, format);
    return tokens.length === 0
      ? body
      : Buffer.from(change(text, random.pick(tokens), random, format), 'latin1');
  };
}

function odd(random: Random, format: Format): string {
  return Buffer.from(random.pick(ODD_TOKENS[format]), 'utf8').toString('latin1');
}

/** Mostly a value that may stand there, of whatever type. */
function oddValue(random: Random, format: Format): string {
  const from = random.chance(0.9) ? ODD_VALUES[format] : ODD_TOKENS[format];
  return Buffer.from(random.pick(from), 'utf8').toString('latin1');
}

const put = (text: string, { start, end }: Token, what: string) =>
  text.slice(0, start) + what + text.slice(end);

const putBefore = (text: string, { start }: Token, what: string) => put(text, { start, end: start }, what);

function splice(body: Buffer, start: number, end: number, what: Buffer): Buffer {
  return Buffer.concat([body.subarray(0, start), what, body.subarray(end)]);
}

type Kinds = readonly (readonly [string, Damage])[];

const ANYWHERE: Kinds = [
  ['flipped a byte', flipped],
  ['cut short', (body, random) => body.subarray(0, random.nat(body.length + 1))],
  ['took bytes out', (body, random) => withSlice(body, random, () => Buffer.alloc(0))],
  ['doubled bytes', (body, random) => withSlice(body, random, (slice) => Buffer.concat([slice, slice]))],
  ['put raw bytes in', rawBytes],
  ['put a mark in front', (body) => Buffer.concat([Buffer.from('\ufeff'), body])],
  ['emptied', (body, random) => (random.chance(0.2) ? Buffer.alloc(0) : body)],
  ['replaced a token', onToken((text, at, random, format) => put(text, at, odd(random, format)))],
  ['put a token in', onToken((text, at, random, format) => putBefore(text, at, odd(random, format)))],
  ['took a token out', onToken((text, at) => put(text, at, ''))],
  ['doubled a token', onToken((text, at) => putBefore(text, at, text.slice(at.start, at.end)))],
  ['swapped tokens', swapped],
  ['changed line ends', lineEnds],
  ['nested a token', onToken((text, at, random) => nested(text, at, 1 + random.nat(3000), random))],
];

const IN_ROWS: Kinds = [
  ['replaced a value', onValue((text, at, random, format) => put(text, at, oddValue(random, format)))],
  ['doubled or renamed a key', key],
  ['nested a value', onValue((text, at, random) => nested(text, at, 1 + random.nat(3000), random))],
];

const HUGE: Kinds = [
  ['nested a value deeply', onValue((text, at, random) => nested(text, at, DEEP, random))],
  ['made a field huge', onValue((text, at, random, format) => put(text, at, hugeField(random, format)))],
];

function flipped(body: Buffer, random: Random): Buffer {
  if (body.length === 0) return body;
  const copy = Buffer.from(body);
  const at = random.nat(body.length);
  copy[at] = random.chance(0.5) ? random.nat(256) : (copy[at] as number) ^ (1 << random.nat(8));
  return copy;
}

function withSlice(body: Buffer, random: Random, change: (slice: Buffer) => Buffer): Buffer {
  const start = random.nat(body.length + 1);
  const end = Math.min(body.length, start + random.nat(60));
  return splice(body, start, end, change(body.subarray(start, end)));
}

function rawBytes(body: Buffer, random: Random): Buffer {
  const at = random.nat(body.length + 1);
  return splice(body, at, at, random.pick(RAW_BYTES));
}

/** Damage to a value behind a colon, or to a whole cell: the row stays one, so that the schema must judge it. */
function onValue(change: (text: string, at: Token, random: Random, format: Format) => string): Damage {
  return (body, random, format) => {
    const text = body.toString('latin1');
    const all = tokensOf(text, format);
    const values = all.filter((at, n) => isValue(text, at, all[n - 1], format));
    return values.length === 0
      ? body
      : Buffer.from(change(text, random.pick(values), random, format), 'latin1');
  };
}

function isValue(text: string, { start, end }: Token, before: Token | undefined, format: Format): boolean {
  if (format === 'csv') return text.slice(start, end).trim() !== '' && text[start] !== ',';
  return before !== undefined && text[before.start] === ':' && !/[[{]/.test(text[start] ?? '');
}

function swapped(body: Buffer, random: Random, format: Format): Buffer {
  const text = body.toString('latin1');
  const tokens = tokensOf(text, format);
  if (tokens.length < 2) return body;
  const one = random.pick(tokens);
  const other = random.pick(tokens);
  const [first, second] = one.start <= other.start ? [one, other] : [other, one];
  if (first.end > second.start) return body;
  const [left, right] = [text.slice(first.start, first.end), text.slice(second.start, second.end)];
  return Buffer.from(put(put(text, second, left), first, right), 'latin1');
}

/** JSON: a key once more, or another name for it; CSV: another name in the header line. */
function key(body: Buffer, random: Random, format: Format): Buffer {
  const text = body.toString('latin1');
  const all = tokensOf(text, format);
  const line = text.indexOf('\n');
  const keys = all.filter(({ start }, n) =>
    format === 'csv' ? start < line && text[start] !== ',' : text[all[n + 1]?.start ?? -1] === ':',
  );
  if (keys.length === 0) return body;
  const at = random.pick(keys);
  const name = random.pick([
    '"__proto__"',
    '"constructor"',
    '"toString"',
    '"new_field"',
    '"data"',
    '1',
    'null ',
    '',
  ]);
  const again = format === 'csv' ? `${name},` : `${text.slice(at.start, at.end)}:${odd(random, format)},`;
  const what = random.chance(0.5) ? name : again + text.slice(at.start, at.end);
  const spaced = random.chance(0.2) ? `${what} ` : what;
  return Buffer.from(put(text, at, spaced), 'latin1');
}

function lineEnds(body: Buffer, random: Random): Buffer {
  const end = random.pick(['\r\n', '\r', '\n\n', '\n\r', '\u2028', ' ']);
  return Buffer.from(body.toString('latin1').replaceAll('\n', end), 'latin1');
}

function nested(text: string, at: Token, depth: number, random: Random): string {
  const [open, close] = random.pick([
    ['[', ']'],
    ['{"a":', '}'],
    ['[{"__proto__":', '}]'],
  ] as const);
  const inner = text.slice(at.start, at.end);
  const closed = random.chance(0.8) ? close.repeat(depth) : '';
  return put(text, at, open.repeat(depth) + inner + closed);
}

function hugeField(random: Random, format: Format): string {
  const part = random.pick(['x', '7', '\\\\', '\\u0000', '\\ud83d\\ude00', '""', ' ', ',']);
  const text = part.repeat(Math.ceil((5 * 1024 * 1024) / part.length));
  if (format === 'json' && part === '7') return text;
  return format === 'json' && part === '""' ? `"${text.replaceAll('"', '\\"')}"` : `"${text}"`;
}
