import { SALESFORCE_OBJECTS, type SalesforceObjectSpec } from '../../schemas/salesforce.ts';
import { SourceError } from '../source.ts';
import type { SalesforceConfig } from './salesforce_config.ts';

/**
 * The objects read, with the fields of this organisation in the place of the default ones.
 * @throws SourceError for an object or column that is not read
 */
export function mappedObjects(config: Pick<SalesforceConfig, 'objects'>): readonly SalesforceObjectSpec[] {
  const mapping = config.objects ?? {};
  const names = SALESFORCE_OBJECTS.map((spec) => spec.object);
  for (const name of Object.keys(mapping)) {
    if (!names.includes(name)) throw mappingError(`object ${name}`, names);
  }
  return SALESFORCE_OBJECTS.map((spec) => {
    const columns = mapping[spec.object]?.columns ?? {};
    for (const column of Object.keys(columns)) {
      if (!Object.hasOwn(spec.fields, column)) {
        throw mappingError(`column ${column} of ${spec.object}`, Object.keys(spec.fields));
      }
    }
    return { ...spec, fields: { ...spec.fields, ...columns } };
  });
}

function mappingError(what: string, known: readonly string[]): SourceError {
  return new SourceError(
    `connectors: salesforce: mapping of ${what}: got an unknown name, want one of ${known.join(', ')}`,
    {
      failure: 'config',
      source: 'salesforce',
      stream: null,
      next_step: 'correct sources.salesforce.objects in the configuration',
    },
  );
}
