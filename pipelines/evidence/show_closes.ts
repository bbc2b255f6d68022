import { DbtError, dbtBuild, describeFailures } from 'dbt-core-wrapper';
import { NightError } from '../../schemas/errors.ts';
import type { Night } from '../night.ts';
import { dbtProject, dbtVariables, forward } from '../transform.ts';
import { closeWarehouse, openWarehouse } from '../warehouse_access.ts';

/** What shows that a month is prepared, or closed. */
const SHOWN = {
  prepared: ['source:evidence.close_preparations+'],
  closed: [
    'source:evidence.close_preparations+',
    'source:evidence.period_closes+',
    'source:evidence.closed_lines+',
  ],
} as const;

/**
 * Rebuilds the models that show the status of months. Their tests are the next night's. The warehouse is closed meanwhile.
 * @throws NightError where one cannot be built; what was prepared or closed stays so
 */
export async function showCloses(night: Night, what: keyof typeof SHOWN): Promise<void> {
  night.env.onEvent({ kind: 'stage', stage: 'transform', detail: 'marts that show the close' });
  await closeWarehouse(night);
  try {
    const result = await dbtBuild(dbtProject(night), {
      select: [...SHOWN[what]],
      exclude: ['resource_type:test', 'resource_type:unit_test'],
      vars: dbtVariables(night),
      signal: night.env.signal,
      onEvent: (event) => forward(event, night),
    });
    if (!result.success) throw failed(what, describeFailures(result).join('\n    '));
  } catch (error) {
    throw error instanceof DbtError ? failed(what, error.message, error) : error;
  } finally {
    await openWarehouse(night);
  }
}

function failed(what: keyof typeof SHOWN, found: string, cause?: unknown): NightError {
  return new NightError(`pipelines: evidence close: got a model that failed, want none\n    ${found}`, {
    stage: 'transform',
    source: 'evidence close',
    next_step: `the month is ${what} and stays so; \`meterline run --only transform\` brings the marts up to it`,
    cause,
  });
}
