import type { Contestant } from './contestants.ts';
import type { Sample } from './race.ts';

/** One contestant over its runs. Rates in rows/s; `*_ratio`: meterline's median over this one's. */
export interface Standing {
  readonly contestant: Contestant;
  readonly rate: Spread;
  /** Rows per second of processor time, children included: what other work on the machine hardly moves. */
  readonly cpu_rate: Spread;
  readonly cpu_s: number;
  readonly peak_bytes: number;
  readonly server_cpu_s: number;
  readonly rate_ratio: number | null;
  readonly cpu_ratio: number | null;
  readonly asked: string;
}

/** Median, least and most. */
interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** The middle value; the mean of both middle ones of an even number. @throws RangeError for none */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new RangeError('bench: median: got no value, want one');
  return (low + high) / 2;
}

/** Where each contestant that ran stands, in the order given. */
export function standings(
  contestants: readonly Contestant[],
  samples: readonly Sample[],
): readonly Standing[] {
  const bare = contestants.flatMap((contestant) => {
    const own = samples.filter(({ data, name }) => data === contestant.data && name === contestant.name);
    return own.length === 0 ? [] : [standing(contestant, own)];
  });
  return bare.map((each) => {
    const ours = bare.find(
      ({ contestant }) => contestant.data === each.contestant.data && contestant.name === 'meterline',
    );
    if (ours === undefined) return each;
    const rate_ratio = ours.rate.median / each.rate.median;
    return { ...each, rate_ratio, cpu_ratio: ours.cpu_rate.median / each.cpu_rate.median };
  });
}

function standing(contestant: Contestant, own: readonly Sample[]): Standing {
  return {
    contestant,
    rate: spread(own.map(({ rows, wall_s }) => rows / wall_s)),
    cpu_rate: spread(own.map(({ rows, cpu_s }) => rows / cpu_s)),
    cpu_s: median(own.map(({ cpu_s }) => cpu_s)),
    peak_bytes: Math.max(...own.map(({ peak_bytes }) => peak_bytes)),
    server_cpu_s: median(own.map(({ server_cpu_s }) => server_cpu_s)),
    rate_ratio: null,
    cpu_ratio: null,
    asked: askedText(own),
  };
}

function spread(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function askedText(own: readonly Sample[]): string {
  const texts = own.flatMap(({ asked }) =>
    asked.map(({ page_rows, accept_encoding }) => `${page_rows} rows, takes ${accept_encoding}`),
  );
  return texts.length === 0 ? 'reads from disk' : [...new Set(texts)].join('; ');
}
