import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A new folder below the system's temporary one. The caller removes it, or `scratchForTest` does. */
export function scratch(): string {
  return mkdtempSync(join(tmpdir(), 'meterline-'));
}

/** A folder that goes when the running test ends. */
export function scratchForTest(): string {
  const folder = scratch();
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
