import type { Commit } from './commit.ts';
import type { Session } from './database.ts';
import type { Identity } from './identities.ts';
import { identifier, list } from './sql.ts';
import { count } from './values.ts';

const MOST_ROUNDS = 16;

/**
 * Finds which of the rows of one load that share an identity are accepted.
 *
 * `contest`: one row per staged row that may share an identity with another; `g0`, `g1`, … number the groups of
 * rows with the same identity. `winners`: those that are accepted.
 *
 * One by one, a row wins unless an earlier winner is in one of its groups. In rounds of sets: of the rows still in
 * the contest, each that is the first of all its groups wins, and everything in a winner's group leaves. The
 * earliest row left always wins, so that it ends; what wins is the same. Nearly always a round or two is all; rows that
 * decide one another in a long chain would need a round each, so that what is left after some rounds is decided one by
 * one after all.
 */
export async function createContest(commit: Commit, identities: readonly Identity[]): Promise<void> {
  await gather(commit, identities);
  const { session } = commit;
  const groups = identities.map((_, number) => `g${number}`);
  await session.run(
    'create the winners',
    `CREATE TEMP TABLE winners AS SELECT _ord, ${list(groups)} FROM contest LIMIT 0`,
  );
  await session.run(
    'open the contest',
    `CREATE TEMP TABLE undecided AS SELECT _ord, ${list(groups)} FROM contest WHERE NOT in_raw`,
  );
  for (let round = 0; (await undecided(session)) > 0; round += 1) {
    if (round === MOST_ROUNDS) return decideOneByOne(session, groups);
    const first = groups.map((group) => `_ord = min(_ord) OVER (PARTITION BY ${group})`);
    await session.run(
      'find winners',
      `INSERT INTO winners SELECT _ord, ${list(groups)} FROM undecided QUALIFY ${first.join(' AND ')}`,
    );
    const met = groups.map((group) => `${group} IN (SELECT ${group} FROM winners)`);
    await session.run('dismiss the others', `DELETE FROM undecided WHERE ${met.join(' OR ')}`);
  }
}

async function undecided(session: Session): Promise<number> {
  return count((await session.row('count the undecided', 'SELECT count(*) AS n FROM undecided')).n);
}

/** Holds the groups of the rows that are left in memory: a few numbers for each. */
async function decideOneByOne(session: Session, groups: readonly string[]): Promise<void> {
  const rows = await session.rows(
    'read the undecided',
    `SELECT _ord, ${list(groups)} FROM undecided ORDER BY _ord`,
  );
  const won = new Set<string>();
  const winners = rows.filter((row) => {
    const its = groups.map((group) => `${group} ${String(row[group])}`);
    if (its.some((group) => won.has(group))) return false;
    for (const group of its) won.add(group);
    return true;
  });
  await session.run(
    'note the winners',
    `INSERT INTO winners SELECT _ord, ${list(groups)} FROM undecided
     WHERE _ord IN (SELECT unnest(json_transform($winners, '["BIGINT"]')))`,
    { winners: JSON.stringify(winners.map(({ _ord }) => _ord)) },
  );
}

/** Rows whose identity hash occurs twice: eight bytes a row find them, where the values would fill the memory. */
async function gather({ session }: Commit, identities: readonly Identity[]): Promise<void> {
  const hashes = identities.map(
    ({ columns }, number) => `hash(${list(columns.map(identifier))}) AS h${number}`,
  );
  // What the raw table holds by the first identity is judged by that alone and meets nobody else.
  await session.run(
    'hash the identities',
    `CREATE TEMP TABLE hashes AS
     SELECT _ord, ${list(hashes)} FROM stage_rows
     WHERE _failed_column IS NULL AND _ord NOT IN (SELECT _ord FROM raw_hits WHERE identity = 0)`,
  );
  const repeated = identities.map(
    (_, number) => `h${number} IN (SELECT h${number} FROM hashes GROUP BY h${number} HAVING count(*) > 1)`,
  );
  await session.run(
    'find repeated hashes',
    `CREATE TEMP TABLE repeated AS SELECT _ord FROM hashes WHERE ${repeated.join(' OR ')}`,
  );
  const groups = identities.map(
    ({ columns }, number) => `min(_ord) OVER (PARTITION BY ${list(columns.map(identifier))}) AS g${number}`,
  );
  await session.run(
    'gather the contest',
    `CREATE TEMP TABLE contest AS
     SELECT _ord, _ord IN (SELECT _ord FROM raw_hits) AS in_raw, ${list(groups)}
     FROM stage_rows WHERE _ord IN (SELECT _ord FROM repeated)`,
  );
  await session.run('drop the hashes', 'DROP TABLE hashes');
}
