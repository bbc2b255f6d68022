import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type SignerKey, signerKey } from '../evidence/note.ts';
import type { Config } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';

/** Holds the key itself, PKCS#8 PEM, where no file does. */
const VARIABLE = 'METERLINE_SIGNING_KEY';

/**
 * The key that signs checkpoints: from `evidence.signing_key_file`, else from the environment; null where neither is
 * there. The demonstration makes its own.
 * @throws UsageError where it cannot be read as an Ed25519 key in PKCS#8 PEM
 */
export async function signingKey({ environment, evidence }: Config): Promise<SignerKey | null> {
  const file = evidence.signing_key_file;
  const pem = file === undefined ? process.env[VARIABLE] : await readKey(file, environment === 'demo');
  if (pem === undefined || pem === '') return null;
  try {
    return signerKey(evidence.origin, createPrivateKey(pem));
  } catch (cause) {
    const where = file ?? `the environment's ${VARIABLE}`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UsageError(
      `evidence: signing key: got ${where}, which is none (${reason}), want an Ed25519 key in PKCS#8 PEM; make one with \`openssl genpkey -algorithm ed25519 -out <file>\``,
      { cause },
    );
  }
}

async function readKey(file: string, make: boolean): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const isAbsent = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isAbsent && make) return makeKey(file);
    throw new UsageError(
      `evidence: signing key: got no file that can be read, want ${file} (evidence.signing_key_file); put the key there, or correct the path`,
      { cause },
    );
  }
}

async function makeKey(file: string): Promise<string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
  await mkdir(dirname(file), { recursive: true });
  // A run that is killed here must not leave half a key.
  await writeFile(`${file}.new`, pem, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return pem;
}
