/**
 * Thrift's compact protocol, as much of it as Parquet's metadata need: a struct is a list of fields by number, each
 * number larger than the one before.
 * (github.com/apache/thrift, doc/specs/thrift-compact-protocol.md)
 */
export type ThriftValue =
  | { readonly i32: number }
  | { readonly i64: number }
  | { readonly text: string }
  | { readonly struct: readonly ThriftField[] }
  | { readonly list: readonly ThriftValue[] };
export type ThriftField = readonly [number: number, value: ThriftValue];

const I32 = 5;
const I64 = 6;
const BINARY = 8;
const LIST = 9;
const STRUCT = 12;
const STOP = 0;

/** The bytes of a struct. Integers must be 0 to 2^52. */
export function thriftStruct(fields: readonly ThriftField[]): Buffer {
  const out: number[] = [];
  writeStruct(out, fields);
  return Buffer.from(out);
}

function writeStruct(out: number[], fields: readonly ThriftField[]): void {
  let last = 0;
  for (const [number, value] of fields) {
    out.push(((number - last) << 4) | typeOf(value));
    writeValue(out, value);
    last = number;
  }
  out.push(STOP);
}

function typeOf(value: ThriftValue): number {
  if ('i32' in value) return I32;
  if ('i64' in value) return I64;
  if ('text' in value) return BINARY;
  return 'list' in value ? LIST : STRUCT;
}

function writeValue(out: number[], value: ThriftValue): void {
  if ('i32' in value) writeVarint(out, value.i32 * 2);
  else if ('i64' in value) writeVarint(out, value.i64 * 2);
  else if ('text' in value) {
    const bytes = Buffer.from(value.text, 'utf8');
    writeVarint(out, bytes.length);
    out.push(...bytes);
  } else if ('list' in value) {
    const [first] = value.list;
    const type = first === undefined ? STRUCT : typeOf(first);
    if (value.list.length < 15) out.push((value.list.length << 4) | type);
    else {
      out.push(0xf0 | type);
      writeVarint(out, value.list.length);
    }
    for (const each of value.list) writeValue(out, each);
  } else writeStruct(out, value.struct);
}

/** Seven bits a byte, the lowest first; division, since numbers may be larger than 32 bits. */
export function writeVarint(out: number[], value: number): void {
  let rest = value;
  while (rest > 0x7f) {
    out.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}
