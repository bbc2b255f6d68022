import { createHash, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';

/**
 * Signed notes (C2SP signed-note): a text that ends in a newline, an empty line, and signature lines
 * `— <key name> base64(<key id, 4 bytes> ‖ <signature>)`. Signed are the bytes of the text.
 */
interface SignedNote {
  /** With the newline that ends it. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

interface NoteSignature {
  readonly name: string;
  readonly key_id: Buffer;
  readonly signature: Buffer;
}

/** A public key with its name: what `verifier.vkey` holds a line of. */
export interface VerifierKey {
  readonly name: string;
  /** The first 4 bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key). */
  readonly key_id: Buffer;
  readonly key: KeyObject;
}

/** A name and its private key. */
export interface SignerKey extends VerifierKey {
  readonly private_key: KeyObject;
}

/** Signature type of Ed25519 (signed-note, "Signature types"). */
const ED25519 = 0x01;
const KEY_ID_BYTES = 4;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** What an Ed25519 public key has before its 32 bytes as SubjectPublicKeyInfo (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/** @throws Error where the name cannot be a key name (signed-note: no space, no `+`) or the key is none of Ed25519 */
export function signerKey(name: string, private_key: KeyObject): SignerKey {
  const key = createPublicKey(private_key);
  return { name: keyName(name), key_id: keyId(name, publicBytes(key)), key, private_key };
}

/** `<name>+<key id, hex>+base64(0x01 ‖ public key)` */
export function encodeVerifierKey({ name, key_id, key }: VerifierKey): string {
  const bytes = Buffer.concat([Buffer.of(ED25519), publicBytes(key)]);
  return `${name}+${key_id.toString('hex')}+${bytes.toString('base64')}`;
}

/** @throws Error where the line is no verifier key, or its id is not that of its key */
export function parseVerifierKey(line: string): VerifierKey {
  const [, name = '', id = '', encoded = ''] = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
  const bytes = exactBase64(encoded);
  if (bytes === null || bytes.length !== 1 + PUBLIC_KEY_BYTES || bytes[0] !== ED25519)
    throw new Error(
      `evidence: verifier key: got ${JSON.stringify(line)}, want <name>+<key id>+<base64 of an Ed25519 key>; take the line as it was given out`,
    );
  const key_id = keyId(keyName(name), bytes.subarray(1));
  if (key_id.toString('hex') !== id)
    throw new Error(
      `evidence: verifier key ${name}: got key id ${id}, want ${key_id.toString('hex')} for this name and key; take the line as it was given out`,
    );
  const spki = Buffer.concat([SPKI_PREFIX, bytes.subarray(1)]);
  return { name, key_id, key: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
}

/** A text signed by one key. @throws Error where the text does not end in a newline */
export function signNote(text: string, signer: SignerKey): string {
  if (!text.endsWith('\n'))
    throw new Error('evidence: note: got a text without its last newline, want one; report this');
  const signature = sign(null, Buffer.from(text, 'utf8'), signer.private_key);
  const line = Buffer.concat([signer.key_id, signature]).toString('base64');
  return `${text}\n— ${signer.name} ${line}\n`;
}

/** @throws Error where the bytes are no signed note */
function parseNote(note: string): SignedNote {
  // The last empty line ends the text: a text may hold empty lines itself.
  const split = note.lastIndexOf('\n\n');
  const lines = note.slice(split + 2);
  if (split < 0 || !lines.endsWith('\n')) throw malformed(note);
  const signatures = lines
    .slice(0, -1)
    .split('\n')
    .map((line) => {
      const [, name = '', encoded = ''] = /^— (\S+) (\S+)$/.exec(line) ?? [];
      const bytes = exactBase64(encoded);
      if (bytes === null || bytes.length <= KEY_ID_BYTES) throw malformed(note);
      return { name, key_id: bytes.subarray(0, KEY_ID_BYTES), signature: bytes.subarray(KEY_ID_BYTES) };
    });
  return { text: note.slice(0, split + 1), signatures };
}

/**
 * The text of a note that one of the keys has signed. Signatures of other keys are ignored, one by a known key that does
 * not hold is an error (signed-note, "Verifying").
 * @throws Error where no known key has signed it, or a signature does not hold
 */
export function openNote(note: string, keys: readonly VerifierKey[]): string {
  const { text, signatures } = parseNote(note);
  let held = 0;
  for (const { name, key_id, signature } of signatures) {
    const known = keys.find((each) => each.name === name && each.key_id.equals(key_id));
    if (known === undefined) continue;
    if (
      signature.length !== SIGNATURE_BYTES ||
      !verify(null, Buffer.from(text, 'utf8'), known.key, signature)
    )
      throw new Error(
        `evidence: note: got a signature of ${name}+${key_id.toString('hex')} that does not hold, want one over just this text; the note was changed or forged`,
      );
    held += 1;
  }
  if (held > 0) return text;
  const signers = signatures.map(({ name, key_id }) => `${name}+${key_id.toString('hex')}`).join(', ');
  throw new Error(
    `evidence: note: got signatures of ${signers} only, want one of a known verifier key; add the key's line to verifier.vkey if you trust it`,
  );
}

function keyName(name: string): string {
  if (name !== '' && !/[\s+]/u.test(name)) return name;
  throw new Error(
    `evidence: key name: got ${JSON.stringify(name)}, want one without spaces and + (evidence.origin); correct the configuration`,
  );
}

function keyId(name: string, publicKey: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(`${name}\n`), Buffer.of(ED25519), publicKey]);
  return createHash('sha256').update(named).digest().subarray(0, KEY_ID_BYTES);
}

function publicBytes(key: KeyObject): Buffer {
  if (key.asymmetricKeyType !== 'ed25519')
    throw new Error(
      `evidence: signing key: got a key of type ${key.asymmetricKeyType}, want ed25519; make one with \`openssl genpkey -algorithm ed25519\``,
    );
  return key.export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length);
}

/** Standard base64 with its padding; null for anything that Node would read leniently. */
function exactBase64(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : null;
}

function malformed(note: string): Error {
  const start = JSON.stringify(note.slice(0, 80));
  return new Error(
    `evidence: note: got ${start}…, want a text, an empty line and signature lines (C2SP signed-note); restore the file`,
  );
}
