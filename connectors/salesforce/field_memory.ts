import { z } from 'zod';
import type { SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { SourceError } from '../source.ts';
import type { SelectedField } from './fields.ts';
import { countRecords } from './rest_query.ts';
import type { Session } from './session.ts';
import type { StateFolder } from './state_folder.ts';

/** Field → what the last committed read knew of it. `has_values` is null where nobody could ask. */
const MEMORY = z.record(
  z.string(),
  z.object({ type: z.string().nullable(), has_values: z.boolean().nullable() }),
);
type FieldMemory = z.infer<typeof MEMORY>;

/** What a read must know of its fields. */
export interface FieldFindings {
  /** Fields that are to be read of every record, since no change of it shows their values. */
  readonly everywhere: readonly SelectedField[];
  /** Why, for the log. */
  readonly why: string;
  /** To be remembered once the read is committed. */
  readonly memory: FieldMemory;
}

/** The object whose fields are compared. `refresh`: the schedule asks for what SystemModstamp does not show. */
interface Compared {
  readonly session: Session;
  readonly folder: StateFolder;
  readonly spec: SalesforceObjectSpec;
  readonly fields: readonly SelectedField[];
  readonly refresh: boolean;
  readonly signal: AbortSignal | undefined;
}

function fileOf(stream: string): string {
  return `${stream}.fields.json`;
}

/** Remembers the fields of a committed read. */
export async function rememberFields(
  folder: StateFolder,
  stream: string,
  memory: FieldMemory,
): Promise<void> {
  await folder.write(fileOf(stream), memory);
}

/**
 * Compares the fields with those of the last committed read: a field whose values are all gone fails the night (or
 * with `alert` is warned of), a change of type is warned of, and a field that is new, or calculated when the schedule
 * asks, is to be read of every record.
 * @throws SourceError for a field that turned all-null
 */
export async function compareFields(compared: Compared): Promise<FieldFindings> {
  const { folder, spec, fields, refresh } = compared;
  const before = await folder.read(fileOf(spec.stream.name), MEMORY);
  const memory: FieldMemory = {};
  const added: SelectedField[] = [];
  for (const field of fields) {
    const known = before?.[field.name];
    if (before !== null && known === undefined) added.push(field);
    if (known !== undefined) reportType(compared, field, known.type);
    const had = known?.has_values ?? null;
    // A field that had no values is looked at again only on the schedule: that query has to read every record.
    const has_values = had === false && !refresh ? had : await hasValues(compared, field);
    if (had === true && has_values === false) await reportEmptied(compared, field);
    memory[field.name] = { type: field.type, has_values };
  }
  const calculated = fields.filter((field) => refresh && field.calculated && !added.includes(field));
  const names = (some: readonly SelectedField[]) => some.map(({ name }) => name).join(', ');
  const reasons = [
    ...(added.length > 0 ? [`newly selected ${names(added)}`] : []),
    ...(calculated.length > 0 ? [`calculated ${names(calculated)}`] : []),
  ];
  return { everywhere: [...added, ...calculated], why: reasons.join('; '), memory };
}

/** One record is enough of an answer; a column that cannot be null needs none. */
async function hasValues(compared: Compared, field: SelectedField): Promise<boolean | null> {
  if (!field.nullable) return true;
  if (!field.filterable) return null;
  return anyRecord(compared, ` WHERE ${field.name} != null`);
}

async function anyRecord({ session, spec, signal }: Compared, where: string): Promise<boolean> {
  const query = `SELECT Id FROM ${spec.object}${where} LIMIT 1`;
  return (await countRecords(session, { stream: spec.stream, query, signal })) > 0;
}

function reportType({ session, spec }: Compared, field: SelectedField, before: string | null): void {
  if (before === null || field.type === null || before === field.type) return;
  session.context.env.log(
    'warn',
    `connectors: salesforce ${spec.stream.name}: field ${spec.object}.${field.name}: type ${before} has become ${field.type}; values that no longer fit their column are quarantined`,
    { source: 'salesforce', stream: spec.stream.name, field: field.name },
  );
}

/** An object whose records are all gone has no emptied field. */
async function reportEmptied(compared: Compared, field: SelectedField): Promise<void> {
  const { session, spec } = compared;
  if (!(await anyRecord(compared, ''))) return;
  const what = `connectors: salesforce ${spec.stream.name}: field ${spec.object}.${field.name}`;
  if (session.settings.on_vanished_field === 'alert') {
    session.context.env.log('warn', `${what}: null in every record, it had values before`, {
      source: 'salesforce',
      stream: spec.stream.name,
      field: field.name,
    });
    return;
  }
  throw new SourceError(
    `${what}: got null in every record, want values as before; nothing of this read was kept`,
    {
      failure: 'contract',
      source: 'salesforce',
      stream: spec.stream.name,
      next_step:
        'find out who emptied the field, or what hides its values from this user; if they are to be gone, run once with on_vanished_field: alert',
    },
  );
}
