import { openNote, type SignerKey, signNote, type VerifierKey } from './note.ts';

/** What a checkpoint says (C2SP tlog-checkpoint): the log, how many entries it had, and their root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

const ROOT_BYTES = 32;

/** A checkpoint as a signed note; the log's name is the key's name. */
export function signCheckpoint({ size, root }: Omit<Checkpoint, 'origin'>, signer: SignerKey): string {
  return signNote(`${signer.name}\n${size}\n${root.toString('base64')}\n`, signer);
}

/** @throws Error where it is no checkpoint, no known key has signed it, or the key is not that of the log it names */
export function openCheckpoint(note: string, keys: readonly VerifierKey[]): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, keys));
  openNote(
    note,
    keys.filter(({ name }) => name === checkpoint.origin),
  );
  return checkpoint;
}

/** What a checkpoint's text says, whoever signed it. Lines after the third are extensions, which are not ours to read. */
function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', encoded = ''] = text.split('\n');
  const root = Buffer.from(encoded, 'base64');
  const isSize = /^(0|[1-9]\d*)$/.test(size) && Number.isSafeInteger(Number(size));
  if (origin === '' || !isSize || root.length !== ROOT_BYTES || root.toString('base64') !== encoded)
    throw new Error(
      `evidence: checkpoint: got ${JSON.stringify(text.slice(0, 120))}, want the lines origin, size and base64 of a root; restore the file`,
    );
  return { origin, size: Number(size), root };
}
