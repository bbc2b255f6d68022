import { z } from 'zod';
import type { Page } from '../../schemas/page.ts';
import type { ReadFrom } from '../source.ts';
import type { BulkResult, LandedResults } from './bulk_results.ts';
import type { Session } from './session.ts';
import type { StateFolder } from './state_folder.ts';

/** A page of a job's results that lies in the landing zone. */
const LANDED_RESULT = z.object({
  job: z.string(),
  locator: z.string().nullable(),
  next: z.string().nullable(),
  stated_rows: z.int().min(0),
  url: z.string(),
  received_at: z.iso.datetime(),
  sha256: z.string(),
  /** Below the data directory. */
  path: z.string(),
});
type LandedResult = z.infer<typeof LANDED_RESULT>;

/** Where a page that was given is to be noted once it is landed. */
export interface PageMark {
  readonly file: string;
  readonly result: Omit<LandedResult, 'path'>;
}

/** The pages of one job, as they are kept between nights. */
export interface JobPages {
  readonly session: Session;
  readonly folder: StateFolder;
  /** File of lines, one for each landed page. */
  readonly file: string;
  readonly job: string;
  readonly readLanded: ReadFrom['readLanded'];
  /** Page given → what to note of it. */
  readonly marks: WeakMap<Page, PageMark>;
}

/** Finds a job's landed pages, and marks those that come so that they are noted when they are landed. */
export function jobPages(pages: JobPages) {
  const { file, job, marks } = pages;
  let known: ReadonlyMap<string | null, LandedResult> | null = null;
  const landed: LandedResults = {
    at: async (locator) => {
      known ??= await landedOf(pages);
      const result = known.get(locator);
      return result === undefined ? null : readBack(pages, result);
    },
  };
  const received = (page: Page, { locator, next, stated_rows, url }: BulkResult) => {
    const { sha256, received_at } = page;
    marks.set(page, { file, result: { job, locator, next, stated_rows, url, received_at, sha256 } });
  };
  return { landed, received };
}

/** Notes that a page lies in the landing zone, where it is one of a job that is kept. */
export async function noteLanded(
  folder: StateFolder | null,
  mark: PageMark | undefined,
  path: string,
): Promise<void> {
  if (mark === undefined) return;
  await folder?.append(mark.file, { ...mark.result, path } satisfies LandedResult);
}

async function landedOf(pages: JobPages): Promise<ReadonlyMap<string | null, LandedResult>> {
  if (pages.readLanded === undefined) return new Map();
  const lines = await pages.folder.lines(pages.file, LANDED_RESULT);
  return new Map(lines.filter(({ job }) => job === pages.job).map((line) => [line.locator, line]));
}

/** A page that is gone or damaged is downloaded again. */
async function readBack(pages: JobPages, result: LandedResult): Promise<BulkResult | null> {
  const { session, readLanded } = pages;
  const { url, locator, next, stated_rows, received_at, path, sha256 } = result;
  try {
    const body = await readLanded?.(path, sha256);
    return body === undefined ? null : { url, body, locator, next, stated_rows, received_at };
  } catch (error) {
    session.context.env.log(
      'warn',
      `connectors: salesforce: landed page ${path} of job ${pages.job}: ${String(error)}; it is downloaded again`,
    );
    return null;
  }
}
