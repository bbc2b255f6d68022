import { isColumnar, type LandedLoad } from '../../schemas/page.ts';
import type { Stream } from '../../schemas/streams.ts';
import type { LandedPage, Load, QuarantineGate } from '../warehouse.ts';
import { acceptAppendOnly } from './accept_append_only.ts';
import { acceptRecords } from './accept_records.ts';
import { moveBookmark, proveFigures, writeLoad, writePages } from './bookkeeping.ts';
import { type Commit, createVerdicts } from './commit.ts';
import type { Database, Session } from './database.ts';
import { Drift } from './drift.ts';
import { checkGate } from './gate.ts';
import { completePatches, unheldKeys } from './patches.ts';
import { stageKeys } from './present_keys.ts';
import { fillSeq, gatherRefusals, writeQuarantine } from './quarantine.ts';
import { settleQuarantine } from './replay.ts';
import { openStage, type Stage } from './stage.ts';
import { count } from './values.ts';

/** Starts a load of one stream, in a session of its own: what is staged there is gone when the session ends. */
export async function startLoad(
  database: Database,
  stream: Stream,
  run_id: string,
  now: () => Date,
): Promise<Load> {
  const session = await database.session();
  const started_at = now().toISOString();
  const drift = new Drift();
  let listed = false;
  let stage: Stage | null;
  try {
    stage = await openStage(database, session, stream);
  } catch (error) {
    session.close();
    throw error;
  }
  const open = (): Stage => {
    if (stage !== null) return stage;
    throw new Error(
      `warehouse: load of ${stream.source} ${stream.name}: got a use after its end, want a new load`,
    );
  };
  const end = async (): Promise<void> => {
    const ending = open();
    stage = null;
    // A statement on its way must not find its session closed under it; its failure no longer matters here.
    await ending.flush().catch(() => undefined);
    session.close();
    await ending.discard();
  };
  return {
    add: async (page: LandedPage) => {
      if (!isColumnar(page.parsed)) drift.add(page.parsed.drift);
      await open().add(page);
    },
    present: async (keys) => {
      await open().flush();
      await stageKeys(session, stream, keys);
      listed = true;
    },
    unheld: async () => {
      await open().flush();
      await open().show();
      return unheldKeys(session, stream, listed);
    },
    commit: async (options) => {
      try {
        await open().flush();
        await open().show();
        return await database.exclusive(() =>
          commitLoad(session, stream, run_id, { ...options, listed, now, started_at, drift: drift.json() }),
        );
      } finally {
        await end();
      }
    },
    abort: end,
  };
}

interface CommitOptions {
  readonly complete: boolean;
  /** True where the source's keys were listed. */
  readonly listed: boolean;
  readonly gate: QuarantineGate;
  readonly replay?: boolean;
  readonly now: () => Date;
  readonly started_at: string;
  readonly drift: string;
}

/** The whole load in one transaction. The order matters: the gate is judged when every row has its verdict. */
async function commitLoad(
  session: Session,
  stream: Stream,
  run_id: string,
  options: CommitOptions,
): Promise<LandedLoad> {
  return session.transaction(async () => {
    const next = await session.row(
      'number the load',
      'SELECT coalesce(max(load_id), 0) + 1 AS load_id FROM ops.loads',
    );
    const load_id = count(next.load_id);
    const commit: Commit = { session, stream, load_id, run_id, committed_at: options.now().toISOString() };
    await createVerdicts(commit);
    await completePatches(commit, options.replay === true);
    const accepted =
      stream.kind === 'records' ? await acceptRecords(commit, options) : await acceptAppendOnly(commit);
    await gatherRefusals(commit);
    const figures = await proveFigures(commit, accepted);
    if (options.replay === true) await settleQuarantine(commit);
    else {
      await checkGate(session, stream, options.gate, figures);
      await writeQuarantine(commit, options.complete);
    }
    if (stream.kind === 'revisions') await fillSeq(commit);
    await writePages(commit);
    const load = { stream, load_id, ...figures, ...(await moveBookmark(commit)) };
    await writeLoad(commit, load, options);
    return load;
  });
}
