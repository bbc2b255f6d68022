import { relative, resolve, sep } from 'node:path';
import { KILL_ENV } from './pass.ts';

const CHANGING = [
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, // run ids, names of partial files
  /[0-9a-f]{64}/g, // hashes of pages
  /\d{4}-\d{2}-\d{2}/g, // days of receipt
  /(?<=\.csv\.)\d+/g, // process ids
  /(?<=tile[/\\]\d[/\\]).+/g, // numbers of tiles
  /\d{12}(?=\.checkpoint)/g, // sizes of the log
];

/** A path as it is called in every run: below the data directory, with `*` for what changes; null for other files. */
export function pathName(path: unknown): string | null {
  const dataDir = process.env[KILL_ENV.data_dir];
  if (dataDir === undefined || typeof path !== 'string') return null;
  const below = relative(dataDir, resolve(path));
  return below === '' || below.startsWith('..') ? null : stable(below).replaceAll(sep, '/');
}

function stable(text: string): string {
  return CHANGING.reduce((left, pattern) => left.replaceAll(pattern, '*'), text);
}

const KEPT = /^\s*(INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|ALTER TABLE)\s+((?:raw|ops|evidence)\.[\w"]+)/;
const STREAM = /'(polaris|salesforce|tackle)'(?:,| AND stream =) '(\w+)'/;

/**
 * A statement that changes what is kept, such as `INSERT INTO ops.pages polaris.readings`, or a step of a transaction;
 * null for one that only reads or works on temporary tables.
 */
export function statementName(sql: string): string | null {
  const copied = /^\s*COPY .* TO '([^']+)'/s.exec(sql);
  if (copied !== null) return `COPY ${pathName(copied[1]) ?? 'elsewhere'}`;
  const step = /^\s*(BEGIN TRANSACTION|COMMIT|ROLLBACK)\s*$/.exec(sql);
  if (step?.[1] !== undefined) return step[1];
  const kept = KEPT.exec(sql);
  if (kept === null) return null;
  const [, verb = '', table = ''] = kept;
  const stream = STREAM.exec(sql);
  const of = stream === null ? '' : ` ${stream[1]}.${stream[2]}`;
  return `${verb} ${table.replaceAll('"', '')}${of}`;
}

/** A request, without what changes from run to run; a look-up is a point like any other. */
export function requestName(method: string, url: URL): string {
  const path = stable(url.pathname)
    .replace(/\/jobs\/query\/\w+/, '/jobs/query/*')
    .replace(/\/sites\/[^/]+/, '/sites/*');
  const isPublication = url.searchParams.has('overwrite') ? '?overwrite' : '';
  return `${method} ${path}${isPublication}`;
}
