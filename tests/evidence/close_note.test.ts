import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../evidence/canonical_json.ts';
import { signCheckpoint } from '../../evidence/checkpoint.ts';
import { type CloseNote, openCloseNote, parseCloseNote, signCloseNote } from '../../evidence/close_note.ts';
import { openNote, signerKey, signNote } from '../../evidence/note.ts';

const signer = signerKey('example.com/log', generateKeyPairSync('ed25519').privateKey);

const count = fc.nat({ max: 2 ** 40 });
const decimal = fc
  .tuple(count, fc.nat({ max: 999_999_999 }))
  .map(([whole, rest]) => `${whole}.${String(rest).padStart(9, '0')}`);
const person = fc
  .string({ unit: 'grapheme', minLength: 1 })
  .filter((id) => id.trim() === id && !/\p{Cc}/u.test(id));
const total = fc.record({
  dimension: fc.string({ unit: 'grapheme' }),
  readings: count,
  quantity: decimal,
  source_readings: fc.option(count),
  source_quantity: fc.option(decimal),
});
const notes: fc.Arbitrary<Omit<CloseNote, 'origin'>> = fc.record({
  month: fc.constantFrom('2026-09', '2031-12'),
  cut_off_at: fc.constant('2026-10-04T06:00:00Z'),
  load_id: count,
  approved_load_id: count,
  as_of_date: fc.constant('2026-10-06'),
  tree_size: count,
  root: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes)),
  prepared_by: person,
  prepared_at: fc.constant('2026-10-05T07:00:00.123Z'),
  approved_by: person,
  approved_at: fc.constant('2026-10-05T08:00:00Z'),
  accepted: fc.option(fc.string({ unit: 'grapheme' })),
  exceptions: count,
  lines_reperformed: fc.option(count),
  reperform_differences: fc.option(count),
  timestamped_at: fc.option(fc.constant('2026-10-05T07:59:59Z')),
  previous: fc.option(fc.constant('cd'.repeat(32))),
  lines: count,
  lines_sha256: fc.constant('ab'.repeat(32)),
  totals: fc.array(total, { maxLength: 3 }),
});

describe('a close note', () => {
  it('says after signing and opening what was put in', () => {
    fc.assert(
      fc.property(notes, (note) => {
        const opened = openCloseNote(signCloseNote(note, signer), [signer]);
        expect(opened).toEqual({ ...note, origin: 'example.com/log' });
      }),
    );
  });

  it('is no checkpoint, and a checkpoint is no close', () => {
    const checkpoint = signCheckpoint({ size: 3, root: Buffer.alloc(32) }, signer);
    expect(() => openCloseNote(checkpoint, [signer])).toThrow(/close note, first line/);
  });

  it('refuses a value of two lines, another order and another log’s key', () => {
    const [note] = fc.sample(notes, { numRuns: 1, seed: 1 });
    if (note === undefined) throw new Error('tests: note: got none, want one');
    expect(() => signCloseNote({ ...note, prepared_by: 'a\nlines 7' }, signer)).toThrow(
      /want a value on one line/,
    );
    const text = openNote(signCloseNote(note, signer), [signer]);
    const swapped = text.replace(/^(load_id .*)\n(approved_load_id .*)$/m, '$2\n$1');
    expect(() => parseCloseNote(swapped)).toThrow(/close note, load_id: got "approved_load_id/);
    const forged = signNote(text.replace('example.com/log', 'example.com/other'), signer);
    expect(() => openCloseNote(forged, [signer])).toThrow(/want one of a known verifier key/);
  });
});

describe('canonical JSON', () => {
  it('is RFC 8785: the example of §3.2.3, and numbers as ECMAScript writes them', () => {
    const value = {
      '\u20ac': 'Euro Sign',
      '\r': 'Carriage Return',
      '\ufb33': 'Hebrew Letter Dalet With Dagesh',
      '1': 'One',
      '\ud83d\ude00': 'Emoji: Grinning Face',
      '\u0080': 'Control',
      '\u00f6': 'Latin Small Letter O With Diaeresis',
    };
    const order = Object.values(JSON.parse(canonicalJson(value)));
    // Integer-like keys come first in any object; all others stay in the order of the text.
    expect(canonicalJson(value).indexOf('Carriage')).toBeLessThan(canonicalJson(value).indexOf('One'));
    expect(order.slice(1)).toEqual([
      'Carriage Return',
      'Control',
      'Latin Small Letter O With Diaeresis',
      'Euro Sign',
      'Emoji: Grinning Face',
      'Hebrew Letter Dalet With Dagesh',
    ]);
    expect(
      canonicalJson([
        JSON.parse('333333333.33333329'),
        1e30,
        4.5,
        2e-3,
        1e-27,
        null,
        true,
        { b: undefined, a: [] },
      ]),
    ).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,null,true,{"a":[]}]');
  });

  it('has no lone surrogate, and no number that JSON does not have', () => {
    expect(() => canonicalJson({ key: '\ud800' })).toThrow(/lone surrogate/);
    expect(() => canonicalJson(Number.NaN)).toThrow(/want a finite number/);
  });

  it('does not depend on the order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(turned as never)).toBe(canonicalJson(value as never));
        expect(JSON.parse(canonicalJson(value as never))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
