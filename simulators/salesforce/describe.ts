import type { FieldSpec, FieldType, ObjectSpec } from './objects.ts';

const SOAP_TYPES: Readonly<Partial<Record<FieldType, string>>> = {
  id: 'tns:ID',
  reference: 'tns:ID',
  boolean: 'xsd:boolean',
  int: 'xsd:int',
  double: 'xsd:double',
  currency: 'xsd:double',
  date: 'xsd:date',
  datetime: 'xsd:dateTime',
};

/** The answer to `GET …/sobjects/<object>/describe`; `hidden` is left out as if the user could not see it. */
export function describeObject(spec: ObjectSpec, version: string, hidden: string | null): object {
  const fields = spec.fields.filter((field) => field.name !== hidden).map(describeField);
  return { ...describeGlobal(spec, version), childRelationships: [], recordTypeInfos: [], fields };
}

/** One entry of the answer to `GET …/sobjects`. */
export function describeGlobal(spec: ObjectSpec, version: string): object {
  const base = `/services/data/v${version}/sobjects/${spec.name}`;
  return {
    name: spec.name,
    label: spec.name,
    labelPlural: `${spec.name}s`,
    keyPrefix: spec.keyPrefix,
    activateable: false,
    createable: false,
    custom: false,
    customSetting: false,
    deletable: false,
    deprecatedAndHidden: false,
    layoutable: true,
    mergeable: false,
    queryable: true,
    replicateable: true,
    retrieveable: true,
    searchable: true,
    triggerable: false,
    undeletable: false,
    updateable: false,
    urls: { sobject: base, describe: `${base}/describe`, rowTemplate: `${base}/{ID}` },
  };
}

function describeField(field: FieldSpec): object {
  const isNumber = field.type === 'double' || field.type === 'currency';
  return {
    name: field.name,
    label: field.name.replace(/__c$/, '').replaceAll('_', ' '),
    type: field.type,
    soapType: SOAP_TYPES[field.type] ?? 'xsd:string',
    length: field.length,
    byteLength: field.length * 3,
    precision: isNumber ? 18 : 0,
    scale: isNumber ? 2 : 0,
    digits: field.type === 'int' ? 9 : 0,
    nillable: field.nillable,
    calculated: field.calculated,
    custom: field.name.endsWith('__c'),
    referenceTo: field.referenceTo,
    relationshipName: field.type === 'reference' ? relationship(field.name) : null,
    picklistValues: [],
    aggregatable: true,
    autoNumber: false,
    caseSensitive: false,
    createable: false,
    updateable: false,
    defaultedOnCreate: field.type === 'boolean',
    deprecatedAndHidden: false,
    externalId: false,
    filterable: true,
    groupable: !isNumber,
    idLookup: field.type === 'id',
    nameField: field.name === 'Name',
    permissionable: field.nillable,
    sortable: true,
    unique: field.type === 'id',
  };
}

function relationship(name: string): string {
  return name.endsWith('__c') ? name.replace(/__c$/, '__r') : name.replace(/Id$/, '');
}
