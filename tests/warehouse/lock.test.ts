import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LockedError } from '../../schemas/errors.ts';
import { acquireRunLock } from '../../warehouse/lock.ts';
import { kill, said, startChild } from './child.ts';

describe('the run lock', () => {
  let directory: string;
  let child: ChildProcess | null = null;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'meterline-lock-'));
  });
  afterEach(async () => {
    if (child !== null) await kill(child);
    child = null;
    await rm(directory, { recursive: true, force: true });
  });

  it('is held by one process at a time, and gone when that is killed', async () => {
    child = startChild('hold_lock.ts', [directory]);
    await said(child, 'held');
    const refused = await acquireRunLock(directory).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(LockedError);
    expect(String(refused)).toContain(`held by process ${child.pid}, since 2026-11-23T02:30:00.000Z`);
    await kill(child);
    const lock = await acquireRunLock(directory);
    lock.release();
  });

  it('is refused to a second run of the same process, and free once released', async () => {
    const lock = await acquireRunLock(directory);
    await expect(acquireRunLock(join(directory, '.'))).rejects.toThrow(LockedError);
    lock.release();
    const next = await acquireRunLock(directory);
    next.release();
  });

  it('keeps another process out while this one holds it', async () => {
    const lock = await acquireRunLock(directory);
    await expect(acquireRunLock(directory)).rejects.toThrow(LockedError);
    child = startChild('try_lock.ts', [directory]);
    await said(child, 'LockedError');
    lock.release();
    child = startChild('try_lock.ts', [directory]);
    await said(child, 'free');
  });
});
