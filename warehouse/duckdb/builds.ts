import type { Warehouse } from '../warehouse.ts';
import type { Session } from './database.ts';

/** The records of builds of the tables that people read: `ops.builds`. */
export function builds(session: Session): Pick<Warehouse, 'canBuildOn' | 'recordBuild'> {
  return {
    canBuildOn: async (fingerprint) =>
      (await session.rows('look at the last build', CAN_BUILD_ON, { fingerprint })).length > 0,
    recordBuild: async ({ run_id, fingerprint, built_at }) => {
      await session.run('record the build', RECORD, { run_id, fingerprint, built_at });
    },
  };
}

/**
 * The last build counts only where nothing came since that changes what was built without being a newer row: a snapshot
 * that dates before its as-of date (or is the first of its source, which then stands in for all earlier dates), or
 * another catalogue of dimensions.
 */
const CAN_BUILD_ON = `
  SELECT build_id FROM ops.builds AS b
  WHERE build_id = (SELECT max(build_id) FROM ops.builds) AND fingerprint = $fingerprint
    AND NOT EXISTS (
      SELECT 1 FROM ops.snapshots AS s
      WHERE s.snapshot_id > b.snapshot_id AND NOT EXISTS (
        SELECT 1 FROM ops.snapshots AS o
        WHERE o.source = s.source AND o.snapshot_id < s.snapshot_id
          AND (o.snapshot_date = s.snapshot_date OR s.snapshot_date > b.as_of_date)))
    AND NOT EXISTS (SELECT 1 FROM raw.polaris_dimensions AS d WHERE d.load_id > b.load_id)`;

/** Nothing was loaded while the tables were built: the state now is the one that they were built from. */
const RECORD = `
  INSERT INTO ops.builds (build_id, run_id, fingerprint, load_id, snapshot_id, as_of_date, tree_size, built_at)
  SELECT (SELECT coalesce(max(build_id), 0) + 1 FROM ops.builds), $run_id, $fingerprint,
    (SELECT coalesce(max(load_id), 0) FROM ops.loads), (SELECT coalesce(max(snapshot_id), 0) FROM ops.snapshots),
    as_of_date, (SELECT coalesce(max(tree_size), 0) FROM evidence.tree_heads), $built_at::TIMESTAMP
  FROM (SELECT max(as_of_date) AS as_of_date FROM ops.runs) WHERE as_of_date IS NOT NULL`;
