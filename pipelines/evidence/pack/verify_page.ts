import type { VerifierKey } from '../../../evidence/note.ts';
import type { PackSubject } from './subject.ts';

/** What the page depends on. */
export interface VerifyGround {
  readonly subject: PackSubject;
  readonly keys: readonly VerifierKey[];
  /** False where no signing key was there: then nothing vouches for the manifest. */
  readonly isSigned: boolean;
  readonly mark: string | null;
}

/**
 * VERIFY.md: how to check a pack without this program, with commands to paste. A test runs them all, in order, section by
 * section.
 */
export function verifyPage(ground: VerifyGround): string {
  const { subject, mark } = ground;
  const parts = [
    `# Verify this pack without meterline\n\nMetering evidence of ${subject.month}. Paste the commands into a shell, in this order, in the folder of the pack. Each check prints a line; one that fails says so.`,
    mark === null ? '' : `**${mark}**`,
    trust(ground),
    files(),
    openssl(ground),
    subject.timestamp === null ? '' : timestamp(),
    python(),
    go(),
    byHand(ground),
    contents(ground),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function trust({ keys }: VerifyGround): string {
  const names = keys.map(({ name, key_id }) => `\`${name}+${key_id.toString('hex')}\``).join(', ');
  return `## What you need from elsewhere

A pack cannot vouch for its own key. Ask for the log's verifier key by another way than this pack came (a page, a letter, an earlier pack) and compare it with \`verifier.vkey\` here: ${names}. If you hold an earlier checkpoint of this log, keep it: only with one can you see that nothing was taken back.`;
}

function files(): string {
  return `## Files

\`\`\`sh
sha256sum --check --quiet SHA256SUMS && echo "files: OK"
\`\`\`

(macOS: \`shasum -a 256 --check --quiet SHA256SUMS\`.)`;
}

function openssl({ subject, isSigned }: VerifyGround): string {
  const notes = [
    'checkpoint',
    ...(subject.previous === null ? [] : ['previous.checkpoint']),
    ...(subject.status === 'closed' ? [`${subject.month}.close`] : []),
    ...(isSigned ? ['pack.note'] : []),
  ];
  return `## Signatures, with OpenSSL 3

A signed note is a text, an empty line, and lines \`— <name> <base64 of key id (4 bytes) and Ed25519 signature (64 bytes)>\`. Signed are the bytes of the text.

\`\`\`sh
work=$(mktemp -d)
open_note() {
  sed '/^$/,$d' "$1" > "$work/text"
  sed -n 's/^— [^ ]* //p' "$1" | head -n 1 | base64 -d > "$work/signature"
  id=$(head -c 4 "$work/signature" | od -An -tx1 | tr -d ' \\n')
  tail -c 64 "$work/signature" > "$work/ed25519"
  openssl pkeyutl -verify -pubin -inkey "verifier-$id.pem" -rawin -in "$work/text" -sigfile "$work/ed25519" > "$work/said" &&
    echo "$1: signed by key $id" || { echo "$1: FAILED"; return 1; }
}
${notes.map((name) => `open_note ${name}`).join('\n')}
\`\`\`

The \`.pem\` files are the keys of \`verifier.vkey\`; this prints the key of a line as the file has it (name, key id and base64, with \`+\` between; the base64 is of a byte 01 and the key's 32 bytes):

\`\`\`sh
while IFS= read -r line; do
  id=$(printf %s "$line" | cut -d + -f 2)
  printf %s "$line" | cut -d + -f 3- | base64 -d | tail -c 32 | od -An -tx1 > "$work/a"
  openssl pkey -pubin -in "verifier-$id.pem" -outform DER | tail -c 32 | od -An -tx1 > "$work/b"
  cmp -s "$work/a" "$work/b" && echo "verifier-$id.pem: the key of verifier.vkey" || { echo "verifier-$id.pem: FAILED"; false; }
done < verifier.vkey
\`\`\`${isSigned ? manifestOf() : ''}`;
}

function manifestOf(): string {
  return `

\`pack.note\` names the manifest, and the manifest every other file:

\`\`\`sh
grep -qx "manifest_sha256 $(openssl dgst -sha256 -r manifest.json | cut -d ' ' -f 1)" pack.note && echo "manifest: named by pack.note" || { echo "manifest: FAILED"; false; }
\`\`\``;
}

function timestamp(): string {
  return `## Time stamp, with OpenSSL 3

\`checkpoint.tsr\` is an RFC 3161 answer over the bytes of \`checkpoint\`. Get the root certificate of the authority from the authority itself and put it beside the pack's folder as \`tsa.pem\`.

\`\`\`sh
openssl ts -verify -data checkpoint -in checkpoint.tsr -CAfile ../tsa.pem
openssl ts -reply -in checkpoint.tsr -text | grep 'Time stamp'
\`\`\``;
}

function python(): string {
  return `## Everything that can be recomputed, with Python's standard library

\`verify.py\` has no imports beyond the library: file hashes, rows and exact sums of each CSV file, each leaf, the root over all leaf hashes, the checkpoint before, the rows of \`metering_evidence.csv\` against the leaves, the frozen lines. Read it first; it is short.

\`\`\`sh
python3 verify.py
\`\`\``;
}

function go(): string {
  return `## The log, with Go

\`go/verify.go\` uses the packages by which Go checks its own module database (golang.org/x/mod/sumdb \`note\` and \`tlog\`). It needs Go 1.25 or later, and fetches that one module by the hash in \`go.sum\`.

\`\`\`sh
(cd go && go run . ..)
\`\`\``;
}

function byHand({ subject }: VerifyGround): string {
  return `## One leaf by hand

A leaf hash is SHA-256 of a zero byte and the leaf's bytes (RFC 6962 §2.1). The first line of \`leaves.jsonl\`, without its newline, against its place in \`leaf_hashes.bin\`:

\`\`\`sh
index=$(head -n 1 leaves.index)
made=$( (printf '\\000'; head -n 1 leaves.jsonl | tr -d '\\n') | openssl dgst -sha256 -r | cut -d ' ' -f 1)
kept=$(tail -c +$((index * 32 + 1)) leaf_hashes.bin | head -c 32 | od -An -tx1 | tr -d ' \\n')
test "$made" = "$kept" && echo "leaf $index of ${subject.checkpoint.size}: $made" || { echo "leaf $index: FAILED"; false; }
\`\`\``;
}

function contents({ subject, isSigned }: VerifyGround): string {
  const closed = subject.status === 'closed';
  const rows: (readonly [string, string] | null)[] = [
    ['`report.html`, `report.pdf`', 'to read first'],
    [
      '`tables/*.csv`, `tables/*.parquet`',
      'the same rows; CSV is RFC 4180, UTF-8, lines end with LF, decimals exact, instants UTC',
    ],
    [
      '`manifest.json`',
      'of each table the query, its parameters, rows and exact sums; of each file its hash',
    ],
    isSigned ? ['`pack.note`', 'signed: month, state, log, hash of the manifest'] : null,
    closed
      ? [
          `\`${subject.month}.close\`, \`${subject.month}.lines.jsonl\``,
          'the signed close and the lines that it froze',
        ]
      : null,
    [
      '`leaves.jsonl`, `leaves.index`',
      'exact leaf bytes, one a line, and their indexes: entries used in the month or booked in it',
    ],
    ['`leaf_hashes.bin`', '32 bytes for each entry of the log, in order of index'],
    ['`checkpoint`', 'the signed state of the log (C2SP tlog-checkpoint)'],
    subject.timestamp === null ? null : ['`checkpoint.tsr`', 'its time stamp (RFC 3161)'],
    subject.previous === null
      ? null
      : [
          '`previous.checkpoint`, `consistency`',
          `${subject.previous.what}, and the proof that the log goes on from it`,
        ],
    ['`proofs/`', 'a sample: inclusion proofs (C2SP tlog-proof) with their leaves'],
    ['`verifier.vkey`, `verifier-*.pem`', 'the public keys, for notes and for OpenSSL'],
  ];
  const kept = rows.filter((row) => row !== null);
  return `## What is here\n\n| file | what it is |\n| --- | --- |\n${kept.map(([file, what]) => `| ${file} | ${what} |`).join('\n')}`;
}
