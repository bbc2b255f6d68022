import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { zstdDecompress } from 'node:zlib';
import { PageRefused } from './refusals.ts';

const decompress = promisify(zstdDecompress);

/** One page as the manifest lists it. */
export interface ListedPage {
  /** Below the data directory; the file is named by the SHA-256 of the body. */
  readonly path: string;
  readonly sha256: string;
  /** When its body came, in microseconds. */
  readonly received_at: number;
  /** Of a replay: the positions that it took from the page; null: every one. */
  readonly taken: ReadonlySet<number> | null;
}

/**
 * The text of a landed page. evidence.md: raw pages are kept "compressed, named by the SHA-256 of the body".
 * @throws PageRefused when the file is missing or damaged, or its body's hash is not its name
 */
export async function readPage(dataDir: string, page: ListedPage): Promise<string> {
  const body = await bodyOf(dataDir, page);
  const [name = ''] = basename(page.path).split('.');
  const hash = createHash('sha256').update(body).digest('hex');
  if (hash !== name)
    throw new PageRefused(
      `evidence: page ${page.path}: got a body with SHA-256 ${hash}, want ${name} as its name says; it was changed, so nothing is recomputed from it: restore it`,
    );
  if (name !== page.sha256)
    throw new PageRefused(
      `evidence: page ${page.path}: got SHA-256 ${page.sha256} in the manifest, want its name; the manifest was changed`,
    );
  return new TextDecoder('utf-8', { fatal: true }).decode(body);
}

async function bodyOf(dataDir: string, { path }: ListedPage): Promise<Buffer> {
  try {
    return await decompress(await readFile(join(dataDir, path)));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PageRefused(
      `evidence: page ${path}: got a file that cannot be read (${why}), want the page; restore it`,
      { cause },
    );
  }
}

/** A JSON number as its source text; JSON.stringify writes it back as it stood. */
export interface NumberText {
  readonly rawJSON: string;
}

const json = JSON as unknown as {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source: string }) => unknown,
  ): unknown;
  rawJSON(text: string): NumberText;
  isRawJSON(value: unknown): value is NumberText;
};

export const isNumberText = (value: unknown): value is NumberText => json.isRawJSON(value);

/** JSON with each number as its source text: amounts are never doubles. */
export const parseExact = (text: string): unknown =>
  json.parse(text, (_key, value, { source }) => (typeof value === 'number' ? json.rawJSON(source) : value));
