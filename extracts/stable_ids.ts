import { createHash } from 'node:crypto';

// Identities that follow from names: the same content gives the same file, byte for byte, every night.

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A UUID in braces and capitals, as Tableau writes them, that follows from the text. */
export function stableUuid(text: string): string {
  const hex = digest(text).toUpperCase();
  return `{${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}}`;
}

/** 28 lower-case letters and digits that follow from the text: the tail of a data source or connection name. */
export function stableName(text: string): string {
  return BigInt(`0x${digest(text)}`)
    .toString(36)
    .padStart(28, '0')
    .slice(-28);
}

/** The id of a logical table: its name and 32 capital hexadecimal digits. */
export function stableObjectId(dataSource: string, table: string): string {
  return `${table}_${digest(`${dataSource}\n${table}`).slice(0, 32).toUpperCase()}`;
}
