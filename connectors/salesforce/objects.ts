import { SALESFORCE_OBJECTS, type SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { SourceError } from '../source.ts';
import type { SalesforceConfig } from './salesforce_config.ts';

/**
 * The objects read, with the fields of this organisation in the place of the default ones; `fields` lacks the columns
 * that are not read.
 * @throws SourceError for an object or column that is not there, and for a column that must be read
 */
export function mappedObjects(config: Pick<SalesforceConfig, 'objects'>): readonly SalesforceObjectSpec[] {
  const mapping = config.objects ?? {};
  const names = SALESFORCE_OBJECTS.map((spec) => spec.object);
  for (const name of Object.keys(mapping)) {
    if (!names.includes(name)) throw mappingError(`object ${name}`, names);
  }
  return SALESFORCE_OBJECTS.filter(({ object }) => mapping[object]?.read !== false).map((spec) => ({
    ...spec,
    fields: mappedFields(spec, mapping[spec.object]?.columns ?? {}),
  }));
}

function mappedFields(
  { object, fields, stream }: SalesforceObjectSpec,
  columns: Readonly<Record<string, string | null>>,
): Readonly<Record<string, string>> {
  for (const [column, field] of Object.entries(columns)) {
    if (!Object.hasOwn(fields, column))
      throw mappingError(`column ${column} of ${object}`, Object.keys(fields));
    const nullable = stream.columns.filter((each) => each.nullable).map(({ name }) => name);
    if (field === null && !nullable.includes(column))
      throw unreadError(`column ${column} of ${object}`, nullable);
  }
  const mapped = Object.entries({ ...fields, ...columns });
  return Object.fromEntries(mapped.flatMap(([column, field]) => (field === null ? [] : [[column, field]])));
}

function unreadError(what: string, nullable: readonly string[]): SourceError {
  return configError(`${what}: got null, want a field: only ${nullable.join(', ')} may be left out`);
}

function mappingError(what: string, known: readonly string[]): SourceError {
  return configError(`${what}: got an unknown name, want one of ${known.join(', ')}`);
}

function configError(what: string): SourceError {
  return new SourceError(`connectors: salesforce: mapping of ${what}`, {
    failure: 'config',
    source: 'salesforce',
    stream: null,
    next_step: 'correct sources.salesforce.objects in the configuration',
  });
}
