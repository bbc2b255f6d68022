import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the parts of the installed program are; all absolute. */
export interface ProgramPaths {
  readonly root: string;
  readonly venv: string;
  readonly python: string;
  readonly models: string;
}

const windows = process.platform === 'win32';

/** The program's own folder and the Python environment that its set-up made. */
export function programPaths(): ProgramPaths {
  const root = dirname(import.meta.dirname);
  const venv = join(root, '.venv');
  const python = windows ? join(venv, 'Scripts', 'python.exe') : join(venv, 'bin', 'python');
  return { root, venv, python, models: join(root, 'models') };
}

/** True once the set-up has made the Python environment. */
export function isSetUp(paths: ProgramPaths): boolean {
  return existsSync(paths.python);
}

/** Where things are in a data directory. */
export interface DataPaths {
  readonly root: string;
  readonly warehouse: string;
  readonly temporary: string;
  readonly extracts: string;
  /** Tiles, checkpoints and verifier keys of the evidence log. */
  readonly evidence: string;
  readonly seeds: string;
  readonly dbtTarget: string;
  readonly dbtLogs: string;
  readonly status: string;
  /** What is kept between nights beside the warehouse; learnt anew where it is lost. */
  readonly state: string;
}

/** The layout below `data_dir`. */
export function dataPaths(dataDir: string): DataPaths {
  return {
    root: dataDir,
    warehouse: join(dataDir, 'warehouse.duckdb'),
    temporary: join(dataDir, 'tmp'),
    extracts: join(dataDir, 'extracts'),
    evidence: join(dataDir, 'evidence'),
    seeds: join(dataDir, 'seeds'),
    dbtTarget: join(dataDir, 'dbt', 'target'),
    dbtLogs: join(dataDir, 'dbt', 'logs'),
    status: join(dataDir, 'status'),
    state: join(dataDir, 'state'),
  };
}
