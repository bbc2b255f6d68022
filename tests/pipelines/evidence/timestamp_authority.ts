import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A time-stamp authority on loopback: OpenSSL's own, behind a server. */
export interface Authority {
  readonly url: string;
  /** The certificate to verify with. */
  readonly certificate: string;
  /** What the next answers are; null: OpenSSL's reply to the request. */
  answer: null | ((request: Buffer) => { readonly status: number; readonly body: Buffer } | 'never');
  /** OpenSSL's reply to a request, in DER. */
  reply(request: Buffer): Buffer;
  close(): Promise<void>;
}

const CONFIG = `[req]
distinguished_name = name
prompt = no
x509_extensions = ext
[name]
CN = test time stamps
[ext]
basicConstraints = critical, CA:false
extendedKeyUsage = critical, timeStamping
keyUsage = critical, digitalSignature
[tsa]
default_tsa = tsa_config
[tsa_config]
serial = serial
crypto_device = builtin
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
`;

/** OpenSSL, or one clear sentence. */
export function openssl(args: readonly string[], cwd: string): string {
  try {
    return execFileSync('openssl', [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Error('tests: openssl: got none on the PATH, want OpenSSL 3; install it to run this test');
    throw error;
  }
}

export async function startAuthority(folder: string): Promise<Authority> {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'tsa.cnf'), CONFIG);
  writeFileSync(join(folder, 'serial'), '01\n');
  const make = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -config tsa.cnf';
  openssl([...make.split(' '), '-keyout', 'tsa.key', '-out', 'tsa.pem'], folder);
  const reply = (request: Buffer): Buffer => {
    writeFileSync(join(folder, 'request.tsq'), request);
    const sign =
      'ts -reply -config tsa.cnf -queryfile request.tsq -signer tsa.pem -inkey tsa.key -out reply.tsr';
    openssl(sign.split(' '), folder);
    return readFileSync(join(folder, 'reply.tsr'));
  };
  const authority: { answer: Authority['answer'] } = { answer: null };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked = Buffer.concat(chunks);
      const given = authority.answer?.(asked) ?? { status: 200, body: reply(asked) };
      if (given === 'never') return;
      response.writeHead(given.status, { 'content-type': 'application/timestamp-reply' }).end(given.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(authority, {
    url: `http://127.0.0.1:${port}/tsa`,
    certificate: join(folder, 'tsa.pem'),
    reply,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
