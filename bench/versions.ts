import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cpus, loadavg, totalmem } from 'node:os';
import { version as duckdbVersion } from '@duckdb/node-api';
import { programVersion } from '../pipelines/version.ts';
import { PEER_PYTHON } from './contestants.ts';

/** What a result is measured on and with, one line each; to be asked before anything runs, for the load of others. */
export function surroundings(): readonly string[] {
  const [first] = cpus();
  return [
    `machine: ${cpus().length} cores (${first?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    `load average before the first run: ${(loadavg()[0] ?? 0).toFixed(1)}; much above zero, other work ran beside, and only rates per CPU second mean something`,
    `meterline ${programVersion()}, Node ${process.versions.node}, DuckDB ${duckdbVersion()} (Node binding)`,
    `peers: ${peerVersions().join(', ')}`,
  ];
}

const PEERS = ['dlt', 'pyarrow', 'duckdb', 'orjson', 'simple-salesforce'];

/** What the peers' environment really holds; that only names the interpreter where nothing was installed. */
function peerVersions(): readonly string[] {
  if (!existsSync(PEER_PYTHON)) return ['not installed'];
  const script = `import importlib.metadata as m, platform
print("Python", platform.python_version())
for name in ${JSON.stringify(PEERS)}: print(name, m.version(name))`;
  const { status, stdout, stderr } = spawnSync(PEER_PYTHON, ['-c', script], { encoding: 'utf8' });
  if (status !== 0)
    throw new Error(`bench: peers: got ${stderr}, want their versions; run npm run bench:load`);
  return stdout.trim().split('\n');
}
