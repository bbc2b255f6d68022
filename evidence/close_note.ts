import { canonicalJson } from './canonical_json.ts';
import { openNote, type SignerKey, signNote, type VerifierKey } from './note.ts';

/** Readings of one dimension in a month, and what the source itself counts for its hours; quantities are decimal texts. */
interface NotedTotal {
  readonly dimension: string;
  readonly readings: number;
  readonly quantity: string;
  /** Null where the source was never asked. */
  readonly source_readings: number | null;
  readonly source_quantity: string | null;
}

/** What a close says. Instants are RFC 3339, UTC. */
export interface CloseNote {
  readonly origin: string;
  /** `yyyy-mm` */
  readonly month: string;
  readonly cut_off_at: string;
  /** The newest load that the close takes. */
  readonly load_id: number;
  /** The newest load when it was approved. */
  readonly approved_load_id: number;
  /** The newest as-of date when the figures were frozen. */
  readonly as_of_date: string;
  /** The log when the figures were frozen. */
  readonly tree_size: number;
  readonly root: Buffer;
  readonly prepared_by: string;
  readonly prepared_at: string;
  readonly approved_by: string;
  readonly approved_at: string;
  /** Why it was closed with open exceptions; null where there was nothing to accept. */
  readonly accepted: string | null;
  readonly exceptions: number;
  /** Of the re-performance; null where it was not run. */
  readonly lines_reperformed: number | null;
  readonly reperform_differences: number | null;
  /** Of the time stamp over the checkpoint; null without an authority. */
  readonly timestamped_at: string | null;
  /** SHA-256 of the note of the month closed before, lower-case hex; null for the first. */
  readonly previous: string | null;
  readonly lines: number;
  /** Of the file of frozen lines, lower-case hex. */
  readonly lines_sha256: string;
  readonly totals: readonly NotedTotal[];
}

const ROOT_BYTES = 32;
/** What a line says where there is no value. */
const NONE = '-';

/** The keys of the text in their order; totals follow, one line each. */
const KEYS = [
  'month',
  'cut_off_at',
  'load_id',
  'approved_load_id',
  'as_of_date',
  'tree_size',
  'root',
  'prepared_by',
  'prepared_at',
  'approved_by',
  'approved_at',
  'accepted',
  'exceptions',
  'lines_reperformed',
  'reperform_differences',
  'timestamped_at',
  'previous',
  'lines',
  'lines_sha256',
] as const;

/**
 * The text of a close: the line `<origin>/close`, then `key value` lines. Its first line is none of a checkpoint's, so that
 * one key can sign both.
 * @throws Error for a value that does not fit on a line
 */
function renderCloseNote(note: CloseNote): string {
  const values: Record<(typeof KEYS)[number], string> = {
    ...note,
    load_id: String(note.load_id),
    approved_load_id: String(note.approved_load_id),
    tree_size: String(note.tree_size),
    root: note.root.toString('base64'),
    accepted: note.accepted === null ? NONE : canonicalJson(note.accepted),
    exceptions: String(note.exceptions),
    lines_reperformed: String(note.lines_reperformed ?? NONE),
    reperform_differences: String(note.reperform_differences ?? NONE),
    timestamped_at: note.timestamped_at ?? NONE,
    previous: note.previous ?? NONE,
    lines: String(note.lines),
  };
  const totals = note.totals.map((total) => `total ${canonicalJson(textsOf(total))}`);
  const lines = [...KEYS.map((key) => `${key} ${values[key]}`), ...totals];
  const broken = lines.find((line) => /[\n\r]/.test(line) || /^\S+ $/.test(line));
  if (broken !== undefined)
    throw new Error(
      `evidence: close ${note.month}: got ${JSON.stringify(broken)}, want a value on one line; correct it`,
    );
  return `${note.origin}/close\n${lines.join('\n')}\n`;
}

/** The inverse of `renderCloseNote`. @throws Error where the text is no close's, naming the line */
export function parseCloseNote(text: string): CloseNote {
  const [first = '', ...lines] = text.split('\n');
  if (!first.endsWith('/close') || lines.pop() !== '') throw malformed('first line', first);
  const values = KEYS.map((key, place) => fieldOf(key, lines[place]));
  const value = (key: (typeof KEYS)[number]) => values[KEYS.indexOf(key)] ?? '';
  const root = Buffer.from(value('root'), 'base64');
  if (root.length !== ROOT_BYTES) throw malformed('root', value('root'));
  return {
    origin: first.slice(0, -'/close'.length),
    month: value('month'),
    cut_off_at: value('cut_off_at'),
    load_id: whole('load_id', value('load_id')),
    approved_load_id: whole('approved_load_id', value('approved_load_id')),
    as_of_date: value('as_of_date'),
    tree_size: whole('tree_size', value('tree_size')),
    root,
    prepared_by: value('prepared_by'),
    prepared_at: value('prepared_at'),
    approved_by: value('approved_by'),
    approved_at: value('approved_at'),
    accepted: orNull(value('accepted'), (text) => String(json('accepted', text))),
    exceptions: whole('exceptions', value('exceptions')),
    lines_reperformed: orNull(value('lines_reperformed'), (text) => whole('lines_reperformed', text)),
    reperform_differences: orNull(value('reperform_differences'), (text) =>
      whole('reperform_differences', text),
    ),
    timestamped_at: orNull(value('timestamped_at'), String),
    previous: orNull(value('previous'), String),
    lines: whole('lines', value('lines')),
    lines_sha256: value('lines_sha256'),
    totals: lines.slice(KEYS.length).map((line) => totalOf(fieldOf('total', line))),
  };
}

/** The close as a signed note; the log's name is the key's name. */
export function signCloseNote(note: Omit<CloseNote, 'origin'>, signer: SignerKey): string {
  return signNote(renderCloseNote({ ...note, origin: signer.name }), signer);
}

/** @throws Error where it is no close, no known key has signed it, or the key is not that of the log it names */
export function openCloseNote(note: string, keys: readonly VerifierKey[]): CloseNote {
  const close = parseCloseNote(openNote(note, keys));
  openNote(
    note,
    keys.filter(({ name }) => name === close.origin),
  );
  return close;
}

function textsOf(total: NotedTotal): Readonly<Record<string, string | null>> {
  const { readings, source_readings, ...texts } = total;
  return {
    ...texts,
    readings: String(readings),
    source_readings: source_readings === null ? null : String(source_readings),
  };
}

function totalOf(text: string): NotedTotal {
  const { dimension, readings, quantity, source_readings, source_quantity } = Object(json('total', text));
  if (typeof dimension !== 'string' || typeof quantity !== 'string') throw malformed('total', text);
  return {
    dimension,
    readings: whole('total', String(readings)),
    quantity,
    source_readings: source_readings === null ? null : whole('total', String(source_readings)),
    source_quantity: source_quantity === null ? null : String(source_quantity),
  };
}

function fieldOf(key: string, line: string | undefined): string {
  if (line?.startsWith(`${key} `) === true) return line.slice(key.length + 1);
  throw malformed(key, line ?? 'nothing');
}

function orNull<T>(text: string, read: (text: string) => T): T | null {
  return text === NONE ? null : read(text);
}

function whole(key: string, text: string): number {
  if (/^(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw malformed(key, text);
}

function json(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(key, text, cause);
  }
}

function malformed(key: string, got: string, cause?: unknown): Error {
  return new Error(
    `evidence: close note, ${key}: got ${JSON.stringify(got.slice(0, 120))}, want the lines of a close in their order; restore the file`,
    { cause },
  );
}
