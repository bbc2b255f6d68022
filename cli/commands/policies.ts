import { resolve } from 'node:path';
import { firstDayOf } from '../../pipelines/months.ts';
import { isSetUp, programPaths } from '../../pipelines/paths.ts';
import { loadPolicies } from '../../pipelines/policies.ts';
import { diffPolicies } from '../../pipelines/policy_diff.ts';
import { listPolicies } from '../../pipelines/policy_list.ts';
import { UsageError } from '../../schemas/errors.ts';
import { type Context, configure, nightEnv } from '../context.ts';
import { EXIT } from '../exit.ts';
import { renderPolicies, renderPolicyDiff } from '../policies_text.ts';

/**
 * Checks a folder of policies (by default the configured one) and says what was checked. @throws UsageError naming every
 * problem: exit 2, as for the run that would read them
 */
export async function policiesCheck(context: Context, folder: string | undefined): Promise<number> {
  const { config } = await configure(context, { start: false, now: null });
  const checked = folder === undefined ? config.policies : resolve(folder);
  const list = listPolicies(await loadPolicies(checked));
  const { print } = context.output;
  print(context.json ? JSON.stringify({ folder: checked, ...list }) : renderPolicies(checked, list));
  return EXIT.done;
}

/** Shows what policies `b` would do to a month's lines as against policies `a`; a difference is no failure. */
export async function policiesDiff(
  context: Context,
  a: string,
  b: string,
  given: { readonly month?: string },
): Promise<number> {
  const month = given.month ?? null;
  if (month !== null) firstDayOf(month, '--month');
  if (!isSetUp(programPaths()))
    throw new UsageError('the set-up is not done; run `npm run setup` (or `npm start`) first');
  const { config } = await configure(context, { start: false, now: null });
  const diff = await diffPolicies(config, { a, b, month }, nightEnv(context));
  context.output.print(context.json ? JSON.stringify(diff) : renderPolicyDiff(diff));
  return EXIT.done;
}
