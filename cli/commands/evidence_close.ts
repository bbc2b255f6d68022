import { approveClose, prepareClose } from '../../pipelines/evidence/close.ts';
import { firstDayOf } from '../../pipelines/months.ts';
import { isSetUp, programPaths } from '../../pipelines/paths.ts';
import { UsageError } from '../../schemas/errors.ts';
import { renderClose } from '../close_text.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';

interface CloseOptions {
  readonly by: string;
  readonly prepare?: true;
  readonly approve?: true;
  readonly accept?: string;
}

/** Prepares or approves the close of a month. @throws UsageError naming why it cannot be, before anything is touched */
export async function evidenceClose(context: Context, month: string, options: CloseOptions): Promise<number> {
  const { by, accept } = options;
  firstDayOf(month);
  if ((options.prepare === undefined) === (options.approve === undefined))
    throw new UsageError('evidence: close: got neither or both of --prepare and --approve, want one of them');
  if (accept !== undefined && options.approve === undefined)
    throw new UsageError(
      '--accept: got it with --prepare, want it with --approve: what is open is accepted then',
    );
  if (accept?.trim() === '') throw new UsageError('--accept: got an empty reason, want one');
  if (!isSetUp(programPaths()))
    throw new UsageError('the set-up is not done; run `npm run setup` (or `npm start`) first');
  const { config } = await configure(context, { start: false, now: null });
  const env = nightEnv(context);
  const report =
    options.prepare === true
      ? await prepareClose(config, { month, by }, env)
      : await approveClose(config, { month, by, accept: accept ?? null }, env);
  context.output.print(context.json ? JSON.stringify(report) : renderClose(report));
  return EXIT.done;
}

/** Refuses, always. @throws UsageError */
export async function evidenceReopen(_context: Context, month: string): Promise<number> {
  firstDayOf(month);
  throw new UsageError(
    `evidence: reopen ${month}: got a wish to reopen, want none; a closed month stays as it is and is corrected by adjustments only: load what is late or restated, and the difference posts in the month that is open then`,
  );
}
