import type { Stream } from '../../schemas/streams.ts';
import { GateError, type QuarantineGate } from '../warehouse.ts';
import type { Session } from './database.ts';
import { count, textOrNull } from './values.ts';

/**
 * Lets a load through unless more than `max_share` of its rows, and more than `min_rows`, are refused.
 * @throws GateError with the figures and the five commonest reasons
 */
export async function checkGate(
  session: Session,
  stream: Stream,
  gate: QuarantineGate,
  figures: { readonly rows_read: number; readonly rows_quarantined: number },
): Promise<void> {
  const { rows_read, rows_quarantined } = figures;
  if (gate.accepted || rows_quarantined <= gate.min_rows) return;
  if (rows_quarantined <= gate.max_share * rows_read) return;
  const rows = await session.rows(
    'count the reasons',
    `SELECT reason, column_name, count(*) AS n FROM refusals GROUP BY ALL ORDER BY n DESC, reason, column_name LIMIT 5`,
  );
  const reasons = rows.map((row) => ({
    reason: textOrNull(row.reason) ?? '',
    column: textOrNull(row.column_name),
    rows: count(row.n),
  }));
  const [first] = reasons;
  throw new GateError(
    `warehouse: load of ${stream.source} ${stream.name}: got ${rows_quarantined} of ${rows_read} rows quarantined ` +
      `(most often ${first?.column ?? 'row'}: ${first?.reason ?? 'unknown'}), want at most ` +
      `${gate.min_rows} rows or a share of ${gate.max_share}; nothing was kept: mend the source or its contract, ` +
      `or take them once with --accept-quarantine ${stream.source}.${stream.name}`,
    { ...figures, reasons },
  );
}
