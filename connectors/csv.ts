import { parse } from 'csv-parse/sync';
import { BodyError, utf8Text } from './json_body.ts';

/**
 * The records of a CSV body (RFC 4180, UTF-8), each a list of texts just as they stand: "NA" stays "NA", quoted line
 * ends stay.
 * @throws BodyError when a quote is not closed, or stands where none may
 */
export function csvRecords(body: Buffer): readonly (readonly string[])[] {
  return read(body);
}

/** The fields of the first line; none of an empty body. */
export function headerLine(body: Buffer): readonly string[] {
  const end = body.indexOf(0x0a);
  const line = end === -1 ? body : body.subarray(0, body[end - 1] === 0x0d ? end - 1 : end);
  return read(line)[0] ?? [];
}

function read(body: Buffer): readonly (readonly string[])[] {
  const text = utf8Text(body);
  try {
    return parse(text, { bom: true, relax_column_count: true, record_delimiter: ['\r\n', '\n'] });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new BodyError(`CSV that cannot be read (${why.slice(0, 200)})`, { cause: error });
  }
}
