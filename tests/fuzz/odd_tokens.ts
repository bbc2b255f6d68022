/** Deeper than a parser that calls itself for each level can go. */
export const DEEP = 100_000;

const NUMBERS = [
  '0',
  '-0',
  '1e999',
  '-1e999',
  '1e-999999',
  '0e999',
  '9007199254740993',
  '123456789012345678901234567890.123456789',
  '1.0',
  '01',
  '1.',
  '.5',
  '+1',
  'NaN',
  'Infinity',
] as const;

const TIMES = [
  '2026-11-21T05:00:00Z',
  '2026-11-21T05:30:00.123456789123Z',
  '2026-02-29T00:00:00Z',
  '2026-11-21T24:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999999Z',
  '2026-11-21T05:00:00+02:00',
  '2026-11-31',
] as const;

const TEXTS = [
  '',
  ' ',
  'NA',
  'null',
  'azure',
  '001000000000001',
  '001000000000001AAA',
  'ünï 𝒸ode',
  '\u2028',
] as const;

const JSON_WORDS = [
  'null',
  'true',
  'false',
  'nul',
  'nullx',
  'undefined',
  '{}',
  '[]',
  '[1,"x"]',
  '{"a":{"b":[]}}',
  '{"__proto__":{"polluted":1}}',
  '{"constructor":{"prototype":{"polluted":1}}}',
  '{"amount":-0,"currencyCode":"\\ud800"}',
  '"\\ud800"',
  '"\\udc00\\ud800 turned"',
  '"\\ud83d\\ude00"',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\u0041\\/\\n\\"\\\\"',
  '"\\x"',
  '"\\u12"',
  '"__proto__"',
  '"line\nend"',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
] as const;

const CSV_WORDS = [
  'true',
  'TRUE',
  '"',
  '""',
  '"""',
  'a"b',
  '"a"b',
  '"a""b"',
  '"two\nlines"',
  '"two\r\nlines"',
  'a\rb',
  ',',
  ',,',
  '\n',
  '\r\n',
  '\n\n',
  '__proto__',
  'constructor.prototype',
  '=1+1',
] as const;

/** Texts to put in the place of a token, or between two. */
export const ODD_TOKENS: Readonly<Record<'json' | 'csv', readonly string[]>> = {
  json: [...JSON_WORDS, ...NUMBERS, ...[...NUMBERS, ...TIMES, ...TEXTS].map((text) => JSON.stringify(text))],
  csv: [...CSV_WORDS, ...NUMBERS, ...TIMES, ...TEXTS],
};

/** Those of them that may stand in the place of a value, whatever the schema says of it. */
export const ODD_VALUES: typeof ODD_TOKENS = {
  json: ODD_TOKENS.json.filter(isJson),
  csv: ODD_TOKENS.csv.filter((text) => !/[",\r\n]/.test(text) || /^"([^"]|"")*"$/.test(text)),
};

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Bytes that are no UTF-8, or UTF-8 that few expect. */
export const RAW_BYTES: readonly Buffer[] = [
  Buffer.from([0x00]),
  Buffer.from([0xff]),
  Buffer.from([0xc0, 0x80]), // NUL, two bytes long
  Buffer.from([0xed, 0xa0, 0x80]), // a lone surrogate
  Buffer.from([0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]), // a pair of them (CESU-8)
  Buffer.from([0xf0, 0x9f, 0x98]), // a character without its end
  Buffer.from([0xf4, 0x90, 0x80, 0x80]), // behind the last character
  Buffer.from('\ufeff'),
  Buffer.from('\u0001'),
  Buffer.from('\u007f'),
  Buffer.from('𝒸'),
  Buffer.from('\ufffe'),
];
