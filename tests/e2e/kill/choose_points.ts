const STREAM = /(polaris|salesforce|tackle)(?:\.|\/|_)(\w+)/;
/** Of two names for one moment, the one that says what comes is kept for these. */
const WEIGHTY = /^before (?:COMMIT|POST|DELETE \/|spawn|rename to)/;

/** Which of the recorded points are tried. */
export interface Choice {
  /** Points that name a stream are tried for these alone (`polaris.readings`): all streams take the same way. */
  readonly streams: readonly string[];
  /** Only points with such names; absent: all. */
  readonly only?: RegExp;
  /** Names that are left out, unless `all`: others stand for them. */
  readonly skip?: RegExp;
  /** Every occurrence of every name, of every stream. */
  readonly all: boolean;
}

/**
 * The points to try, in the order in which they are passed: the first passing of each name. `after X` and a `before Y`
 * that follows at once are one moment, and one of them is tried.
 */
export function choosePoints(
  recorded: readonly string[],
  { streams, only, skip, all }: Choice,
): readonly string[] {
  const wanted = recorded.filter((point) => only === undefined || only.test(point));
  if (all) return wanted;
  const first = wanted.filter(
    (point) => point.endsWith('#1') && isOf(streams, point) && skip?.test(point) !== true,
  );
  const chosen = new Set(first);
  recorded.forEach((point, index) => {
    const next = recorded[index + 1] ?? '';
    const isOneMoment = point.startsWith('after ') && next.startsWith('before ');
    if (isOneMoment && chosen.has(point) && chosen.has(next))
      chosen.delete(WEIGHTY.test(next) ? point : next);
  });
  return first.filter((point) => chosen.has(point));
}

function isOf(streams: readonly string[], point: string): boolean {
  const [, source, name] = STREAM.exec(point) ?? [];
  if (source === undefined || name === 'seq_fillers' || name === 'reconciled') return true;
  return streams.includes(`${source}.${name}`);
}
