// Sets up everything that meterline needs, from the package registries, without root. Runs on the system's Node
// (>= 20.19, no TypeScript yet). Idempotent: when all is done it only compares two fingerprints. `--bench` also makes the
// environment of the benchmark's peers.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const windows = process.platform === 'win32';
const stamps = join(root, '.setup');
const OWN = { folder: '.venv', requirements: 'requirements.txt', stamp: 'python' };
const PEERS = { folder: 'bench/.venv', requirements: 'bench/requirements.txt', stamp: 'bench-python' };
const pythonOf = ({ folder }) =>
  windows ? join(root, folder, 'Scripts', 'python.exe') : join(root, folder, 'bin', 'python');
const pinnedNode = join(root, 'node_modules', 'node', 'bin', windows ? 'node.exe' : 'node');

/** Says one clear line and ends with the usage code. */
function stop(line) {
  process.stderr.write(`meterline set-up: ${line}\n`);
  process.exit(2);
}

const say = (line) => process.stderr.write(`meterline set-up: ${line}\n`);

function fingerprint(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part).update('\0');
  return hash.digest('hex');
}

const read = (name) => readFileSync(join(root, name));
const stampIs = (name, value) =>
  existsSync(join(stamps, name)) && readFileSync(join(stamps, name), 'utf8') === value;

function stamp(name, value) {
  mkdirSync(stamps, { recursive: true });
  writeFileSync(join(stamps, name), value);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    stop(`got Node ${process.versions.node}, want 20.19 or newer; install a newer Node and run again`);
  }
}

/** Runs a command; its output is shown only when it fails. */
function run(what, command, args, options = {}) {
  const result = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  if (result.status === 0) return result.stdout;
  const output = `${result.stdout ?? ''}${result.stderr ?? ''}`.trim().split('\n').slice(-25).join('\n');
  if (output !== '') process.stderr.write(`${output}\n`);
  const why = result.error ? result.error.message : `exit ${result.status ?? result.signal}`;
  return stop(`${what} failed (${why}); the lines above say why. Mend it and run the same command again`);
}

function installPackages() {
  const want = fingerprint(read('package.json'), read('package-lock.json'), process.platform, process.arch);
  if (
    stampIs('npm', want) &&
    existsSync(pinnedNode) &&
    existsSync(join(root, 'node_modules', '.package-lock.json'))
  )
    return;
  say('installing npm packages under the lock file …');
  // Called by npm, npm_execpath is npm's own script; else npm is looked for on the PATH.
  const cli = process.env.npm_execpath;
  const args = ['install', '--no-save', '--no-audit', '--no-fund', '--loglevel=error'];
  if (cli?.endsWith('.js')) run('npm install', process.execPath, [cli, ...args]);
  else run('npm install', 'npm', args, { shell: windows });
  // The npm package `node` brings its binary with an install script; where scripts are off, run that one by hand.
  if (!existsSync(pinnedNode)) {
    const script = join(root, 'node_modules', 'node', 'installArchSpecificPackage.js');
    run('installing the pinned Node', process.execPath, [script], { cwd: dirname(script) });
  }
  if (!existsSync(pinnedNode)) {
    stop(
      'the npm package "node" brought no binary; allow its install script (npm rebuild node) and run again',
    );
  }
  stamp('npm', want);
}

/** Version `3.x.y` of a Python command; null when it is absent or a shim that does not run. */
function pythonVersion(command) {
  const result = spawnSync(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'], {
    encoding: 'utf8',
  });
  return result.status === 0 ? result.stdout.trim() : null;
}

function findPython() {
  const seen = [];
  const names = [
    'python3.13',
    'python3.12',
    'python3.11',
    'python3.10',
    'python3',
    ...(windows ? ['python'] : []),
  ];
  for (const command of names) {
    const version = pythonVersion(command);
    if (version === null) continue;
    const [major, minor] = version.split('.').map(Number);
    if (major === 3 && minor >= 10 && minor <= 13) return { command, version };
    seen.push(`${command} ${version}`);
  }
  const got = seen.length === 0 ? 'no Python' : seen.join(', ');
  return stop(
    `got ${got}, want Python 3.10 to 3.13 as python3.13 … python3.10 or python3; install one and run again`,
  );
}

/** Makes a virtual environment; gives the command that is pip for it. */
function makeVenv(environment, python) {
  const venv = join(root, environment.folder);
  const venvPython = pythonOf(environment);
  rmSync(venv, { recursive: true, force: true });
  const hasPip = spawnSync(python.command, ['-c', 'import ensurepip']).status === 0;
  if (hasPip) {
    run('making the Python environment', python.command, ['-m', 'venv', venv]);
    return [venvPython, '-m', 'pip'];
  }
  // Debian splits ensurepip off. A pip that the system has can install into our environment.
  if (spawnSync(python.command, ['-m', 'pip', '--version']).status !== 0) {
    stop(
      `${python.command} has neither ensurepip nor pip; install python3-venv (or python3-pip) and run again`,
    );
  }
  run('making the Python environment', python.command, ['-m', 'venv', '--without-pip', venv]);
  return [python.command, '-m', 'pip', '--python', venvPython];
}

function installPython(environment) {
  const { folder, requirements } = environment;
  const wanted = fingerprint(read(requirements));
  if (stampIs(environment.stamp, wanted) && existsSync(pythonOf(environment))) return;
  const python = findPython();
  say(
    `making ${folder} with ${python.command} ${python.version} and installing its packages by hash (about a minute) …`,
  );
  const [command, ...args] = makeVenv(environment, python);
  const install = [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--no-input',
    '--require-hashes',
    // The lock is complete: a resolver could only find what was released since, and refuse it for want of a hash.
    '--no-deps',
    '--only-binary=:all:',
    '-r',
    requirements,
  ];
  run('pip install', command, [...args, ...install]);
  run('pip check', command, [...args, 'check']);
  stamp(environment.stamp, wanted);
}

checkNode();
const started = Date.now();
installPackages();
installPython(OWN);
if (process.argv.includes('--bench')) installPython(PEERS);
if (Date.now() - started > 2000) say(`done in ${Math.round((Date.now() - started) / 1000)} s`);
