import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { SourceError } from '../source.ts';
import { type DescribedField, describedFields } from './describe.ts';
import type { Session } from './session.ts';

/** A field to select, its column, and whether that may be null. */
export interface SelectedField extends DescribedField {
  readonly column: string;
  readonly nullable: boolean;
}

/**
 * The fields to select, in the order of the columns: those that are read and that describe shows. A field that is not there fails
 * the read, or with `alert` is left out with a warning where its column may be null.
 * @throws SourceError for a field that vanished
 */
export async function selectedFields(
  session: Session,
  spec: SalesforceObjectSpec,
  signal: AbortSignal | undefined,
): Promise<readonly SelectedField[]> {
  const visible = await describedFields(session, { object: spec.object, stream: spec.stream.name, signal });
  const selected: SelectedField[] = [];
  for (const { name, nullable } of spec.stream.columns) {
    const field = spec.fields[name];
    if (field === undefined) continue;
    const described = visible.get(field);
    if (described !== undefined) selected.push({ ...described, column: name, nullable });
    else reportVanished(session, spec, field, nullable);
  }
  return selected;
}

function reportVanished(
  session: Session,
  spec: SalesforceObjectSpec,
  field: string,
  nullable: boolean,
): void {
  const what = `connectors: salesforce ${spec.stream.name}: field ${spec.object}.${field}`;
  if (session.settings.on_vanished_field === 'alert' && nullable) {
    session.context.env.log('warn', `${what}: not in describe, its column is null`, {
      source: 'salesforce',
      stream: spec.stream.name,
      field,
    });
    return;
  }
  throw new SourceError(`${what}: got no such field in describe, want it visible to this user`, {
    failure: 'config',
    source: 'salesforce',
    stream: spec.stream.name,
    next_step: nullable
      ? 'give the user access to the field, map its column in sources.salesforce.objects, or set on_vanished_field: alert'
      : 'give the user access to the field, or map its column in sources.salesforce.objects; the column cannot be null',
  });
}
