/** Where two values of plain data differ: one line `path: got …, want …` for each place, ten at most. */
export function differences(got: unknown, want: unknown): readonly string[] {
  return [...walk('', got, want)].slice(0, 10);
}

function* walk(path: string, got: unknown, want: unknown): Generator<string> {
  if (Object.is(got, want)) return;
  if (!isNested(got) || !isNested(want)) {
    yield `${path}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`;
    return;
  }
  for (const key of new Set([...Object.keys(got), ...Object.keys(want)]))
    yield* walk(`${path}/${key}`, Reflect.get(got, key), Reflect.get(want, key));
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
