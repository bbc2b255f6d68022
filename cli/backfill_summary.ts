import type { BackfillPlan, PlannedRange, Why } from '../pipelines/backfill_plan.ts';
import { whole } from './progress.ts';

const REASONS: Readonly<Record<Why, string>> = {
  no_readings: 'no reading is held',
  control_totals_differ: 'control totals differ',
  open_quarantine: 'open quarantined readings',
  seq_holes: 'holes in seq',
  backfill_failed: 'an earlier backfill failed',
  asked_for: '--reprocess all',
};

/** What a backfill reads again and why, for people: one line per range, then what it leaves out. */
export function renderPlan(plan: BackfillPlan, isDryRun: boolean): readonly string[] {
  const { from, to, reprocess, days, feed_as_of } = plan;
  const title = `backfill of the days ${from} to ${to} (UTC, exclusive), --reprocess ${reprocess}:`;
  if (feed_as_of === null)
    return [
      `${title} there is no warehouse with readings yet, so there are no days to read again`,
      'next step: `meterline run` reads everything from the beginning',
    ];
  const verb = isDryRun ? 'would be read again' : 'read again';
  return [
    `${title} ${whole(days)} days ${verb}${isDryRun ? '; nothing was touched' : ''}`,
    ...plan.ranges.map(rangeLine),
    ...factLines(plan),
  ];
}

function rangeLine({ from, to, days, why }: PlannedRange): string {
  const reasons = why.map((each) => REASONS[each]).join(', ');
  return `  ${from} to ${to}  ${whole(days)} ${days === 1 ? 'day' : 'days'}: ${reasons}`;
}

function factLines(plan: BackfillPlan): readonly string[] {
  const { held, before_feed, no_clusters } = plan.left_out;
  const names = (of: BackfillPlan['reads']) =>
    of.map(({ source, streams }) => `${source}: ${streams.join(', ')}`).join('; ');
  const unplaced = plan.quarantined_unplaced;
  return [
    `  left out     ${whole(held)} days held, ${whole(before_feed)} before the feed began, ${whole(no_clusters)} without a cluster`,
    `  by days      ${names(plan.reads)}`,
    `  not by days  ${names(plan.not_bounded)} (every run reads these as always)`,
    `  feed         read up to ${plan.feed_as_of}; bookmarks stay as they are`,
    ...(unplaced === 0
      ? []
      : [`  note         ${whole(unplaced)} open quarantined readings do not say their day`]),
  ];
}
