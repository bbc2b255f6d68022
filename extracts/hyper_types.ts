/** A column type that a Tableau extract can hold. `numeric(p,s)` is exact up to 38 digits. */
export type HyperType =
  | 'text'
  | 'boolean'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'smallint'
  | 'integer'
  | 'bigint'
  | 'double precision'
  | `numeric(${number},${number})`;

/** How Tableau sees a Hyper column: its data type, the OLE DB code in metadata records, and the usual use. */
export interface TableauType {
  readonly datatype: 'string' | 'boolean' | 'date' | 'datetime' | 'integer' | 'real';
  readonly remoteType: number;
  readonly aggregation: 'Count' | 'Year' | 'Sum';
  readonly role: 'dimension' | 'measure';
  readonly fieldType: 'nominal' | 'ordinal' | 'quantitative';
}

const MEASURE = { aggregation: 'Sum', role: 'measure', fieldType: 'quantitative' } as const;
const MOMENT = { aggregation: 'Year', role: 'dimension', fieldType: 'ordinal' } as const;
const LABEL = { aggregation: 'Count', role: 'dimension', fieldType: 'nominal' } as const;

/** The Tableau type of a Hyper type, with the OLE DB codes that Tableau itself writes for Hyper sources. */
export function tableauType(type: HyperType): TableauType {
  switch (type) {
    case 'text':
      return { datatype: 'string', remoteType: 129, ...LABEL };
    case 'boolean':
      return { datatype: 'boolean', remoteType: 11, ...LABEL };
    case 'date':
      return { datatype: 'date', remoteType: 133, ...MOMENT };
    case 'timestamp':
    case 'timestamptz':
      return { datatype: 'datetime', remoteType: 135, ...MOMENT };
    case 'smallint':
      return { datatype: 'integer', remoteType: 2, ...MEASURE };
    case 'integer':
      return { datatype: 'integer', remoteType: 3, ...MEASURE };
    case 'bigint':
      return { datatype: 'integer', remoteType: 20, ...MEASURE };
    case 'double precision':
      return { datatype: 'real', remoteType: 5, ...MEASURE };
    default:
      return { datatype: 'real', remoteType: 131, ...MEASURE };
  }
}

/** True for types whose sum is exact in both engines: integers and decimals. */
export function isExactNumber(type: HyperType): boolean {
  return type === 'smallint' || type === 'integer' || type === 'bigint' || type.startsWith('numeric(');
}
