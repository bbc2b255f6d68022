import { Command, CommanderError } from 'commander';
import { programVersion } from '../pipelines/version.ts';
import { addCommands } from './commands.ts';
import type { Context } from './context.ts';
import { EXIT, exitCode, explain } from './exit.ts';
import { createOutput, type Output } from './output.ts';

/** Runs the command line; gives the exit code. Every failure has been told by then. */
export async function main(argv: readonly string[]): Promise<number> {
  const json = argv.includes('--json');
  const level = argv.includes('--verbose') ? 'debug' : 'info';
  const output = createOutput({ json, tty: process.stderr.isTTY === true, level });
  const abort = new AbortController();
  const stop = () => abort.abort(new Error('stopped by a signal'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    return await parse(argv, (configFile) => ({ configFile, json, output, signal: abort.signal }));
  } catch (error) {
    return tell(error, json, output);
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}

async function parse(
  argv: readonly string[],
  context: (configFile: string | null) => Context,
): Promise<number> {
  let code: number = EXIT.done;
  const program = new Command('meterline')
    .description('From the meter to the workbook, every night, with proof.')
    .version(programVersion())
    .enablePositionalOptions(false)
    .showSuggestionAfterError()
    .exitOverride();
  addCommands(program, async (work) => {
    code = await work((options: { config?: string }) => context(options.config ?? null));
  });
  await program.parseAsync([...argv], { from: 'user' });
  return code;
}

function tell(error: unknown, json: boolean, output: Output): number {
  // Commander has printed its own message, with the right spelling where one is near.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const code = exitCode(error);
  output.fail(explain(error), { exit_code: code });
  if (json) {
    const message = error instanceof Error ? error.message : String(error);
    output.print(JSON.stringify({ error: { message }, exit_code: code }));
  }
  return code;
}
