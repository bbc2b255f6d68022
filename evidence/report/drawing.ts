/** A picture of plain shapes, in points from its upper left corner: drawn the same as SVG and in a PDF. */
export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly shapes: readonly Shape[];
  /** What is to be seen, for whoever cannot see it. */
  readonly summary: string;
}

export type Shape =
  | {
      readonly kind: 'rect';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      readonly fill: string;
    }
  | {
      readonly kind: 'line';
      readonly from: readonly [x: number, y: number];
      readonly to: readonly [x: number, y: number];
      readonly stroke: string;
    }
  /** `y` is the base line. */
  | {
      readonly kind: 'text';
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly anchor: 'start' | 'middle' | 'end';
      readonly fill: string;
    };

/** Points of the letters in drawings. */
export const DRAWING_TEXT_SIZE = 7.5;

/** Colours that keep their difference in grey. */
export const INK = {
  text: '#1f2933',
  quiet: '#66727f',
  line: '#d5dbe1',
  total: '#3b6ea5',
  up: '#5b9a68',
  down: '#c0653f',
} as const;
