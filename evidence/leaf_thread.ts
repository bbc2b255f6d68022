import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { ColumnarPage } from '../schemas/page.ts';
import { columnarLeafHashes } from './columnar_leaf.ts';

/** A page on its way to the thread. A Buffer arrives there as the bytes that it is. */
export interface LeafTask {
  readonly names: readonly string[];
  readonly page: Omit<ColumnarPage, 'bytes'> & { readonly bytes: Uint8Array };
  readonly page_sha256: string;
}

export type LeafAnswer = { readonly hashes: Uint8Array } | { readonly failure: Error };

/** Makes leaf hashes beside the caller's own work. */
export interface LeafThread {
  /**
   * The leaf hashes of a page, as `columnarLeafHashes` gives them. One page at a time.
   * @throws Error as `columnarLeafHashes`, or when the thread fails
   */
  hash(names: readonly string[], page: ColumnarPage, page_sha256: string): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** Pages of fewer rows are hashed at once: handing them over would take longer. */
const WORTH_A_THREAD = 2000;

/** A thread that is started with the first large page. */
export function leafThread(): LeafThread {
  let worker: Worker | null = null;
  return {
    async hash(names, page, page_sha256) {
      if (page.rows < WORTH_A_THREAD) return columnarLeafHashes(names, page, page_sha256);
      worker ??= new Worker(new URL('./leaf_worker.ts', import.meta.url));
      const task: LeafTask = { names, page, page_sha256 };
      worker.postMessage(task);
      // An error that nobody caught there rejects here.
      const [answer] = (await once(worker, 'message')) as [LeafAnswer];
      if ('failure' in answer) throw answer.failure;
      return answer.hashes;
    },
    async close() {
      await worker?.terminate();
      worker = null;
    },
  };
}
