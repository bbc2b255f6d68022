import { CONTROL_TOTALS, type ControlTotals, type HourRange } from '../../schemas/control_totals.ts';
import { READINGS } from '../../schemas/polaris.ts';
import { BodyError, parseJson } from '../json_body.ts';
import { pageError } from './envelope.ts';
import type { Session } from './session.ts';

const WANT = '{data: [{hour, dimension, readings, quantity}], as_of: time}, each hour and dimension once';

/**
 * What Polaris counts for a range of hours: number and sum of the current revisions, as it sees them at `as_of`.
 * @throws SourceError when the answer is no list of totals, or names an hour and dimension twice
 */
export async function controlTotals(
  session: Session,
  { from, to }: HourRange,
  signal: AbortSignal | undefined,
): Promise<ControlTotals> {
  const response = await session.get({
    path: '/v1/usage/control-totals',
    query: { from, to },
    expect: 'control totals',
    stream: READINGS.name,
    signal,
  });
  const parsed = CONTROL_TOTALS.safeParse(json(response));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw pageError(READINGS, response, `${issue?.path.join('.')}: ${issue?.message}`, WANT);
  }
  const seen = new Set<string>();
  for (const { hour, dimension } of parsed.data.data) {
    const cell = `${hour} ${dimension}`;
    if (seen.has(cell)) throw pageError(READINGS, response, `${cell} a second time`, WANT);
    seen.add(cell);
  }
  return parsed.data;
}

function json(response: { readonly body: Buffer; readonly url: string }): unknown {
  try {
    return parseJson(response.body);
  } catch (error) {
    if (!(error instanceof BodyError)) throw error;
    throw pageError(READINGS, response, error.message, WANT, error);
  }
}
