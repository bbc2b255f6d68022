import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fingerprintOf } from '../../pipelines/transform.ts';
import { scratch } from '../support/scratch.ts';

const folder = scratch();
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('changes with each file that decides how tables are made, and with nothing that dbt leaves beside them', async () => {
  const fingerprint = (variables = {}) => fingerprintOf([folder], variables);
  mkdirSync(join(folder, 'profiles'));
  writeFileSync(join(folder, 'a.sql'), 'select 1');
  const first = await fingerprint();
  writeFileSync(join(folder, 'profiles', '.user.yml'), 'id: 1');
  writeFileSync(join(folder, 'layout.md'), 'text');
  expect(await fingerprint()).toBe(first);
  expect(await fingerprint({ close: 3 })).not.toBe(first);
  renameSync(join(folder, 'a.sql'), join(folder, 'b.sql'));
  const renamed = await fingerprint();
  expect(renamed).not.toBe(first);
  writeFileSync(join(folder, 'b.sql'), 'select 2');
  expect(await fingerprint()).not.toBe(renamed);
});
