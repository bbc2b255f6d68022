import { hash } from 'node:crypto';
import { openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

// Leaf hashes (RFC 6962 §2.1) of a file of leaves, one a line, in a thread of their own as in a night: chunk by chunk those of
// the lines that begin in it. Posts them one after the other, and null at the end.

const CHUNK = 2 ** 20;
const LONGEST_LINE = 2 ** 16;
const NEWLINE = 0x0a;

const file = openSync(workerData as string, 'r');
/** The end of the line before, the chunk, and the rest of a line that begins in it. */
const bytes = Buffer.alloc(1 + CHUNK + LONGEST_LINE);
bytes[0] = NEWLINE;

let read = readSync(file, bytes, 1, CHUNK + LONGEST_LINE, 0);
for (let start = CHUNK - 1; read > 0; start += CHUNK) {
  parentPort?.postMessage(new Uint8Array(Buffer.from(hashLines(1 + read), 'latin1')));
  read = readSync(file, bytes, 0, bytes.length, start) - 1;
}
parentPort?.postMessage(null);

function hashLines(end: number): string {
  let hashes = '';
  let start = bytes.indexOf(NEWLINE);
  while (start < CHUNK) {
    const stop = bytes.indexOf(NEWLINE, start + 1);
    if (stop === -1 || stop >= end) break;
    // The newline before a line makes room for the prefix of a leaf.
    bytes[start] = 0x00;
    hashes += hash('sha256', bytes.subarray(start, stop), 'binary');
    start = stop;
  }
  return hashes;
}
