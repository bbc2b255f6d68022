import { generateKeyPairSync } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openCheckpoint, signCheckpoint } from '../../evidence/checkpoint.ts';
import { LEAF_FIELDS } from '../../evidence/leaf.ts';
import { EMPTY_TREE, rootHash } from '../../evidence/merkle.ts';
import { type SignerKey, signerKey } from '../../evidence/note.ts';
import {
  keepCheckpoint,
  readCheckpoints,
  readVerifierKeys,
} from '../../evidence/storage/checkpoint_files.ts';
import { growTiles } from '../../evidence/storage/tile_files.ts';
import { type Verified, verifyEvidence } from '../../pipelines/evidence/verify.ts';
import { dataPaths } from '../../pipelines/paths.ts';
import { signingKey } from '../../pipelines/signing_key.ts';
import { lookInto } from '../../pipelines/warehouse_access.ts';
import { DifferenceError } from '../../schemas/errors.ts';
import { audit } from '../../warehouse/duckdb/audit.ts';
import { openDatabase } from '../../warehouse/duckdb/database.ts';
import { changeWarehouse } from '../support/tables.ts';
import { startTestWorld, type TestWorld } from '../support/test_night.ts';

let test: TestWorld;
let whole = '';
let first = 0;
let signer: SignerKey;

beforeAll(async () => {
  test = await startTestWorld();
  whole = test.newDataDir();
  const night = await test.night(whole, { only: ['polaris', 'seal'] });
  test.world.setNow('2026-11-23T03:00:10Z');
  const next = await test.night(whole, { only: ['polaris', 'seal', 'transform'] });
  expect([night.error, next.error]).toEqual([null, null]);
  first = night.evidence.tree_size;
  signer = (await signingKey(test.config(whole))) as SignerKey;
});
afterAll(() => test.close());

/** A copy of the data directory, changed in some way. */
async function changed(change: (folder: string) => unknown): Promise<string> {
  const folder = test.newDataDir();
  cpSync(whole, folder, { recursive: true });
  await change(folder);
  return folder;
}

const verify = (folder: string, against: string | null = null): Promise<Verified> =>
  lookInto(dataPaths(folder), (warehouse) =>
    verifyEvidence(dataPaths(folder), warehouse, against, () => undefined),
  );

const difference = (folder: string, against: string | null = null): Promise<string> =>
  verify(folder, against).then(
    () => 'no difference',
    (error: unknown) => {
      expect(error).toBeInstanceOf(DifferenceError);
      return (error as Error).message;
    },
  );

it('counts what it held against what', async () => {
  const verified = await verify(whole);
  expect(verified).toMatchObject({ checkpoints: 2, against: null, entries: verified.tree_size });
  expect(verified.evidence_rows).toBe(verified.tree_size);
  expect(verified.pages).toBeGreaterThan(5);
  expect(verified.tiles).toBeGreaterThan(verified.tree_size / 256);
  const kept = await readCheckpoints(join(whole, 'evidence'));
  expect((await verify(whole, kept[0]?.file)).against).toBe(first);
});

describe('finds', () => {
  it('a quantity changed in raw, with index, reading and both values', async () => {
    const folder = await changed((each) =>
      changeWarehouse(each, `UPDATE raw.polaris_readings SET quantity = '666.5' WHERE evidence_index = 1234`),
    );
    expect(await difference(folder)).toMatch(
      /entry 1234, reading \S+: got leaf [0-9a-f]{64} from raw\.polaris_readings \(quantity 666\.5\), want [0-9a-f]{64}/,
    );
  });

  it('a quantity changed in the evidence table', async () => {
    const folder = await changed((each) =>
      changeWarehouse(
        each,
        `UPDATE marts.fct_metering_evidence SET quantity = '666.5' WHERE evidence_index = 77`,
      ),
    );
    expect(await difference(folder)).toMatch(
      /entry 77, reading \S+: got quantity 666\.5 in fct_metering_evidence, want \S+/,
    );
  });

  it.each([
    [
      'quantity_decimal',
      'quantity_decimal * 2',
      /got quantity_decimal \S+ in raw\.polaris_readings, want \S+ as its text/,
    ],
    ['hour_start', 'hour_start + INTERVAL 1 HOUR', /got hour_start .*00 in raw\.polaris_readings, want/],
    ['load_id', 'load_id + 1', /got load_id \d+ in raw\.polaris_readings, want \d+ as/],
  ])('a typed column that money is made of: %s', async (column, value, message) => {
    const folder = await changed((each) =>
      changeWarehouse(each, `UPDATE raw.polaris_readings SET ${column} = ${value} WHERE evidence_index = 77`),
    );
    expect(await difference(folder)).toMatch(message);
  });

  it.each(['NULL', '-1', '(SELECT max(evidence_index) + 100 FROM evidence.entries)'])(
    'a reading that was added past the loader, as entry %s',
    async (index) => {
      const folder = await changed((each) =>
        changeWarehouse(
          each,
          `INSERT INTO raw.polaris_readings SELECT * REPLACE (${index} AS evidence_index, 'planted' AS reading_id)
           FROM raw.polaris_readings WHERE evidence_index = 77`,
        ),
      );
      expect(await difference(folder)).toMatch(
        /reading planted: got it in raw\.polaris_readings without an entry/,
      );
    },
  );

  it.each([
    ['emptied', 'DELETE FROM marts.fct_metering_evidence', /entry 0, reading \S+: got cluster_id null/],
    [
      'given a row of no entry',
      'INSERT INTO marts.fct_metering_evidence SELECT * REPLACE (NULL AS evidence_index) FROM marts.fct_metering_evidence LIMIT 1',
      /entry -1, reading \S+: got rows 1/,
    ],
    [
      'cut off',
      'DELETE FROM marts.fct_metering_evidence WHERE evidence_index > 900',
      /entry 901, reading \S+: got cluster_id null/,
    ],
    [
      'doubled',
      'INSERT INTO marts.fct_metering_evidence SELECT * FROM marts.fct_metering_evidence WHERE evidence_index = 77',
      /entry 77, reading \S+: got rows 2 in fct_metering_evidence, want 1/,
    ],
    [
      'changed in a typed column',
      'UPDATE marts.fct_metering_evidence SET quantity_decimal = 1 WHERE evidence_index = 77',
      /entry 77, reading \S+: got quantity_decimal 1\.0+ in fct_metering_evidence/,
    ],
  ])('an evidence table that was %s', async (_what, statement, message) => {
    expect(await difference(await changed((each) => changeWarehouse(each, statement)))).toMatch(message);
  });

  it('a page removed together with its record', async () => {
    const folder = await changed((each) =>
      changeWarehouse(
        each,
        `DELETE FROM ops.pages WHERE sha256 = (SELECT page_sha256 FROM raw.polaris_readings WHERE evidence_index = 0)`,
      ),
    );
    expect(await difference(folder)).toMatch(/entry 0, .*got the page in ops\.pages null/);
  });

  it('a removed newest checkpoint, and another one in its place for tile clients', async () => {
    const removed = await changed(async (each) => {
      rmSync((await readCheckpoints(join(each, 'evidence'))).at(-1)?.file ?? '');
    });
    expect(await difference(removed)).toMatch(/checkpoint of \d+ entries: got none kept/);
    const older = await changed(async (each) => {
      const [checkpoint] = await readCheckpoints(join(each, 'evidence'));
      writeFileSync(join(each, 'evidence', 'checkpoint'), checkpoint?.note ?? '');
    });
    expect(await difference(older)).toMatch(/file checkpoint: got another text/);
  });

  it('a row removed from the evidence table', async () => {
    const folder = await changed((each) =>
      changeWarehouse(each, 'DELETE FROM marts.fct_metering_evidence WHERE evidence_index = 77'),
    );
    expect(await difference(folder)).toMatch(/entry 77, reading \S+: got cluster_id null/);
  });

  it('a quantity changed in a landed page', async () => {
    const folder = await changed((each) => {
      const days = join(each, 'landing', 'polaris', 'readings');
      const day = join(days, readdirSync(days)[0] ?? '');
      const file = join(day, readdirSync(day)[0] ?? '');
      const body = zstdDecompressSync(readFileSync(file)).toString();
      writeFileSync(file, zstdCompressSync(Buffer.from(body.replace(/"quantity":"\d/, '"quantity":"9'))));
    });
    expect(await difference(folder)).toMatch(/page of http.*got SHA-256 .*its first reading is entry \d+/s);
  });

  describe.each([0, 999, 1000, 1999])('in whichever range of a long log it is: entry %i', (entry) => {
    const misfits = async (statement: string) => {
      const folder = await changed((each) => changeWarehouse(each, statement));
      const { warehouse, temporary } = dataPaths(folder);
      const options = { path: warehouse, tempDir: temporary, memoryLimitMb: 200, read_only: true };
      const database = await openDatabase(options);
      try {
        return await audit(database.main, 1000).logMisfits(LEAF_FIELDS);
      } finally {
        database.close();
      }
    };

    it('a changed reading', async () => {
      const { mistyped, different } = await misfits(
        `UPDATE raw.polaris_readings SET quantity_decimal = 1 WHERE evidence_index = ${entry}`,
      );
      expect(mistyped).toMatchObject({ evidence_index: entry, column: 'quantity_decimal' });
      expect(different).toMatchObject({ evidence_index: entry, column: 'quantity_decimal' });
    });

    it('a reading whose entry was removed', async () => {
      const { unlogged } = await misfits(
        `UPDATE raw.polaris_readings SET reading_id = 'unlogged' WHERE evidence_index = ${entry};
         DELETE FROM evidence.entries WHERE evidence_index = ${entry}`,
      );
      expect(unlogged).toBe('unlogged');
    });

    it('an evidence row that is there twice', async () => {
      const { different } = await misfits(
        `INSERT INTO marts.fct_metering_evidence
         SELECT * FROM marts.fct_metering_evidence WHERE evidence_index = ${entry}`,
      );
      expect(different).toMatchObject({ evidence_index: entry, column: 'rows', got: '2', want: '1' });
    });
  });

  it.each([
    ['changed', (file: string) => writeFileSync(file, Buffer.alloc(statSync(file).size)), 'other hashes'],
    ['lost', (file: string) => rmSync(file), 'no whole file'],
  ])('a tile above the leaves that was %s', async (_, change, got) => {
    const folder = await changed((each) => {
      const tiles = readdirSync(join(each, 'evidence', 'tile', '1'), {
        recursive: true,
        withFileTypes: true,
      });
      for (const tile of tiles.filter((entry) => entry.isFile())) change(join(tile.parentPath, tile.name));
    });
    expect(await difference(folder)).toContain(`tile/1/000: got ${got}`);
  });

  it('an entry removed', async () => {
    const folder = await changed((each) =>
      changeWarehouse(each, 'DELETE FROM evidence.entries WHERE evidence_index = 500'),
    );
    expect(await difference(folder)).toMatch(/entry 500: got none \(the next is 501\)/);
  });

  it('an entry removed, and all after it moved up', async () => {
    const folder = await changed((each) =>
      changeWarehouse(
        each,
        'DELETE FROM evidence.entries WHERE evidence_index = 500',
        'DELETE FROM raw.polaris_readings WHERE evidence_index = 500',
        'UPDATE evidence.entries SET evidence_index = evidence_index - 1 WHERE evidence_index > 500',
        'UPDATE raw.polaris_readings SET evidence_index = evidence_index - 1 WHERE evidence_index > 500',
      ),
    );
    expect(await difference(folder)).toMatch(/entry 500, reading \S+: got leaf .* as sealed in tile\/0/);
  });

  it('two entries swapped', async () => {
    const swap = (table: string) =>
      `UPDATE ${table} SET evidence_index = CASE evidence_index WHEN 10 THEN 11 ELSE 10 END WHERE evidence_index IN (10, 11)`;
    const folder = await changed((each) =>
      changeWarehouse(each, swap('evidence.entries'), swap('raw.polaris_readings')),
    );
    expect(await difference(folder)).toMatch(/entry 10, reading \S+: got leaf .* as sealed in tile\/0/);
  });

  it('a truncated log', async () => {
    const folder = await changed((each) =>
      changeWarehouse(
        each,
        `DELETE FROM evidence.entries WHERE evidence_index >= ${first}`,
        `DELETE FROM raw.polaris_readings WHERE evidence_index >= ${first}`,
        `DELETE FROM evidence.tree_heads WHERE tree_size > ${first}`,
      ),
    );
    expect(await difference(folder)).toMatch(
      new RegExp(`got a log of ${first}, want at least \\d+; entries ${first} to \\d+ were removed`),
    );
  });

  it('a forged checkpoint', async () => {
    const folder = await changed(async (each) => {
      const [checkpoint] = await readCheckpoints(join(each, 'evidence'));
      const forger = signerKey(signer.name, generateKeyPairSync('ed25519').privateKey);
      const root = Buffer.alloc(32, 7);
      writeFileSync(checkpoint?.file ?? '', signCheckpoint({ size: first, root }, forger));
    });
    expect(await difference(folder)).toMatch(/got signatures of \S+ only, want one of a known verifier key/);
  });

  it('a history forked by whoever has the key: from a checkpoint kept elsewhere', async () => {
    const [outside] = await readCheckpoints(join(whole, 'evidence'));
    const folder = await changed((each) => fork(each, 3));
    // All that the forger could reach fits together again.
    expect((await verify(folder)).checkpoints).toBe(1);
    expect(await difference(folder, outside?.file)).toMatch(
      new RegExp(
        `checkpoint of ${first} entries: got root [0-9a-f]{64} over the first ${first} entries, want [0-9a-f]{64}`,
      ),
    );
  });

  it('an older tree signed anew: from a checkpoint kept elsewhere', async () => {
    const newest = (await readCheckpoints(join(whole, 'evidence'))).at(-1);
    const folder = await changed(async (each) => {
      await changeWarehouse(
        each,
        `DELETE FROM evidence.entries WHERE evidence_index >= ${first}`,
        `DELETE FROM raw.polaris_readings WHERE evidence_index >= ${first}`,
        `DELETE FROM marts.fct_metering_evidence WHERE evidence_index >= ${first}`,
        `DELETE FROM evidence.tree_heads WHERE tree_size > ${first}`,
      );
      await forge(each);
    });
    expect((await verify(folder)).tree_size).toBe(first);
    expect(await difference(folder, newest?.file)).toMatch(/got a log of \d+, want at least \d+/);
  });
});

/** Changes a quantity everywhere in the warehouse, then makes log, tiles and checkpoint fit. */
async function fork(folder: string, index: number): Promise<void> {
  const where = `WHERE evidence_index = ${index}`;
  await changeWarehouse(
    folder,
    `UPDATE raw.polaris_readings SET quantity = '666.5', quantity_decimal = 666.5 ${where}`,
    `UPDATE evidence.entries SET leaf_hash = (
       SELECT unhex(sha256(('\\x00'::BLOB || encode('{' || list_aggregate([
         '"cluster_id":' || to_json(cluster_id), '"customer_id":' || to_json(customer_id),
         '"dimension":' || to_json(dimension), '"hour":' || to_json(hour), '"page_sha256":' || to_json(page_sha256),
         '"quantity":' || to_json(quantity), '"reading_id":' || to_json(reading_id),
         '"recorded_at":' || to_json(recorded_at), '"revision":' || to_json(revision::VARCHAR),
         '"seq":' || to_json(seq::VARCHAR),
         '"subscription_id":' || coalesce(to_json(subscription_id)::VARCHAR, 'null'), '"unit":' || to_json(unit)
       ], 'string_agg', ',') || '}')))) FROM raw.polaris_readings ${where}) ${where}`,
    `UPDATE marts.fct_metering_evidence SET quantity = '666.5', quantity_decimal = 666.5,
       leaf_hash = (SELECT lower(hex(leaf_hash)) FROM evidence.entries ${where}) ${where}`,
  );
  await forge(folder);
}

/** Makes tiles, tree head and the only checkpoint anew from the entries, with the true key. */
async function forge(folder: string): Promise<void> {
  const evidence = join(folder, 'evidence');
  const keys = await readVerifierKeys(evidence);
  rmSync(evidence, { recursive: true });
  const rows = await changeWarehouse(
    folder,
    'SELECT hex(leaf_hash) FROM evidence.entries ORDER BY evidence_index',
  );
  const tiles = growTiles(evidence, EMPTY_TREE);
  tiles.append(Buffer.from(rows.map(([hash]) => String(hash)).join(''), 'hex'));
  tiles.finish();
  const { size } = tiles.tree;
  const root = rootHash(tiles.tree);
  const note = signCheckpoint({ size, root }, signer);
  await keepCheckpoint(evidence, size, note, signer);
  expect(openCheckpoint(note, keys).size).toBe(size);
  const head = `unhex('${root.toString('hex')}'), unhex('${Buffer.concat(tiles.tree.frontier).toString('hex')}')`;
  await changeWarehouse(
    folder,
    'DELETE FROM evidence.tree_heads',
    `INSERT INTO evidence.tree_heads SELECT ${size}, ${head}, 'forged', TIMESTAMP '2026-11-23 03:00:00'`,
  );
}
