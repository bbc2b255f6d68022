import type { Command } from 'commander';
import type { Context } from './context.ts';

/** Runs a command's work once its context is made from the options it was given. */
export type Act = (work: (context: (options: GlobalOptions) => Context) => Promise<number>) => Promise<void>;

interface GlobalOptions {
  readonly config?: string;
}

const collect = (value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value];

/** Declares every command. Their modules are loaded when they are called: `status` need not wait for DuckDB. */
export function addCommands(program: Command, act: Act): void {
  const command = (parent: Command, name: string, description: string) =>
    parent
      .command(name)
      .description(description)
      .option(
        '--config <file>',
        'configuration (default: ./meterline.yaml; without one, the bundled simulators)',
      )
      .option('--json', 'one JSON document on stdout, logs on stderr')
      .option('--verbose', 'log more')
      .allowExcessArguments(false);

  command(program, 'run', 'one whole night: read, land, load, seal, transform, extract, publish')
    .option('--as-of <date>', 'as-of date, yyyy-mm-dd (default: the latest that the readings allow)')
    .option(
      '--accept-quarantine <stream>',
      'load this stream although its quarantine gate is shut, once',
      collect,
    )
    .option('--only <source|stage>', 'only this source or stage; may be given several times', collect)
    .option('--full-refresh', 'read every source from its beginning again and rebuild every model')
    .option('--no-publish', 'write files, publish nothing')
    .option('--simulators-now <instant>', 'move the bundled simulators’ clock first (RFC 3339, UTC)')
    .action((options) => act(async (at) => (await import('./commands/run.ts')).run(at(options), options)));

  command(
    program,
    'backfill',
    'read UTC days again that nobody loaded, or where something is wrong, and bring the marts up to them',
  )
    .requiredOption('--from <date>', 'first day, yyyy-mm-dd (UTC)')
    .requiredOption('--to <date>', 'the day after the last, yyyy-mm-dd (UTC): exclusive')
    .option(
      '--reprocess <none|failed|all>',
      'which days: none = those without any reading; failed = also those where control totals differ, readings are quarantined, numbers are missing, or a backfill failed; all = every one',
      'none',
    )
    .option('--dry-run', 'say what would be read, and why; ask nobody, touch nothing')
    .option(
      '--accept-quarantine <stream>',
      'load this stream although its quarantine gate is shut, once',
      collect,
    )
    .option('--no-publish', 'write files, publish nothing')
    .action((options) =>
      act(async (at) => (await import('./commands/backfill.ts')).backfill(at(options), options)),
    );

  command(program, 'schedule', 'stay and run a night at each scheduled time (UTC)').action((options) =>
    act(async (at) => (await import('./commands/schedule.ts')).schedule(at(options))),
  );

  command(program, 'status', 'the last runs and how fresh the marts are; exit 1 when stale').action(
    (options) => act(async (at) => (await import('./commands/status.ts')).status(at(options))),
  );

  const quarantine = program.command('quarantine').description('rows that broke their contract');
  command(quarantine, 'list', 'quarantined rows: counts by stream and reason, then the rows, newest first')
    .option('--source <source>', 'only of this source')
    .option('--stream <stream>', 'only of this stream')
    .option(
      '--status <status>',
      'open, replayed, outdated (the source says something newer since) or all',
      'open',
    )
    .option('--limit <rows>', 'at most this many', '50')
    .option('--summary', 'only the counts by stream and reason')
    .action((options) =>
      act(async (at) => (await import('./commands/quarantine.ts')).quarantineList(at(options), options)),
    );

  command(quarantine, 'show', 'everything that is kept about one quarantined row')
    .argument('<id>', 'its number, as `list` shows it')
    .action((id, options) =>
      act(async (at) => (await import('./commands/quarantine.ts')).quarantineShow(at(options), id)),
    );
  command(
    quarantine,
    'replay',
    'try open quarantined rows again with today’s contracts, from the landed pages; asks no source',
  )
    .option('--source <source>', 'only of this source')
    .option('--stream <stream>', 'only of this stream')
    .option('--id <id>', 'only this row')
    .action((options) =>
      act(async (at) => (await import('./commands/quarantine.ts')).quarantineReplay(at(options), options)),
    );

  const evidence = program
    .command('evidence')
    .description('the log of every reading: verify it, prove entries, give its checkpoints away');
  const evidenceCommand = () => import('./commands/evidence.ts');
  command(evidence, 'verify', 'hold readings, log, tiles, checkpoints and landed pages against one another')
    .option('--against <file>', 'a checkpoint that was kept elsewhere: only with one can a rollback be seen')
    .action((options) => act(async (at) => (await evidenceCommand()).evidenceVerify(at(options), options)));
  command(evidence, 'prove', 'write the proof that one entry is in the log, and the exact bytes of its leaf')
    .argument('<reading>', 'reading_id or evidence_index')
    .option('--output <folder>', 'where the two files go', '.')
    .action((reading, options) =>
      act(async (at) => (await evidenceCommand()).evidenceProve(at(options), reading, options)),
    );
  command(evidence, 'consistency', 'print the proof that an older log is the beginning of a newer one')
    .argument('<old>', 'size of the older log, from 1')
    .argument('<new>', 'size of the newer one, of which a checkpoint is kept')
    .action((old, size, options) =>
      act(async (at) => (await evidenceCommand()).evidenceConsistency(at(options), old, size)),
    );
  command(evidence, 'checkpoint', 'print the newest checkpoint, to be kept elsewhere').action((options) =>
    act(async (at) => (await evidenceCommand()).evidenceCheckpoint(at(options))),
  );
  command(
    evidence,
    'export',
    'write the audit pack of a month: tables, leaves, proofs, report, and how to check them without us',
  )
    .argument('<period>', 'calendar month, yyyy-mm; one that is not closed is marked DRAFT')
    .option('--output <folder>', 'where the pack goes (default: <data_dir>/evidence/packs/<period>)')
    .action((period, options) =>
      act(async (at) =>
        (await import('./commands/evidence_export.ts')).evidenceExport(at(options), period, options),
      ),
    );
  command(
    evidence,
    'reperform',
    'recompute a month’s overage lines from the landed pages alone; exit 3 if any differs',
  )
    .argument('<month>', 'yyyy-mm')
    .action((month, options) =>
      act(async (at) =>
        (await import('./commands/evidence_reperform.ts')).evidenceReperform(at(options), month),
      ),
    );
  const closeCommand = () => import('./commands/evidence_close.ts');
  command(evidence, 'close', 'close a month: freeze its figures, then approve them, by another person')
    .argument('<month>', 'yyyy-mm')
    .requiredOption('--by <id>', 'who does it, such as a mail address')
    .option('--prepare', 'freeze the figures; may be repeated until they are approved')
    .option('--approve', 'close the month with the figures prepared last')
    .option('--accept <reason>', 'approve although exceptions are open, for this reason')
    .action((month, options) =>
      act(async (at) => (await closeCommand()).evidenceClose(at(options), month, options)),
    );
  command(evidence, 'reopen', 'refuses: a closed month is corrected by adjustments only')
    .argument('<month>', 'yyyy-mm')
    .action((month, options) => act(async (at) => (await closeCommand()).evidenceReopen(at(options), month)));

  const policies = program.command('policies').description('the rules that people decide');
  command(policies, 'check', 'check every policy of a folder and list them; exit 2 names all that is wrong')
    .argument('[folder]', 'folder of policies (default: the configured one)')
    .action((folder, options) =>
      act(async (at) => (await import('./commands/policies.ts')).policiesCheck(at(options), folder)),
    );
  command(
    policies,
    'diff',
    'what policies <b> would do to last month’s overage lines as against <a>; the warehouse is only read',
  )
    .argument('<a>', 'folder of policies, or <policy_id>@<version> of an overage policy or example')
    .argument('<b>', 'the same, for the change')
    .option('--month <month>', 'yyyy-mm (default: the last one that is over at the newest as-of date)')
    .action((a, b, options) =>
      act(async (at) => (await import('./commands/policies.ts')).policiesDiff(at(options), a, b, options)),
    );

  command(program, 'extract', 'write the .hyper, .tdsx and .twbx files from the marts as they are').action(
    (options) => act(async (at) => (await import('./commands/stages.ts')).extract(at(options))),
  );
  command(program, 'publish', 'publish the files written last').action((options) =>
    act(async (at) => (await import('./commands/stages.ts')).publish(at(options))),
  );

  command(program, 'simulate', 'run all simulators on loopback and print their URLs and a configuration')
    .option('--seed <n>', 'the world’s seed')
    .option('--customers <n>', 'Polaris customers')
    .option('--days <n>', 'days of usage before the first now')
    .option('--dimensions <n>', 'metered dimensions')
    .option('--now <instant>', 'move the clock (RFC 3339, UTC); it never goes back')
    .option('--data-dir <folder>', 'where simulators.json is kept', './data')
    .option(
      '--fault <simulator:kind[:times[:path]]>',
      'switch a fault on; may be given several times',
      collect,
    )
    .action((options) =>
      act(async (at) => (await import('./commands/simulate.ts')).simulate(at(options), options)),
    );

  command(program, 'doctor', 'check configuration, credentials, connectivity, versions and disk').action(
    (options) => act(async (at) => (await import('./commands/doctor.ts')).doctor(at(options))),
  );
}
