import { afterEach, describe, expect, test } from 'vitest';
import type { SourceCase } from './source_case.ts';
import { CASES } from './source_cases.ts';
import { badRows } from './sources/bad_rows.ts';
import { type CaseNights, caseNights } from './sources/night.ts';
import { closeAfterEach, pagesOf, records } from './sources/reading.ts';

closeAfterEach();

const nights: CaseNights[] = [];
afterEach(async () => {
  for (const each of nights.splice(0)) await each.close();
});

async function newNights(which: SourceCase): Promise<CaseNights> {
  const made = await caseNights(which);
  nights.push(made);
  return made;
}

const LOADS = `SELECT rows_read, rows_loaded, rows_unchanged, rows_quarantined FROM ops.loads ORDER BY load_id`;
/** Rows of a page that are neither in the raw table, nor held already, nor in the quarantine; none. */
const UNACCOUNTED = `
  SELECT l.load_id FROM ops.loads AS l JOIN (
    SELECT load_id, sum(rows_in_body) AS body, sum(rows_good) AS good, sum(rows_quarantined) AS refused
    FROM ops.pages GROUP BY load_id
  ) AS p USING (load_id)
  WHERE body <> good + refused OR body <> rows_read OR refused <> l.rows_quarantined
    OR good <> rows_loaded + rows_unchanged
  UNION ALL SELECT load_id FROM ops.pages WHERE rows_in_body <> rows_good + rows_quarantined
    OR (stated_rows IS NOT NULL AND stated_rows <> rows_in_body)`;

describe.each(CASES)('$title in the warehouse', (which) => {
  test('the same rows in any split; loaded twice they are loaded once; a night that breaks off leaves nothing', async () => {
    const once = await newNights(which);
    await once.load(pagesOf(which, [7]));
    const rows = await once.rawRows();
    expect(rows).toHaveLength(7);

    const split = await newNights(which);
    const pages = pagesOf(which, [2, 0, 1, 3, 1]);
    const isPaged = which.loop !== undefined;
    await expect(split.load(pages, isPaged ? 2 : 1)).rejects.toThrow('broken by hand');
    expect(await split.rawRows()).toEqual([]);
    expect(await split.texts('SELECT bookmark FROM ops.bookmarks')).toEqual([]);
    await split.load(pages);
    expect(await split.rawRows()).toEqual(rows);
    await split.load(pages);
    expect(await split.rawRows()).toEqual(rows);
    expect(await split.texts(UNACCOUNTED)).toEqual([]);
  });

  test('rows in the body = loaded + unchanged + quarantined, on every page', async () => {
    const into = await newNights(which);
    const bad = badRows(which).map(({ row }) => row);
    const good = records(which, 4);
    // Good rows and bad ones, the same again, one good row twice.
    const twice = [...good.slice(0, 1), ...good];
    await into.load([[...twice, ...bad], [], [...good.slice(2), ...bad.slice(0, 3)]]);
    expect(await into.texts(UNACCOUNTED)).toEqual([]);
    const refused = bad.length + Math.min(3, bad.length);
    expect(await into.texts(LOADS)).toEqual([`${7 + refused}|4|3|${refused}`]);
    expect(await into.rawRows()).toHaveLength(4);
    const [kept] = await into.texts('SELECT sum(times_seen)::BIGINT FROM ops.quarantine');
    expect(Number(kept)).toBe(refused);
    const nowhere = `SELECT count(*) FROM ops.quarantine WHERE reason = '' OR page_sha256 NOT IN (SELECT sha256 FROM ops.pages)`;
    expect(await into.texts(nowhere)).toEqual(['0']);
  });
});
