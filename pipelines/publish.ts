import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PublishError, publishAll } from '../extracts/tableau_publish.ts';
import { connectTableau, type TableauClient } from '../extracts/tableau_rest.ts';
import type { TableauSite } from '../extracts/tableau_session.ts';
import type { Config } from '../schemas/config.ts';
import { NightError } from '../schemas/errors.ts';
import type { Night, NightEnv } from './night.ts';

const NAME = 'meterline';
type Tableau = NonNullable<Config['tableau']>;

/**
 * Publishes the data source, then the workbook, all or none. Without a `tableau` configuration, or with
 * `--no-publish`, files are only written, and that is said.
 * @throws NightError naming the item and the step, and what is published now
 */
export async function publish(night: Night): Promise<void> {
  const { tableau } = night.config;
  if (tableau === undefined || !night.options.publish) {
    const message = tableau === undefined ? 'no tableau: in the configuration' : '--no-publish';
    night.env.onEvent({ kind: 'warning', stage: 'publish', message: `nothing is published (${message})` });
    return;
  }
  night.env.onEvent({
    kind: 'stage',
    stage: 'publish',
    detail: `${tableau.url}, project ${tableau.project}`,
  });
  try {
    await present(night);
    const client = await connect(tableau, night.env);
    try {
      await publishFiles(night, client, tableau.project);
    } finally {
      await client.signOut();
    }
  } catch (error) {
    throw asNightError(error, tableau);
  }
}

async function publishFiles(night: Night, client: TableauClient, project: string): Promise<void> {
  const { published } = await publishAll(client, {
    project,
    datasources: [{ name: NAME, path: fileOf(night, 'tdsx') }],
    workbooks: [{ name: NAME, path: fileOf(night, 'twbx') }],
    backups: join(night.data.extracts, '.earlier'),
  });
  night.results.extracts = night.results.extracts.map((file) => ({
    ...file,
    published: !file.name.endsWith('.hyper'),
  }));
  for (const { kind, name, replaced } of published) {
    const detail = replaced ? 'replaced' : 'new';
    night.env.onEvent({ kind: 'item_done', stage: 'publish', item: `${kind} ${name}`, detail });
  }
}

/** After `publish` alone the files of an earlier run are listed, too. @throws NightError when one is missing */
async function present(night: Night): Promise<void> {
  if (night.results.extracts.length > 0) return;
  for (const suffix of ['tdsx', 'twbx'] as const) {
    const path = fileOf(night, suffix);
    const bytes = await stat(path).then(
      (found) => found.size,
      (cause: unknown) => {
        const next_step = 'write the files first: `meterline extract`';
        throw new NightError(`pipelines: publish ${path}: got no file, want one`, {
          stage: 'publish',
          source: NAME,
          next_step,
          cause,
        });
      },
    );
    night.results.extracts.push({ name: `${NAME}.${suffix}`, path, rows: null, bytes, published: false });
  }
}

function fileOf(night: Night, suffix: 'tdsx' | 'twbx'): string {
  return join(night.data.extracts, `${NAME}.${suffix}`);
}

/** Signs in and finds the project. @throws Error saying what was wrong */
export async function checkTableau(config: Config, env: NightEnv): Promise<string> {
  if (config.tableau === undefined) return 'not configured: files are only written';
  const client = await connect(config.tableau, env);
  try {
    await client.findProject(config.tableau.project);
    return `signed in, project ${config.tableau.project} found`;
  } finally {
    await client.signOut();
  }
}

function connect(tableau: Tableau, env: NightEnv): Promise<TableauClient> {
  return connectTableau(siteOf(tableau), {
    effects: {
      sleep: (milliseconds) => env.sleep(milliseconds, env.signal),
      random: env.random,
      now: env.now,
    },
  });
}

function siteOf({ url, site, auth }: Tableau): TableauSite {
  if (auth.kind === 'pat') {
    return { url, site, auth: { kind: 'pat', tokenName: auth.token_name, tokenSecret: auth.token_secret } };
  }
  const { client_id: clientId, secret_id: secretId, secret_value: secretValue, username } = auth;
  return { url, site, auth: { kind: 'connected_app', clientId, secretId, secretValue, username } };
}

function asNightError(error: unknown, tableau: Tableau): NightError {
  if (error instanceof NightError) return error;
  const source = error instanceof PublishError ? error.item : tableau.url;
  const next_step = `check Tableau and the rights of the user, then \`meterline publish\`; the files of this night are written`;
  const message = error instanceof Error ? error.message : String(error);
  return new NightError(message, { stage: 'publish', source, next_step, cause: error });
}
