import { createHash } from 'node:crypto';
import { columnarLeafHashes } from '../../evidence/columnar_leaf.ts';
import { leafHashes } from '../../evidence/leaf.ts';
import { landedPage } from '../../pipelines/take_pages.ts';
import type { Column } from '../../schemas/columns.ts';
import type { LandedLoad } from '../../schemas/page.ts';
import { rawTable, type Stream } from '../../schemas/streams.ts';
import type { LandedPage, Warehouse } from '../../warehouse/warehouse.ts';
import type { Body } from './good_pages.ts';
import type { Judged } from './judge_page.ts';

/** A page that was taken. */
export interface TakenPage {
  readonly page: Body;
  readonly judged: Judged;
}

type Row = Readonly<Record<string, string | null>>;

const OPEN_GATE = { max_share: 1, min_rows: 0, accepted: true };
const AT = '2026-11-23T02:30:00Z';

/**
 * Loads the pages of one stream in one load, as pipelines/load.ts does.
 * @throws Error where a row is lost, doubled, or stored as something else
 */
export async function loadGroup(
  warehouse: Warehouse,
  stream: Stream,
  pages: readonly TakenPage[],
): Promise<LandedLoad> {
  const loading = await warehouse.startLoad(stream, 'run-1', () => new Date(AT));
  for (const { page, judged } of pages) {
    const sha256 = sha256Of(page.body);
    const about = { source: stream.source, stream: stream.name, received_at: AT, sha256 };
    const whole = { ...page, ...about, api_version: null, as_of: null, bookmark: null };
    await loading.add(landedPage(whole, `landing/${sha256}`, judged.taken, leavesOf(stream, judged, sha256)));
  }
  const load = await loading.commit({ complete: stream.full, gate: OPEN_GATE });
  checkSums(pages, load);
  await checkPages(warehouse, load);
  await checkRows(warehouse, load, pages);
  await checkRefused(warehouse, stream, pages);
  return load;
}

/** Readings have leaves, made in whichever way their page was read: both ways give the same. */
function leavesOf(
  { kind, columns }: Stream,
  { taken, parsed }: Judged,
  sha256: string,
): LandedPage['leaf_hashes'] {
  if (kind !== 'revisions') return null;
  const names = columns.map(({ name }) => name);
  const plain = leafHashes(names, parsed, sha256);
  if (!('spans' in taken)) return plain;
  const hashes = columnarLeafHashes(names, taken, sha256);
  want(Buffer.from(hashes).toString('hex') === plain.join(''), 'the leaf hashes of the two readers differ');
  return hashes;
}

const sha256Of = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

function want(is: boolean, what: string): void {
  if (!is) throw new Error(what);
}

function checkSums(pages: readonly TakenPage[], load: LandedLoad): void {
  const sum = (of: (page: TakenPage) => number) => pages.reduce((total, page) => total + of(page), 0);
  const good = sum(({ judged }) => judged.parsed.offsets.length);
  const refused = sum(({ judged }) => judged.parsed.rejected.length);
  const { rows_read, rows_loaded, rows_unchanged, rows_quarantined } = load;
  const figures = JSON.stringify({ rows_read, rows_loaded, rows_unchanged, rows_quarantined, good, refused });
  want(rows_read === good + refused, `rows read are not those of the pages: ${figures}`);
  want(rows_read === rows_loaded + rows_unchanged + rows_quarantined, `rows not accounted for: ${figures}`);
  want(rows_quarantined >= refused, `refused rows not in quarantine: ${figures}`);
}

async function checkPages(warehouse: Warehouse, load: LandedLoad): Promise<void> {
  const [sums] = await warehouse.query(
    `SELECT count(*)::VARCHAR AS pages, coalesce(sum(rows_in_body), 0)::VARCHAR AS rows,
       coalesce(sum(rows_quarantined), 0)::VARCHAR AS quarantined
     FROM ops.pages WHERE load_id = ${load.load_id}`,
  );
  const told = JSON.stringify([Number(sums?.pages), Number(sums?.rows), Number(sums?.quarantined)]);
  const wanted = JSON.stringify([load.pages, load.rows_read, load.rows_quarantined]);
  want(told === wanted, `the pages' figures ${told} are not the load's ${wanted}`);
}

/** Each stored row is the good row of its page and place; each good row's key is stored. */
async function checkRows(warehouse: Warehouse, load: LandedLoad, pages: readonly TakenPage[]): Promise<void> {
  const { stream, load_id } = load;
  const good = new Map<string, Row>();
  for (const { page, judged } of pages) {
    const sha256 = sha256Of(page.body);
    for (const [offset, row] of goodRows(stream, judged)) good.set(`${sha256} ${offset}`, row);
  }
  const stored = await storedRows(warehouse, stream, `load_id = ${load_id} AND page_offset IS NOT NULL`);
  want(stored.length === load.rows_loaded, `${stored.length} rows stored, want ${load.rows_loaded}`);
  for (const row of stored) {
    const from = good.get(`${row.page_sha256} ${row.page_offset}`);
    for (const column of stream.columns) {
      const [got, wanted] = [
        row[column.name] ?? null,
        storedText(stream, column, from?.[column.name] ?? null),
      ];
      want(got === wanted, `${column.name} stored as ${got}, want ${wanted}`);
    }
  }
  await checkJson(warehouse, stream);
  await checkKeys(warehouse, stream, [...good.values()]);
}

/** The models read parts of these: one that DuckDB cannot read would fail the whole night. */
async function checkJson(warehouse: Warehouse, stream: Stream): Promise<void> {
  for (const { name } of stream.columns.filter(({ type }) => type === 'json')) {
    const bad = await warehouse.query(
      `SELECT ${name} AS text FROM raw.${rawTable(stream)} WHERE NOT json_valid(${name})`,
    );
    want(bad.length === 0, `${name} stored as JSON that cannot be read: ${bad[0]?.text?.slice(0, 300)}`);
  }
}

/** Rows of a raw table as texts. The binding drops a byte order mark that begins a text: hence the sign before it. */
async function storedRows(warehouse: Warehouse, stream: Stream, where: string): Promise<readonly Row[]> {
  const texts = stream.columns.map(({ name }) => `'=' || "${name}"::VARCHAR AS "${name}"`);
  const rows = await warehouse.query(
    `SELECT page_sha256, page_offset, ${texts.join(', ')} FROM raw.${rawTable(stream)} WHERE ${where}`,
  );
  return rows.map((row) => {
    const values = stream.columns.map(({ name }) => [name, row[name]?.slice(1) ?? null]);
    return { ...row, ...Object.fromEntries(values) };
  });
}

/** A row that is not stored itself is equal to one that is (its key, or a reading's revision), or in quarantine. */
async function checkKeys(warehouse: Warehouse, stream: Stream, good: readonly Row[]): Promise<void> {
  const stored = await storedRows(warehouse, stream, 'true');
  const refused = await warehouse.query(
    `SELECT row_text FROM ops.quarantine WHERE ${entriesOf(stream)}
     AND (reason LIKE '%delivered before%' OR reason LIKE 'cannot be stored%')`,
  );
  const rows = [...stored, ...refused.map(({ row_text }) => JSON.parse(row_text ?? '') as Row)];
  const held = new Set(rows.flatMap((row) => identitiesOf(stream, row)));
  const lost = good.find((row) => !identitiesOf(stream, row).some((identity) => held.has(identity)));
  want(lost === undefined, `a good row neither stored nor refused: ${JSON.stringify(lost)}`);
}

const entriesOf = ({ source, name }: Stream) => `source = '${source}' AND stream = '${name}'`;

function identitiesOf(stream: Stream, row: Row): readonly string[] {
  const key = JSON.stringify(stream.key.map((column) => row[column]));
  if (stream.kind !== 'revisions') return [key];
  const { cluster_id, dimension, hour, revision } = row;
  return [key, JSON.stringify([cluster_id, dimension, hour?.slice(0, 13), String(revision)])];
}

/** Each refused row is in quarantine with its reason and its text. */
async function checkRefused(
  warehouse: Warehouse,
  stream: Stream,
  pages: readonly TakenPage[],
): Promise<void> {
  const entries = await warehouse.query(
    `SELECT row_sha256, reason, sha256(row_text) = row_sha256 AS is_whole FROM ops.quarantine WHERE ${entriesOf(stream)}`,
  );
  want(!entries.some(({ is_whole }) => is_whole !== 'true'), 'a quarantined row that was cut or changed');
  const held = new Set(entries.map(({ row_sha256, reason }) => `${row_sha256} ${reason}`));
  for (const { judged } of pages)
    for (const { row, reason } of judged.parsed.rejected)
      want(
        held.has(`${sha256Of(row.toWellFormed())} ${reason}`),
        `a refused row not in quarantine: ${row.slice(0, 200)}`,
      );
}

function goodRows({ columns }: Stream, { parsed }: Judged): readonly (readonly [number, Row])[] {
  return parsed.offsets.map((offset, row) => [
    offset,
    Object.fromEntries(columns.map(({ name }, column) => [name, parsed.columns[column]?.[row] ?? null])),
  ]);
}

/** Readings keep these as received. */
const AS_RECEIVED = ['hour', 'quantity', 'recorded_at'];

/** How DuckDB shows the value that a text stands for. */
function storedText({ kind }: Stream, { name, type }: Column, text: string | null): string | null {
  if (text === null || (kind === 'revisions' && AS_RECEIVED.includes(name))) return text;
  if (type === 'integer') return String(BigInt(text));
  if (type === 'timestamp') {
    const [, date = '', time = '', fraction = ''] = /^(.{10})T(.{8})(?:\.(\d{1,6}))?/.exec(text) ?? [];
    const shown = fraction.replace(/0+$/, '');
    return `${date} ${time}${shown === '' ? '' : `.${shown}`}`;
  }
  if (type !== 'decimal') return text;
  const [, sign = '', whole = '', fraction = ''] = /^(-?)0*(\d+?)(?:\.(\d+))?$/.exec(text) ?? [];
  return `${sign}${whole}.${fraction.padEnd(9, '0')}`;
}
