import type { DbtEvent } from './events.ts';

/** Where a dbt project lies and how it is run. Relative paths are taken from the current directory. */
export interface DbtProject {
  /** The Python of the virtual environment that dbt-core and its adapter are installed in. A bare name is looked up in PATH. */
  readonly python: string;
  /** Folder with `dbt_project.yml`; dbt runs with it as its current directory. */
  readonly projectDir: string;
  /** Folder with `profiles.yml`. */
  readonly profilesDir: string;
  /** Name of an output in the profile. */
  readonly target: string;
  /** Folder for artefacts and the partial-parse state: one per target and never two runs at a time. */
  readonly targetPath: string;
  /** Folder for `dbt.log` (warnings and errors); `logs` below `targetPath` when not given. */
  readonly logPath?: string;
  /** Added to the inherited environment; secrets belong here, as `DBT_ENV_SECRET_…`, which dbt masks in its logs. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What every command takes. */
export interface DbtParseCall {
  /** Project variables. Visible to other users in the process list: no secrets. */
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly threads?: number;
  /** False parses everything anew; by default dbt reuses what it parsed before in the same `targetPath`. */
  readonly partialParse?: boolean;
  /** Cancels: dbt is interrupted, and killed when it is still there after `graceMs`. */
  readonly signal?: AbortSignal;
  /** Whole duration of the call, in milliseconds, start of Python (about two seconds) included. */
  readonly timeoutMs?: number;
  /** How long dbt may take to cancel its queries and close its connections before it is killed; 10 000 ms. */
  readonly graceMs?: number;
  /** Called in the order of dbt's log, while dbt runs. If it throws, dbt is stopped and the call rejects with that. */
  readonly onEvent?: (event: DbtEvent) => void;
}

/** For commands that work on a selection of nodes. */
export interface DbtSelectCall extends DbtParseCall {
  /** dbt selectors (`my_model+`, `tag:nightly`), any of which may match. Absent: all nodes. Empty is refused. */
  readonly select?: readonly string[];
  readonly exclude?: readonly string[];
  /** Which tests of a selected or excluded model go with it; dbt's default is `eager`. `empty`: none. */
  readonly indirectSelection?: 'eager' | 'cautious' | 'buildable' | 'empty';
  /** Stop at the first error or failed test; what did not run counts as skipped. */
  readonly failFast?: boolean;
}

/** For commands that can rebuild incremental models and seeds from nothing. */
export interface DbtCall extends DbtSelectCall {
  readonly fullRefresh?: boolean;
}

/** For the documentation site. */
export interface DbtDocsCall extends DbtSelectCall {
  /** Also writes the site as one file that needs no server, `static_index.html` in the target folder. */
  readonly staticPage?: boolean;
}
