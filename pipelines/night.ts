import type { Source, SourceEnv } from '../connectors/source.ts';
import type { Config } from '../schemas/config.ts';
import { SOURCE_NAMES, type SourceName } from '../schemas/streams.ts';
import type { Warehouse } from '../warehouse/warehouse.ts';
import type { BackfillPlan } from './backfill_plan.ts';
import type { OnEvent } from './events.ts';
import type { DataPaths, ProgramPaths } from './paths.ts';
import type { ExtractReport, ModelsReport, SourceReport } from './report.ts';

/** What may be asked of a night: sources mean read, land and load of that source. */
export const ONLY = [...SOURCE_NAMES, 'load', 'seal', 'transform', 'extract', 'publish'] as const;
export type Only = (typeof ONLY)[number];

export interface NightOptions {
  readonly command: string;
  /** `yyyy-mm-dd`; null = the default as-of date. */
  readonly as_of: string | null;
  /** Streams (`polaris.readings`) whose quarantine is accepted this once. */
  readonly accept_quarantine: readonly string[];
  /** Empty = everything. */
  readonly only: readonly Only[];
  readonly full_refresh: boolean;
  readonly publish: boolean;
  /** The days that are read again, instead of a read on from the bookmarks. */
  readonly backfill?: BackfillPlan;
}

/** The outside world of a night, handed in once. */
export interface NightEnv extends SourceEnv {
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** One night under way: what its stages share. The warehouse is open except while dbt has it. */
export interface Night {
  readonly run_id: string;
  readonly config: Config;
  readonly options: NightOptions;
  readonly env: NightEnv;
  readonly program: ProgramPaths;
  readonly data: DataPaths;
  readonly sources: readonly Source[];
  readonly warehouse: { current: Warehouse | null };
  readonly results: {
    as_of: string | null;
    sources: Partial<Record<SourceName, SourceReport>>;
    models: ModelsReport;
    tree: { tree_size: number; root_hash: string };
    /** Whether the kept checkpoint of that tree is signed and says just that; null without one. */
    checkpoint_verified: boolean | null;
    extracts: ExtractReport[];
    /** What the night found and nobody need be woken for: kind → number. */
    findings: Record<string, number>;
  };
}

/** The open warehouse. @throws Error when a stage asks for it while dbt has the file (a mistake of ours) */
export function opened(night: Night): Warehouse {
  if (night.warehouse.current === null)
    throw new Error('pipelines: warehouse: got a closed one, want it open');
  return night.warehouse.current;
}

/** True when a stage, or a source's load, is asked for. */
export function asked(options: NightOptions, what: Only): boolean {
  if (options.only.length === 0) return true;
  const isSource = SOURCE_NAMES.some((name) => name === what);
  return options.only.includes(what) || (isSource && options.only.includes('load'));
}
