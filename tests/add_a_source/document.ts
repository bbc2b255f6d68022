import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** One step of the document: a file that is new, or a change to one that is there. */
export interface Step {
  readonly file: string;
  readonly kind: 'new file' | 'change';
  readonly text: string;
}

/** A fence with its text; the closing fence is as long as the opening one. */
const FENCE = /^(`{3,})(\w*)([^\n`]*)\n(.*?)^\1$/gms;

/** The fenced blocks of a page that name a file (```` ```ts file=a/b.ts ````); ```` ```diff ```` is a change. */
export function stepsOf(markdown: string): readonly Step[] {
  return [...markdown.matchAll(FENCE)].flatMap(([, , language, info = '', text = '']) => {
    const file = /^ file=(\S+)$/.exec(info)?.[1];
    if (file === undefined) return [];
    return [{ file, kind: language === 'diff' ? ('change' as const) : ('new file' as const), text }];
  });
}

/**
 * Takes a step in a project.
 * @throws Error for a new file that is there already, and a change whose lines are not there exactly once
 */
export function take(root: string, { file, kind, text }: Step): void {
  const path = join(root, file);
  if (kind === 'new file') {
    if (existsSync(path)) throw new Error(`docs: ${file}: got a file that is there, want a new one`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return;
  }
  const lines = text.split('\n').filter((line) => line !== '');
  const wrong = lines.find((line) => !/^[ +-]/.test(line));
  if (wrong !== undefined)
    throw new Error(`docs: ${file}: got the line "${wrong}", want ' ', '+' or '-' before it`);
  const side = (not: string) => lines.filter((line) => !line.startsWith(not)).map((line) => line.slice(1));
  const before = side('+');
  const held = readFileSync(path, 'utf8').split('\n');
  const places = held.keys().filter((at) => before.every((line, n) => held[at + n] === line));
  const [place, another] = [...places];
  if (place === undefined || another !== undefined) {
    const times = place === undefined ? 'nowhere' : 'more than once';
    throw new Error(
      `docs: ${file}: got its lines ${times}, want them once; the page is out of date:\n${text}`,
    );
  }
  writeFileSync(path, held.toSpliced(place, before.length, ...side('-')).join('\n'));
}
