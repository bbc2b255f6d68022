import type { Stage } from '../schemas/errors.ts';

/** What a night tells while it runs; the command line turns it into bars or log lines. */
export type NightEvent =
  | { readonly kind: 'stage'; readonly stage: Stage; readonly detail: string }
  | {
      readonly kind: 'progress';
      readonly stage: Stage;
      /** What is being worked on: a stream, a model, a file. */
      readonly item: string;
      readonly done: number;
      /** Null where the end is not known. */
      readonly total: number | null;
      readonly unit: 'rows' | 'nodes' | 'files' | 'bytes' | 'entries';
      /** Share of the item that is done, 0 to 1, where it is known otherwise than by `done / total`. */
      readonly share: number | null;
    }
  | { readonly kind: 'item_done'; readonly stage: Stage; readonly item: string; readonly detail: string }
  | { readonly kind: 'warning'; readonly stage: Stage; readonly message: string };

export type OnEvent = (event: NightEvent) => void;
