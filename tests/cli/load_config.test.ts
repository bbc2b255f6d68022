import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../cli/load_config.ts';
import { UsageError } from '../../schemas/errors.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'meterline-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function load(yaml: string, environment: Record<string, string> = {}) {
  const file = join(folder, 'meterline.yaml');
  writeFileSync(file, yaml);
  return loadConfig(file, environment);
}

function refusal(yaml: string, environment: Record<string, string> = {}): string {
  try {
    load(yaml, environment);
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('got a configuration, want a refusal');
}

const REFERENCE = `\${${'SECRET'}}`;
const POLARIS = `polaris: { url: "https://p.example", client_id: c, client_secret: "${REFERENCE}" }`;

describe('loadConfig', () => {
  it('fills defaults, takes paths from the folder of the file, and freezes the whole', () => {
    const config = load('data_dir: ./here\n');
    expect(config.data_dir).toBe(join(folder, 'here'));
    expect(config.cut_offs).toEqual({ as_of: '02:00', close: { days: 3, time: '06:00' } });
    expect(config.gates.min_quarantined_rows).toBe(20);
    expect(config.sources).toEqual({});
    expect(() => Object.assign(config.gates, { freshness_hours: 1 })).toThrow(TypeError);
  });

  it('takes secrets from the environment', () => {
    const config = load(`sources:\n  ${POLARIS}\n`, { SECRET: 'from-environment' });
    expect(config.sources.polaris?.client_secret).toBe('from-environment');
  });

  it('refuses a secret that is written out, without repeating it', () => {
    const message = refusal(`sources:\n  ${POLARIS.replace(REFERENCE, 'hunter2-written-out')}\n`);
    expect(message).toContain('sources.polaris.client_secret: got a secret written out');
    expect(message).not.toContain('hunter2');
  });

  it('names an environment variable that is not set', () => {
    expect(refusal(`sources:\n  ${POLARIS}\n`)).toContain('environment variable SECRET is not set');
  });

  it.each([
    ['data_dirr: x', 'data_dirr: unknown key, want "data_dir"'],
    ['gates: { freshnes_hours: 3 }', 'gates.freshnes_hours: unknown key, want "freshness_hours"'],
    ['cut_offs: { close: { day: 3 } }', 'cut_offs.close.day: unknown key, want "days"'],
    ['warehouse: { kind: bigquery, project: p, datset: d }', 'warehouse.datset: unknown key, want "dataset"'],
    [
      'sources: { salesforce: { login_url: "https://x.example", client_id: a, auth: { kind: jwt, user: u, private_key_file: f } } }',
      'sources.salesforce.auth.user: unknown key, want "username"',
    ],
  ])('answers the misspelt key of %s with the right one', (yaml, expected) => {
    expect(refusal(yaml)).toContain(expected);
  });

  it('lists every problem at once, with path and what is wanted', () => {
    const message = refusal('gates: { max_quarantine_share: 2 }\nschedule: { timezone: Europe/Berlin }\n');
    expect(message).toContain('2 problem(s), nothing was touched');
    expect(message).toContain('gates.max_quarantine_share');
    expect(message).toContain('want Etc/UTC');
  });

  it('refuses what is not YAML, naming the line', () => {
    expect(refusal('a: [1,\nb: }')).toMatch(/not valid YAML.*line 2/s);
  });

  it('refuses a file that is not there', () => {
    expect(() => loadConfig(join(folder, 'absent.yaml'), {})).toThrow(/cannot be read.*give --config/);
  });
});
