import { createContext, Script } from 'node:vm';

const context = createContext({ work: () => undefined });
const script = new Script('work()');

/** Runs work that awaits nothing, and stops it when it takes too long: a timer could not. @throws Error then */
export function within<T>(milliseconds: number, work: () => T): T {
  let result: { readonly value: T } | null = null;
  context.work = () => {
    result = { value: work() };
  };
  script.runInContext(context, { timeout: milliseconds });
  if (result === null) throw new Error('test: work: got no result, want one');
  return (result as { readonly value: T }).value;
}
