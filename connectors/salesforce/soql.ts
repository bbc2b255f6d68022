/** A span of SystemModstamp: `from` inclusive (null: no lower bound), `to` exclusive. */
export interface Window {
  readonly from: string | null;
  readonly to: string;
}

/** Records younger than this may still lack neighbours that were saved before them: they are read next time. */
const SAFETY_LAG_MS = 5 * 60_000;

/** The window of a read: from the bookmark less the look-back to the server's clock less the safety lag. */
export function readWindow(bookmark: string | null, lookback_minutes: number, now: Date): Window {
  const to = literal(now.getTime() - SAFETY_LAG_MS);
  if (bookmark === null) return { from: null, to };
  return { from: literal(Date.parse(bookmark) - lookback_minutes * 60_000), to };
}

/** A SOQL dateTime literal in UTC, whole seconds. */
function literal(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

/** The query of the records that changed in a window; `COUNT()` in the place of fields counts them. */
export function windowQuery(object: string, fields: readonly string[] | 'COUNT()', window: Window): string {
  const lower = window.from === null ? '' : `SystemModstamp >= ${window.from} AND `;
  const select = fields === 'COUNT()' ? fields : fields.join(', ');
  return `SELECT ${select} FROM ${object} WHERE ${lower}SystemModstamp < ${window.to}`;
}
