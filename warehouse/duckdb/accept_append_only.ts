import { type Accepted, type Commit, rawName } from './commit.ts';
import { createContest } from './contest.ts';
import { storedValues } from './ddl.ts';
import { type Identity, identitiesOf } from './identities.ts';
import { equalOn, identifier, list, literal } from './sql.ts';

/**
 * Accepts events and reading revisions as if they came one by one, in the order page, offset: a row is accepted
 * unless a row accepted before it shares one of its identities. Then equal content makes it unchanged, different
 * content a quarantined conflict: the first stays. (`metrics.md` of the specification: "Current revision".)
 */
export async function acceptAppendOnly(commit: Commit): Promise<Accepted> {
  const identities = identitiesOf(commit.stream);
  await findInRaw(commit, identities);
  await createContest(commit, identities);
  await gatherMet(commit);
  await judge(commit, identities);
  const rows_loaded = await insertAccepted(commit);
  return { rows_loaded, records_vanished: 0 };
}

/** `raw_hits`: one row per staged row × identity that the raw table holds already. */
async function findInRaw(commit: Commit, identities: readonly Identity[]): Promise<void> {
  const { session, stream } = commit;
  await session.run(
    'create the hits',
    'CREATE TEMP TABLE raw_hits (_ord BIGINT, identity INTEGER, raw_row BIGINT)',
  );
  for (const [number, identity] of identities.entries()) {
    await session.run(
      `look up ${list(identity.columns)}`,
      `INSERT INTO raw_hits
       SELECT s._ord, ${number}, r.rowid
       FROM stage_rows AS s JOIN ${rawName(stream)} AS r ON ${equalOn(identity.columns, 's', 'r')}
       WHERE s._failed_column IS NULL ${await range(commit, identity)}`,
    );
  }
}

/** Lets DuckDB skip the row groups of the raw table that lie outside the hours of this load. */
async function range({ session }: Commit, { pruned_by }: Identity): Promise<string> {
  if (pruned_by === null) return '';
  const column = identifier(pruned_by);
  const found = await session.row(
    'find the range of the load',
    `SELECT min(${column})::VARCHAR AS low, max(${column})::VARCHAR AS high FROM stage_rows
     WHERE _failed_column IS NULL`,
  );
  if (typeof found.low !== 'string' || typeof found.high !== 'string') return 'AND false';
  return `AND r.${column} BETWEEN ${literal(found.low)}::TIMESTAMP AND ${literal(found.high)}::TIMESTAMP`;
}

/** `met_rows`: the staged rows that meet another one, here or in the raw table: few, where `stage_rows` are many. */
async function gatherMet({ session }: Commit): Promise<void> {
  await session.run(
    'gather the rows that meet another',
    `CREATE TEMP TABLE met_rows AS SELECT * FROM stage_rows
     WHERE _ord IN (SELECT _ord FROM raw_hits UNION ALL SELECT _ord FROM contest)`,
  );
}

/** Holds each row that is not accepted against the accepted one that it meets, by the first identity they share. */
async function judge({ session, stream }: Commit, identities: readonly Identity[]): Promise<void> {
  const meetings = identities.flatMap((identity, number) => [
    `SELECT s._ord, ${number} AS identity, ${difference(identity)}
     FROM raw_hits AS h JOIN met_rows AS s ON s._ord = h._ord JOIN ${rawName(stream)} AS o ON o.rowid = h.raw_row
     WHERE h.identity = ${number}`,
    `SELECT s._ord, ${number} AS identity, ${difference(identity)}
     FROM contest AS c JOIN winners AS w ON w.g${number} = c.g${number} AND w._ord < c._ord
       JOIN met_rows AS s ON s._ord = c._ord JOIN met_rows AS o ON o._ord = w._ord`,
  ]);
  const reasons = identities.map((identity, number) => `WHEN ${number} THEN ${literal(identity.conflict)}`);
  const fills = identities.map(
    ({ unchanged_fills_seq }, number) => `WHEN ${number} THEN ${unchanged_fills_seq}`,
  );
  await session.run(
    'judge the rows met before',
    `INSERT INTO verdicts
     SELECT _ord,
       CASE WHEN column_name IS NULL THEN 'unchanged' ELSE 'quarantined' END,
       CASE WHEN column_name IS NULL THEN CASE identity ${fills.join(' ')} END ELSE true END,
       column_name, value,
       CASE WHEN column_name IS NOT NULL THEN CASE identity ${reasons.join(' ')} END END
     FROM (${meetings.join(' UNION ALL ')})
     QUALIFY row_number() OVER (PARTITION BY _ord ORDER BY identity) = 1`,
  );
}

/** The first column in which row `s` differs from row `o`, and what `s` says there; nulls where they are equal. */
function difference({ compared }: Identity): string {
  const cases = (then: (column: string) => string) =>
    compared
      .map(({ column, stored }) => {
        const name = identifier(stored);
        return `WHEN s.${name} IS DISTINCT FROM o.${name} THEN ${then(column)}`;
      })
      .join(' ');
  return `CASE ${cases((column) => literal(column))} END AS column_name,
    CASE ${cases((column) => `left(to_json(s.${identifier(column)})::VARCHAR, 200)`)} END AS value`;
}

async function insertAccepted(commit: Commit): Promise<number> {
  const { session, stream } = commit;
  const columns = storedValues(stream).map(({ name }) => identifier(name));
  const revisions = stream.kind === 'revisions';
  const numbering = revisions ? await number(commit) : null;
  const rows = await session.run(
    `insert into ${rawName(stream)}`,
    `INSERT INTO ${rawName(stream)}
       (${list(columns)}${revisions ? ', evidence_index' : ''},
        load_id, run_id, loaded_at, received_at, page_sha256, page_offset)
     SELECT ${list(columns.map((column) => `s.${column}`))}${numbering === null ? '' : `, ${numbering.index}`},
       $load_id::BIGINT, $run_id, $committed_at::TIMESTAMP, p.received_at, p.sha256, s._offset
     FROM stage_rows AS s JOIN stage_pages AS p ON p.page_no = s._page_no
     ${numbering?.join ?? 'ANTI JOIN verdicts AS v ON v._ord = s._ord'}`,
    { load_id: commit.load_id, run_id: commit.run_id, committed_at: commit.committed_at },
  );
  if (numbering !== null) await insertEntries(commit, numbering);
  return rows;
}

/** How an accepted reading `s` gets its place in the evidence log: what to join, and the index then. */
interface Numbering {
  readonly join: string;
  readonly index: string;
}

/**
 * Numbers the accepted readings: from the log's size so far on, in the order page, offset, without gaps. Where all are
 * accepted, their numbers have no gaps already, and a sort of millions of rows is saved.
 */
async function number({ session }: Commit): Promise<Numbering> {
  const { size } = await session.row(
    'read the size of the log',
    'SELECT coalesce(max(evidence_index) + 1, 0)::VARCHAR AS size FROM evidence.entries',
  );
  const { verdicts } = await session.row('count the verdicts', 'SELECT count(*) AS verdicts FROM verdicts');
  if (Number(verdicts) === 0) return { join: '', index: `${String(size)} + s._ord` };
  await session.run(
    'number the accepted rows',
    `CREATE TEMP TABLE numbered AS
     SELECT _ord, ${String(size)} - 1 + row_number() OVER (ORDER BY _ord) AS evidence_index
     FROM stage_rows ANTI JOIN verdicts USING (_ord)`,
  );
  return { join: 'JOIN numbered AS n ON n._ord = s._ord', index: 'n.evidence_index' };
}

async function insertEntries({ session, load_id, run_id }: Commit, numbering: Numbering): Promise<void> {
  await session.run(
    'insert the evidence entries',
    `INSERT INTO evidence.entries (evidence_index, leaf_hash, load_id, run_id)
     SELECT ${numbering.index} AS evidence_index, s._leaf_hash, $load_id::BIGINT, $run_id
     FROM stage_rows AS s ${numbering.join} ORDER BY 1`,
    { load_id, run_id },
  );
}
