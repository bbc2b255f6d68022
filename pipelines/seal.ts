import { append, rootHash, type Tree } from '../evidence/merkle.ts';
import { type Night, opened } from './night.ts';

/**
 * Brings the log's tree up to the committed entries: O(new entries + log size). A run that was killed between commit
 * and seal is completed by the next one, since entries are taken from where the newest tree head ends.
 */
export async function seal(night: Night): Promise<void> {
  const warehouse = opened(night);
  night.env.onEvent({ kind: 'stage', stage: 'seal', detail: 'evidence log' });
  const before = await warehouse.treeHead();
  let range: Tree = { size: before.tree_size, frontier: before.frontier };
  for await (const batch of warehouse.leafHashes(before.tree_size)) {
    range = append(range, batch);
    night.env.onEvent({
      kind: 'progress',
      stage: 'seal',
      item: 'evidence log',
      done: range.size - before.tree_size,
      total: null,
      unit: 'entries',
      share: null,
    });
  }
  const head = { tree_size: range.size, root_hash: rootHash(range), frontier: range.frontier };
  if (head.tree_size > before.tree_size)
    await warehouse.recordTreeHead(head, night.run_id, night.env.now().toISOString());
  night.results.tree = { tree_size: head.tree_size, root_hash: head.root_hash.toString('hex') };
  const detail = `${head.tree_size} entries, root ${head.root_hash.toString('hex').slice(0, 16)}…`;
  night.env.onEvent({ kind: 'item_done', stage: 'seal', item: 'evidence log', detail });
}
