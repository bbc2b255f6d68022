import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scratch } from '../support/scratch.ts';
import { stepsOf, take } from './document.ts';

let root = '';
const file = (name: string) => readFileSync(join(root, name), 'utf8');
const change = (text: string) => ({ file: 'a/list.ts', kind: 'change' as const, text });

beforeEach(() => {
  root = scratch();
  mkdirSync(join(root, 'a'));
  writeFileSync(join(root, 'a/list.ts'), 'one();\n  two();\nthree();\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

describe('the steps of a page', () => {
  test('are the blocks that name a file, in their order', () => {
    const page =
      'Do:\n\n```ts file=a/b.ts\nconst a = 1;\n```\n\n```sh\nnpm run check\n```\n\n```diff file=a/list.ts\n+x\n```\n';
    expect(stepsOf(page)).toEqual([
      { file: 'a/b.ts', kind: 'new file', text: 'const a = 1;\n' },
      { file: 'a/list.ts', kind: 'change', text: '+x\n' },
    ]);
  });

  test('write new files, and never over one that is there', () => {
    take(root, { file: 'b/c/new.ts', kind: 'new file', text: 'new();\n' });
    expect(file('b/c/new.ts')).toBe('new();\n');
    expect(() => take(root, { file: 'a/list.ts', kind: 'new file', text: '' })).toThrow(/want a new one/);
  });

  test('change whole lines', () => {
    take(root, change('   two();\n+  more();\n'));
    expect(file('a/list.ts')).toBe('one();\n  two();\n  more();\nthree();\n');
    take(root, change('-one();\n+first();\n'));
    expect(file('a/list.ts')).toBe('first();\n  two();\n  more();\nthree();\n');
  });

  test.each([
    ['lines that are not there', ' four();\n+x();\n', /got its lines nowhere/],
    ['a part of a line', ' two();\n+x();\n', /got its lines nowhere/],
    ['a line without its mark', 'one();\n', /want ' ', '\+' or '-'/],
  ])('refuse %s', (_, text, message) => {
    expect(() => take(root, change(text))).toThrow(message);
    expect(file('a/list.ts')).toBe('one();\n  two();\nthree();\n');
  });

  test('refuse lines that are there twice', () => {
    writeFileSync(join(root, 'a/list.ts'), 'one();\none();\n');
    expect(() => take(root, change(' one();\n+x();\n'))).toThrow(/got its lines more than once/);
  });
});
