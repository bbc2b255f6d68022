#!/usr/bin/env node
// The entry point. Called with the system's Node, it hands over to the pinned one, which runs TypeScript directly.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major] = process.versions.node.split('.').map(Number);

// glibc keeps much of what has been freed, a fifth of a night's memory; it reads these when a process starts.
const memory =
  process.platform === 'linux'
    ? { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '33554432', MALLOC_MMAP_THRESHOLD_: '4194304' }
    : {};
const isTuned = Object.keys(memory).every((name) => process.env[name] !== undefined);

if (major >= 24 && isTuned) {
  // A third of the time that a command takes to start is spent on TypeScript. Where the folder cannot be written, it is spent.
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(join(root, '.setup', 'compile'));
  // They are meant for this process, not for dbt or Hyper.
  for (const name of Object.keys(memory)) delete process.env[name];
  const { main } = await import('../cli/main.ts');
  process.exitCode = await main(process.argv.slice(2));
} else {
  const pinned =
    major >= 24
      ? process.execPath
      : join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(pinned)) {
    process.stderr.write(
      'meterline: the set-up is not done; run `npm run setup` (or `npm start`) in its folder first\n',
    );
    process.exit(2);
  }
  const child = spawn(
    pinned,
    [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)],
    {
      stdio: 'inherit',
      env: { ...memory, ...process.env },
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 128);
  });
}
