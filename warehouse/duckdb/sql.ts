/** An SQL identifier, quoted. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** An SQL string literal, for names of our own and paths; values of the outside go in as parameters. */
export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** A comma-separated list. */
export function list(parts: readonly string[]): string {
  return parts.join(', ');
}

/** The condition of a join on columns that are never null. */
export function equalOn(columns: readonly string[], left: string, right: string): string {
  return columns
    .map(identifier)
    .map((column) => `${left}.${column} = ${right}.${column}`)
    .join(' AND ');
}
