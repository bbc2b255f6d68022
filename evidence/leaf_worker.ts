import { parentPort } from 'node:worker_threads';
import { columnarLeafHashes } from './columnar_leaf.ts';
import type { LeafAnswer, LeafTask } from './leaf_thread.ts';

/** The thread behind leaf_thread.ts: takes pages one by one and answers with their leaf hashes. */
parentPort?.on('message', ({ names, page, page_sha256 }: LeafTask) => {
  let answer: LeafAnswer;
  try {
    const bytes = Buffer.from(page.bytes.buffer, page.bytes.byteOffset, page.bytes.byteLength);
    answer = { hashes: columnarLeafHashes(names, { ...page, bytes }, page_sha256) };
  } catch (error) {
    answer = { failure: error instanceof Error ? error : new Error(String(error)) };
  }
  parentPort?.postMessage(answer);
});
