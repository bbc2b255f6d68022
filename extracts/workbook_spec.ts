// A workbook as plain data: what is on which shelf. Names of fields are references as in `resolveFields`:
// `table.column` or the bare name of a calculated field.

/** How a field is used in a sheet; `as` absent: as it is (a dimension value, or a calculation that aggregates). */
export interface Pill {
  readonly field: string;
  readonly as?: Derivation;
  /** For a truncated date: headers instead of an axis, so that other discrete fields can nest inside. */
  readonly discrete?: true;
}

/** Aggregations of measures and parts of dates, by Tableau's own names. */
export const DERIVATIONS = {
  None: 'none',
  Sum: 'sum',
  Avg: 'avg',
  Min: 'min',
  Max: 'max',
  Median: 'med',
  Count: 'cnt',
  CountD: 'ctd',
  Attribute: 'attr',
  User: 'usr',
  Year: 'yr',
  Month: 'mn',
  'Year-Trunc': 'tyr',
  'Quarter-Trunc': 'tqr',
  'Month-Trunc': 'tmn',
  'Week-Trunc': 'twk',
  'Day-Trunc': 'tdy',
} as const;

export type Derivation = keyof typeof DERIVATIONS;

/** A field on a shelf, or the names or values of the sheet's `measures` side by side. */
export type ShelfItem = Pill | 'measure names' | 'measure values';

/** Which rows a sheet takes. Sheets whose filters have one `group` change together. */
export type FilterSpec =
  | { readonly field: string; readonly keep: 'all'; readonly group?: number }
  | { readonly field: string; readonly keep: readonly string[]; readonly group?: number }
  /** Every moment of a date, shown as a range that people can narrow. */
  | { readonly field: string; readonly keep: 'range'; readonly group?: number };

/** One sheet. */
export interface SheetSpec {
  readonly name: string;
  readonly title: string;
  /** One sentence under the title: what is shown and how to read it. */
  readonly subtitle: string;
  readonly mark: 'Automatic' | 'Bar' | 'Line' | 'Area' | 'Text' | 'Square' | 'Circle';
  readonly columns: readonly ShelfItem[];
  readonly rows: readonly ShelfItem[];
  /** The measures behind 'measure names' and 'measure values', in the order shown. */
  readonly measures?: readonly Pill[];
  readonly colour?: ShelfItem;
  readonly text?: ShelfItem;
  readonly tooltip?: readonly Pill[];
  readonly labels?: boolean;
  readonly filters: readonly FilterSpec[];
  readonly sort?: { readonly field: string; readonly by: Pill; readonly direction: 'ASC' | 'DESC' };
}

/** What a zone of a dashboard shows. `share`: its part of the container, in relation to its siblings. */
export type ZoneSpec = { readonly share: number } & (
  | { readonly kind: 'rows' | 'columns'; readonly zones: readonly ZoneSpec[] }
  | { readonly kind: 'sheet'; readonly sheet: string }
  | { readonly kind: 'text'; readonly title: string; readonly text: string }
  | {
      readonly kind: 'filter';
      readonly sheet: string;
      readonly field: string;
      readonly control: 'several' | 'one' | 'range';
    }
  | { readonly kind: 'legend'; readonly sheet: string }
);

/** One dashboard of a fixed size in pixels. */
export interface DashboardSpec {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly content: ZoneSpec;
}

/** A colour (`#rrggbb`) for each value of a dimension. */
interface PaletteSpec {
  readonly field: string;
  readonly colours: Readonly<Record<string, string>>;
}

/** A whole workbook over one data source. */
export interface WorkbookSpec {
  readonly name: string;
  readonly sheets: readonly SheetSpec[];
  readonly dashboards: readonly DashboardSpec[];
  readonly palettes: readonly PaletteSpec[];
}
