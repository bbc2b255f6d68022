import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

let version: string | null = null;

/** The program's version, as in package.json. */
export function programVersion(): string {
  if (version === null) {
    const text = readFileSync(join(dirnameOfRoot(), 'package.json'), 'utf8');
    version = z.object({ version: z.string() }).parse(JSON.parse(text)).version;
  }
  return version;
}

function dirnameOfRoot(): string {
  return join(import.meta.dirname, '..');
}
