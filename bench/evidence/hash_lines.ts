import { hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

// Reads a file of leaves, one a line, and posts their leaf hashes (RFC 6962 §2.1) in batches: as in a night, leaves are hashed in
// a thread of their own.

const HASH_BYTES = 32;
const BATCH = 16_384;
const NEWLINE = 0x0a;

let rest: Uint8Array = Buffer.alloc(0);
let hashes = '';
let count = 0;
for await (const chunk of createReadStream(workerData as string, { highWaterMark: 2 ** 22 })) {
  const bytes = Buffer.concat([rest, chunk as Buffer]);
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    // U+0000 is the prefix of a leaf.
    hashes += hash('sha256', `\0${bytes.toString('utf8', start, end)}`, 'binary');
    count += 1;
    start = end + 1;
    if (count === BATCH) post();
  }
  rest = bytes.subarray(start);
}
post();
parentPort?.postMessage(null);

function post(): void {
  const batch = new Uint8Array(count * HASH_BYTES);
  Buffer.from(batch.buffer).write(hashes, 'latin1');
  hashes = '';
  count = 0;
  parentPort?.postMessage(batch, [batch.buffer]);
}
