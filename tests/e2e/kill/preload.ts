import child_process, { type ChildProcess } from 'node:child_process';
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import pg from 'pg';
import { pass, passing } from './pass.ts';
import { pathName, requestName, statementName } from './point_names.ts';

/*
 * Loaded before the program (`node --import`): wraps the outside world wherever something becomes visible, so that a
 * process can be killed exactly there. The program itself knows nothing of it.
 */

function watchFiles(): void {
  const { rename, writeFile, rm, open } = fs;
  const named = (what: string, path: unknown) => {
    const name = pathName(path);
    return name === null ? null : `${what} ${name}`;
  };
  fs.rename = (from, to) => passing(named('rename to', to), () => rename(from, to));
  fs.rm = (path, options) => passing(named('rm', path), () => rm(path, options));
  fs.writeFile = (...given: Parameters<typeof writeFile>) =>
    passing(named('write', given[0]), () => writeFile(...given));
  fs.open = async (...given: Parameters<typeof open>) => {
    const handle = await open(...given);
    const sync = handle.sync.bind(handle);
    handle.sync = () => passing(named('sync', given[0]), sync);
    return handle;
  };
}

function watchDuckDb(): void {
  const newest = new WeakMap<DuckDBConnection, string>(); // the statement that a COMMIT makes visible
  const { run } = DuckDBConnection.prototype;
  DuckDBConnection.prototype.run = function (sql, ...more) {
    const name = statementName(sql);
    if (name === 'BEGIN TRANSACTION') newest.delete(this);
    const whole = name === 'COMMIT' ? `COMMIT of ${newest.get(this) ?? 'nothing'}` : name;
    if (name !== null && name !== 'COMMIT') newest.set(this, name);
    return passing(whole, () => run.call(this, sql, ...more));
  };
  const paths = new WeakMap<DuckDBInstance, string>();
  const { create } = DuckDBInstance;
  const { closeSync } = DuckDBInstance.prototype;
  DuckDBInstance.create = async (path, options) => {
    const name = pathName(path);
    const instance = await passing(name === null ? null : `open ${name}`, () =>
      create.call(DuckDBInstance, path, options),
    );
    if (name !== null) paths.set(instance, name);
    return instance;
  };
  DuckDBInstance.prototype.closeSync = function () {
    const name = paths.get(this) ?? 'another';
    pass(`before close ${name}`);
    closeSync.call(this);
    pass(`after close ${name}`);
  };
}

function watchRequests(): void {
  const { fetch } = globalThis;
  globalThis.fetch = (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input);
    return passing(requestName(init?.method ?? 'GET', url), () => fetch(input, init));
  };
}

function watchProcesses(): void {
  const { spawn } = child_process;
  const watched = (...given: Parameters<typeof spawn>) => {
    const program = programOf(given);
    pass(`before spawn ${program}`);
    const child = spawn(...given);
    pass(`after spawn ${program}`);
    if (program === 'dbt') watchLines(child);
    child.once('exit', () => pass(`after exit ${program}`));
    return child;
  };
  child_process.spawn = watched as typeof spawn;
}

/** dbt is a script of Python's; the simulators of a demonstration are one of ours. */
function programOf([file, args]: Parameters<typeof child_process.spawn>): string {
  if (/hyperd(?:\.exe)?$/.test(file)) return 'hyperd';
  return String(args).includes('launch.py') ? 'dbt' : 'another program';
}

/** dbt says in JSON lines what it has done; each node that ended is a point. */
function watchLines(child: ChildProcess): void {
  let rest = '';
  child.stdout?.on('data', (chunk: Buffer | string) => {
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      pass('dbt line');
      const ended = /"node_finished_at": ?"[^"]+.*"unique_id": ?"((?:seed|model|test)\.[\w.]+)"/.exec(line);
      if (ended !== null) pass(`dbt finished ${ended[1]}`);
    }
  });
}

function watchHyper(): void {
  const { query } = pg.Client.prototype;
  // pg's own overloads take callbacks, too; extracts/ only awaits a text.
  const watched = function (this: pg.Client, sql: string) {
    const name = /^(?:CREATE \w+|INSERT INTO|SELECT|ATTACH|DETACH)(?:[^']*"Extract"\."(\w+)")?/.exec(sql);
    const what = name === null ? null : `hyper ${sql.split(/\s/, 1)[0]} ${name[1] ?? ''}`.trimEnd();
    return passing(what, () => Reflect.apply(query, this, [sql]));
  };
  pg.Client.prototype.query = watched as unknown as typeof query;
}

watchFiles();
watchDuckDb();
watchRequests();
watchProcesses();
watchHyper();
syncBuiltinESMExports();
