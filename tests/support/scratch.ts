import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder below the system's temporary one. The caller removes it. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'meterline-'));
}
