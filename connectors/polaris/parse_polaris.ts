import type { Page, ParsedPage, References, Rejected } from '../../schemas/page.ts';
import { READINGS } from '../../schemas/polaris.ts';
import type { Stream } from '../../schemas/streams.ts';
import { BodyError, jsonText, parseJson, parseJsonExact } from '../json_body.ts';
import { type Fault, parseRows, type RowRules, vanishedColumn } from '../rows.ts';
import { SourceError } from '../source.ts';
import { catalogueEnvelope, feedEnvelope, pageError } from './envelope.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The rows of a Polaris page.
 * @throws SourceError when its envelope is wrong, or a column is in no row of a catalogue's page
 */
export function parsePolaris(
  stream: Stream,
  page: Pick<Page, 'body' | 'url'>,
  references: References,
): ParsedPage {
  const { data } = stream.full ? catalogueEnvelope(stream, page) : feedEnvelope(stream, page);
  const parsed = parseRows(stream, data, {
    unknownFields: unknownFields(stream),
    text: exactText(page.body),
    ...(stream.name === READINGS.name
      ? { check: dimensionCheck(references), identify: identifyReading }
      : {}),
  });
  const vanished = stream.full ? vanishedColumn(parsed) : null;
  if (vanished === null) return parsed;
  throw pageError(stream, page, `${data.length} rows without ${vanished}`, 'its key in each row');
}

/** A row that fulfils its schema has every column, so more keys than columns mean unknown ones. */
function unknownFields(stream: Stream): RowRules['unknownFields'] {
  const known = new Set(stream.columns.map((column) => column.name));
  return (raw, accepted, found) => {
    let keys = 0;
    for (const _ in raw) keys += 1;
    if (accepted && keys === known.size) return;
    for (const key in raw) if (!known.has(key)) found(key);
  };
}

/** Rows as they were sent: the numbers of a refused row may be just what a double cannot hold. */
function exactText(body: Buffer): (offset: number) => string {
  let rows: readonly unknown[] | null = null;
  return (offset) => {
    rows ??= exactRows(body);
    return jsonText(rows[offset]);
  };
}

function exactRows(body: Buffer): readonly unknown[] {
  try {
    return (parseJsonExact(body) as { readonly data: readonly unknown[] }).data;
  } catch (error) {
    // The exact reader recurses: a page with a value nested too deeply for it is shown from the plain reader.
    if (error instanceof BodyError) return (parseJson(body) as { readonly data: readonly unknown[] }).data;
    throw error;
  }
}

/** A reading's dimension is in the catalogue, and its unit is the dimension's. */
function dimensionCheck(references: References): (row: Fields) => Fault | null {
  const catalogue = references.get('dimensions');
  if (catalogue === undefined) {
    throw new SourceError('connectors: polaris readings: got no dimensions, want the catalogue as loaded', {
      failure: 'contract',
      source: 'polaris',
      stream: READINGS.name,
      next_step: 'load the stream dimensions first',
    });
  }
  const units = new Map(catalogue.map((row) => [row.dimension, row.unit]));
  return ({ dimension, unit }) => {
    const want = units.get(String(dimension));
    if (want === undefined)
      return { column: 'dimension', value: dimension, reason: 'dimension not in the catalogue' };
    return want === unit
      ? null
      : { column: 'unit', value: unit, reason: `want the unit of its dimension, ${want}` };
  };
}

/** What a refused reading says of itself, where that can be read exactly. */
function identifyReading(raw: Fields): Pick<Rejected, 'cluster_id' | 'seq'> {
  const { cluster_id, seq } = raw;
  return {
    cluster_id: typeof cluster_id === 'string' && cluster_id !== '' ? cluster_id : null,
    seq: Number.isSafeInteger(seq) && (seq as number) >= 1 ? String(seq) : null,
  };
}
