import { type ThriftField, type ThriftValue, thriftStruct, writeVarint } from './thrift.ts';

/**
 * A column of a Parquet file. `values` are its values that are not null in PLAIN encoding: a text is its length (four
 * bytes, lowest first) and its UTF-8 bytes, an integer eight bytes (lowest first), a hash its bytes.
 */
export interface ParquetColumn {
  readonly name: string;
  readonly type: 'text' | 'int64' | 'hash';
  readonly values: Uint8Array;
  /**
   * Where values repeat: the different ones, in PLAIN encoding. `values` then has for each value its place among them,
   * two bytes, the lowest first.
   */
  readonly dictionary?: { readonly size: number; readonly values: Uint8Array };
  /** One bit a row, the lowest first: 1 where the row has a value; absent where every row has one. */
  readonly present?: Uint8Array;
}

/** Bytes of a `hash`: SHA-256. */
const HASH_BYTES = 32;

const PHYSICAL = { text: 6, int64: 2, hash: 7 } as const; // BYTE_ARRAY, INT64, FIXED_LEN_BYTE_ARRAY
const UTF8 = 0;
const REQUIRED = 0;
const OPTIONAL = 1;
const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;
const UNCOMPRESSED = 0;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
const MAGIC = Buffer.from('PAR1');

/**
 * The parts of a Parquet file of one row group, one uncompressed page of values a column, to be written one after the
 * other: what any Parquet reader takes, made with one copy of each value.
 * (github.com/apache/parquet-format: README, Encodings, parquet.thrift)
 */
export function parquetFile(rows: number, columns: readonly ParquetColumn[]): readonly Uint8Array[] {
  const parts: Uint8Array[] = [MAGIC];
  let offset = MAGIC.length;
  const chunks = columns.map((column): ThriftValue => {
    const at = offset;
    const put = (...added: readonly Uint8Array[]) => {
      parts.push(...added);
      for (const part of added) offset += part.length;
    };
    if (column.dictionary !== undefined) put(dictionaryHeader(column.dictionary), column.dictionary.values);
    const data = offset;
    const levels = column.present === undefined ? [] : [definitionLevels(rows, column.present)];
    const values = column.dictionary === undefined ? [column.values] : packedPlaces(column.values);
    const bytes = [...levels, ...values].reduce((sum, part) => sum + part.length, 0);
    put(
      pageHeader(rows, bytes, column.dictionary === undefined ? PLAIN : RLE_DICTIONARY),
      ...levels,
      ...values,
    );
    return columnChunk(column, rows, { start: at, data, end: offset });
  });
  const footer = thriftStruct(fileMetaData(rows, columns, chunks, offset));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  parts.push(footer, length, MAGIC);
  return parts;
}

/** Whether each row has a value: one run of packed bits, behind its length in bytes. */
function definitionLevels(rows: number, present: Uint8Array): Buffer {
  const groups = Math.ceil(rows / 8);
  const run: number[] = [];
  writeVarint(run, groups * 2 + 1);
  const levels = Buffer.alloc(4 + run.length + groups);
  levels.writeUInt32LE(run.length + groups);
  levels.set(run, 4);
  levels.set(present.subarray(0, groups), 4 + run.length);
  return levels;
}

/** Places of two bytes: one run of packed bits 16 wide, in groups of eight values. */
function packedPlaces(places: Uint8Array): readonly Uint8Array[] {
  const groups = Math.ceil(places.length / 16);
  const run: number[] = [16];
  writeVarint(run, groups * 2 + 1);
  return [Buffer.from(run), places, Buffer.alloc(groups * 16 - places.length)];
}

function dictionaryHeader({ size, values }: NonNullable<ParquetColumn['dictionary']>): Buffer {
  const dictionary: ThriftValue = {
    struct: [
      [1, { i32: size }],
      [2, { i32: PLAIN }],
    ],
  };
  return thriftStruct([
    [1, { i32: DICTIONARY_PAGE }],
    [2, { i32: values.length }],
    [3, { i32: values.length }],
    [7, dictionary],
  ]);
}

function pageHeader(rows: number, bytes: number, encoding: number): Buffer {
  const data: ThriftValue = {
    struct: [
      [1, { i32: rows }],
      [2, { i32: encoding }],
      [3, { i32: RLE }],
      [4, { i32: RLE }],
    ],
  };
  return thriftStruct([
    [1, { i32: DATA_PAGE }],
    [2, { i32: bytes }],
    [3, { i32: bytes }],
    [5, data],
  ]);
}

function columnChunk(
  column: ParquetColumn,
  rows: number,
  at: { readonly start: number; readonly data: number; readonly end: number },
): ThriftValue {
  const bytes = { i64: at.end - at.start };
  const encodings = [PLAIN, RLE, ...(column.dictionary === undefined ? [] : [RLE_DICTIONARY])];
  const meta: ThriftField[] = [
    [1, { i32: PHYSICAL[column.type] }],
    [2, { list: encodings.map((encoding) => ({ i32: encoding })) }],
    [3, { list: [{ text: column.name }] }],
    [4, { i32: UNCOMPRESSED }],
    [5, { i64: rows }],
    [6, bytes],
    [7, bytes],
    [9, { i64: at.data }],
  ];
  if (column.dictionary !== undefined) meta.push([11, { i64: at.start }]);
  return {
    struct: [
      [2, { i64: at.start }],
      [3, { struct: meta }],
    ],
  };
}

function fileMetaData(
  rows: number,
  columns: readonly ParquetColumn[],
  chunks: readonly ThriftValue[],
  bytes: number,
): readonly ThriftField[] {
  const root: ThriftValue = {
    struct: [
      [4, { text: 'rows' }],
      [5, { i32: columns.length }],
    ],
  };
  const group: ThriftValue = {
    struct: [
      [1, { list: chunks }],
      [2, { i64: bytes }],
      [3, { i64: rows }],
    ],
  };
  return [
    [1, { i32: 1 }],
    [2, { list: [root, ...columns.map(schemaElement)] }],
    [3, { i64: rows }],
    [4, { list: [group] }],
    [6, { text: 'meterline' }],
  ];
}

function schemaElement({ name, type, present }: ParquetColumn): ThriftValue {
  const fields: ThriftField[] = [[1, { i32: PHYSICAL[type] }]];
  if (type === 'hash') fields.push([2, { i32: HASH_BYTES }]);
  fields.push([3, { i32: present === undefined ? REQUIRED : OPTIONAL }], [4, { text: name }]);
  if (type === 'text') fields.push([6, { i32: UTF8 }]);
  return { struct: fields };
}
