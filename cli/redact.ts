import type { Config } from '../schemas/config.ts';
import { SECRET_KEYS } from '../schemas/config.ts';

const TOO_SHORT = 4;

/** The secret values of a configuration: no output may contain one. */
export function secretsOf(config: Config): readonly string[] {
  const found: string[] = [];
  const walk = (node: unknown, key: string) => {
    if (typeof node === 'string' && SECRET_KEYS.includes(key) && node.length >= TOO_SHORT) found.push(node);
    else if (node !== null && typeof node === 'object') for (const [k, v] of Object.entries(node)) walk(v, k);
  };
  walk(config, '');
  return found;
}

/** Replaces each secret, also where it stands URL-encoded, by `[redacted]`. */
export function redact(text: string, secrets: readonly string[]): string {
  return secrets.reduce(
    (clean, secret) =>
      clean.replaceAll(secret, '[redacted]').replaceAll(encodeURIComponent(secret), '[redacted]'),
    text,
  );
}
