import type { HyperType } from './hyper_types.ts';

/** A field as people see it. Every text comes from the dbt model's `description` and `meta`. */
interface FieldModel {
  readonly caption: string;
  readonly description: string;
  /** The folder of the data pane; null: none. */
  readonly folder: string | null;
  readonly role: 'dimension' | 'measure';
  /** Tableau's own notation, e.g. `n#,##0.0` or `p0.0%`; null: automatic. */
  readonly defaultFormat: string | null;
  /** How a measure is aggregated when dropped on a shelf; null: by type. */
  readonly defaultAggregation: 'Sum' | 'Avg' | 'Min' | 'Max' | 'Median' | null;
  readonly hidden: boolean;
}

/** One column of an extract table. */
export interface ColumnModel extends FieldModel {
  readonly name: string;
  readonly type: HyperType;
}

/** One table of the extract, named as in the .hyper file. */
export interface TableModel {
  readonly name: string;
  readonly caption: string;
  readonly description: string;
  readonly columns: readonly ColumnModel[];
}

/**
 * A field computed in Tableau. In `formula` a column stands as `{table.column}` and another calculated field as
 * `{name}`. `aggregate`: the formula aggregates itself (a ratio of sums), so that it re-weighs under filters.
 */
export interface CalculatedFieldModel extends FieldModel {
  readonly name: string;
  readonly formula: string;
  readonly datatype: 'string' | 'boolean' | 'date' | 'datetime' | 'integer' | 'real';
  readonly aggregate: boolean;
}

/** Rows of `fact` belong to one row of `dimension`: many to one, by equal values of the two columns. */
interface RelationshipModel {
  readonly fact: { readonly table: string; readonly column: string };
  readonly dimension: { readonly table: string; readonly column: string };
}

/** One data source: tables, relationships and calculated fields. The first table is the root of the relationships. */
export interface DataSourceModel {
  readonly name: string;
  readonly caption: string;
  readonly tables: readonly TableModel[];
  readonly relationships: readonly RelationshipModel[];
  readonly calculatedFields: readonly CalculatedFieldModel[];
}

/** Where a data source reads from: the extract in the same package, or the source published on a server. */
export type DataSourceConnection =
  | { readonly kind: 'extract'; readonly member: string }
  | {
      readonly kind: 'published';
      readonly serverUrl: string;
      /** The site's content URL; '' is the default site. */
      readonly site: string;
      readonly contentUrl: string;
    };

/** A column or calculated field, found by its reference. `local` is its name inside the data source, unbracketed. */
export type ResolvedField = {
  readonly local: string;
  readonly field: FieldModel;
  readonly datatype: CalculatedFieldModel['datatype'];
} & (
  | { readonly kind: 'column'; readonly table: TableModel; readonly column: ColumnModel }
  | { readonly kind: 'calculation'; readonly calculation: CalculatedFieldModel }
);
