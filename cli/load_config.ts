import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import leven from 'leven';
import { parseDocument } from 'yaml';
import { z } from 'zod';
import { CONFIG, type Config, SECRET_KEYS } from '../schemas/config.ts';
import { UsageError } from '../schemas/errors.ts';

/**
 * Reads, checks and freezes a configuration file; paths in it are taken from the file's own folder.
 * @throws UsageError naming every wrong key, what was found and what is wanted
 */
export function loadConfig(file: string, environment: Readonly<Record<string, string | undefined>>): Config {
  const document = parseDocument(readText(file), { prettyErrors: true });
  const broken = document.errors[0];
  if (broken !== undefined)
    throw new UsageError(`${file}: not valid YAML: ${broken.message}; mend that line`);
  const problems: string[] = [];
  const filled = substitute(document.toJS() ?? {}, [], environment, problems);
  const parsed = CONFIG.safeParse(filled);
  if (!parsed.success) problems.push(...parsed.error.issues.flatMap((issue) => describe(issue, filled)));
  if (problems.length > 0 || !parsed.success) {
    throw new UsageError(
      `${file}: ${problems.length} problem(s), nothing was touched\n  ${problems.join('\n  ')}`,
    );
  }
  return anchor(parsed.data, dirname(resolve(file)));
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`${file}: cannot be read (${(cause as Error).message}); give --config <file>`, {
      cause,
    });
  }
}

/** Replaces `${NAME}` in values. A secret key must be nothing but one `${NAME}`. */
function substitute(
  node: unknown,
  path: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
  problems: string[],
): unknown {
  if (Array.isArray(node))
    return node.map((item, i) => substitute(item, [...path, String(i)], environment, problems));
  if (node !== null && typeof node === 'object') {
    return Object.fromEntries(
      Object.entries(node).map(([key, value]) => [
        key,
        substitute(value, [...path, key], environment, problems),
      ]),
    );
  }
  const isSecret = SECRET_KEYS.includes(path.at(-1) ?? '');
  if (isSecret && !(typeof node === 'string' && /^\$\{\w+\}$/.test(node))) {
    problems.push(`${path.join('.')}: got a secret written out, want \${NAME} of an environment variable`);
    return 'withheld';
  }
  if (typeof node !== 'string') return node;
  return node.replaceAll(/\$\{(\w+)\}/g, (_, name: string) => {
    const value = environment[name];
    if (value === undefined || value === '') {
      problems.push(`${path.join('.')}: environment variable ${name} is not set; export it and run again`);
      return 'missing';
    }
    return value;
  });
}

function describe(issue: z.core.$ZodIssue, config: unknown): readonly string[] {
  const path = issue.path.map(String);
  if (issue.code === 'unrecognized_keys') {
    const valid = validKeys(CONFIG, path, config);
    return issue.keys.map((key) => `${[...path, key].join('.')}: unknown key, want ${suggest(key, valid)}`);
  }
  return [`${path.join('.') || 'file'}: ${issue.message}`];
}

function suggest(key: string, valid: readonly string[]): string {
  const ranked = [...valid].sort((a, b) => leven(key, a) - leven(key, b));
  const longer = valid.find((candidate) => candidate.startsWith(key) || key.startsWith(candidate));
  const nearest = longer ?? ranked[0];
  const near = nearest !== undefined && leven(key, nearest) <= Math.max(2, key.length / 2);
  if (longer !== undefined || near) return `"${nearest}"`;
  return `one of ${valid.join(', ')}`;
}

/** The keys that the schema knows at a path, following the config's own `kind` through unions. */
function validKeys(schema: z.core.$ZodType, path: readonly string[], config: unknown): readonly string[] {
  const inner = unwrap(schema, config);
  if (inner instanceof z.ZodRecord) {
    return path.length === 0 ? [] : validKeys(inner.valueType, path.slice(1), child(config, path[0]));
  }
  if (!(inner instanceof z.ZodObject)) return [];
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(inner.shape);
  const next = inner.shape[head];
  return next === undefined ? [] : validKeys(next, rest, child(config, head));
}

function child(config: unknown, key: string | undefined): unknown {
  return key === undefined ? undefined : (config as Record<string, unknown> | null | undefined)?.[key];
}

function unwrap(schema: z.core.$ZodType, config: unknown): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)
    return unwrap(schema.def.innerType, config);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return schema;
  const kind = child(config, 'kind');
  const options = schema.options as readonly z.core.$ZodType[];
  const chosen = options.find(
    (option) =>
      option instanceof z.ZodObject && (option.shape.kind as z.ZodLiteral | undefined)?.value === kind,
  );
  return chosen ?? schema;
}

/** Makes the paths absolute and freezes the whole. */
function anchor(config: Config, folder: string): Config {
  const { salesforce, tackle } = config.sources;
  const at = (path: string) => resolve(folder, path);
  return deepFreeze({
    ...config,
    data_dir: at(config.data_dir),
    policies: at(config.policies),
    evidence: {
      ...config.evidence,
      ...(config.evidence.signing_key_file && { signing_key_file: at(config.evidence.signing_key_file) }),
    },
    sources: {
      ...config.sources,
      ...(salesforce?.auth.kind === 'jwt' && {
        salesforce: {
          ...salesforce,
          auth: { ...salesforce.auth, private_key_file: at(salesforce.auth.private_key_file) },
        },
      }),
      ...(tackle?.azure_drop_dir && { tackle: { ...tackle, azure_drop_dir: at(tackle.azure_drop_dir) } }),
    },
  });
}

function deepFreeze<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    for (const part of Object.values(value)) deepFreeze(part);
    Object.freeze(value);
  }
  return value;
}
