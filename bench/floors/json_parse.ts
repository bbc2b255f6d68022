import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nanoText, toNano } from '../../simulators/polaris/current_totals.ts';

// The least that a reader of JSON must do: node json_parse.ts <folder of pages> [<file for count and exact sum>].
// Without the file, which only the check asks for, it parses and counts.
const [folder = '', totals] = process.argv.slice(2);

interface Body {
  readonly data: readonly { readonly quantity: string }[];
}

let rows = 0;
let nano = 0n;
for (const name of readdirSync(folder)) {
  const { data } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Body;
  rows += data.length;
  if (totals !== undefined) for (const { quantity } of data) nano += toNano(quantity);
}
if (totals !== undefined) writeFileSync(totals, JSON.stringify({ rows, total: nanoText(nano) }));
