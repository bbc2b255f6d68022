import type { Drawing } from './drawing.ts';

/** A column of a table; numbers stand to the right. */
export interface ReportColumn {
  readonly title: string;
  readonly align: 'left' | 'right';
  /** Share of the table's width against the others'. */
  readonly weight: number;
}

/** What a report consists of, one after the other. Texts are plain: whoever renders them escapes them. */
export type Block =
  | { readonly kind: 'heading'; readonly text: string }
  | { readonly kind: 'text'; readonly text: string }
  /** What must not be overlooked. */
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'facts'; readonly rows: readonly (readonly [name: string, value: string])[] }
  | {
      readonly kind: 'table';
      readonly columns: readonly ReportColumn[];
      readonly rows: readonly (readonly string[])[];
    }
  | { readonly kind: 'drawing'; readonly title: string; readonly drawing: Drawing };

/** A report as it is rendered to HTML and to PDF, from one definition. */
export interface Report {
  readonly title: string;
  readonly subtitle: string;
  /** Stands over every page; null where the report is final. */
  readonly mark: string | null;
  readonly blocks: readonly Block[];
  readonly footer: string;
  /** RFC 3339, UTC. */
  readonly created_at: string;
}
