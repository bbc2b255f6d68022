import { createHash } from 'node:crypto';
import { canonicalJson, type JsonValue } from '../evidence/canonical_json.ts';
import { NightError } from '../schemas/errors.ts';
import type { Policies } from '../schemas/policies.ts';
import type { ClosedPolicy, PolicyVersion } from '../warehouse/close_records.ts';
import { monthAfter } from './months.ts';
import { type Night, opened } from './night.ts';

/** A version that says something else than when it was first used. Values are canonical JSON; null = not there. */
export interface ChangedPolicy {
  /** `overage/<policy_id>@<version>`, or the file's name and version. */
  readonly name: string;
  /** The first key that differs, such as `rates.burst`. */
  readonly key: string;
  readonly recorded: string | null;
  readonly now: string | null;
}

/**
 * Keeps each version of each policy as the night that first used it saw it, and the end that an open one got, once, when a
 * night first sees it. A version that says something else by now is a warning: rows that name it cannot be told apart. Their
 * number is the finding `changed_policies`.
 * @throws NightError where a version that frozen lines name is missing: the models would take their months back
 */
export async function recordPolicies(night: Night, policies: Policies): Promise<void> {
  const versions = versionsOf(policies);
  const warehouse = opened(night);
  const closed_until = closedUntil(await warehouse.periodCloses());
  const [missing] = missingPolicies(await warehouse.closedPolicies(), versions);
  if (missing !== undefined) throw withoutVersion(missing);
  const recorded = await warehouse.policyVersions();
  const fresh = [...unusedVersions(recorded, versions), ...endedVersions(recorded, versions, closed_until)];
  await warehouse.recordPolicyVersions(fresh, night.run_id, night.env.now().toISOString());
  const changed = changedPolicies(await warehouse.policyVersions(), versions, closed_until);
  if (changed.length > 0) night.results.findings.changed_policies = changed.length;
  for (const each of changed)
    night.env.onEvent({ kind: 'warning', stage: 'transform', message: describeChange(each) });
}

/** Every version in a folder of policies. Comments and layout of the files do not count: the content is what zod made of them. */
export function versionsOf(policies: Policies): readonly PolicyVersion[] {
  const { dimensions, features, churn, marketplace, hygiene, pricing, overage } = policies;
  const files = { dimensions, features, marketplace, hygiene, 'pricing-options': pricing };
  return [
    ...Object.entries(files).map(([kind, policy]) => versionOf(kind, kind, policy)),
    ...churn.versions.map((policy) => versionOf('churn', 'churn', policy)),
    ...overage.map((policy) => versionOf('overage', policy.policy_id, policy)),
  ];
}

function versionOf(
  kind: string,
  policy_id: string,
  policy: Pick<PolicyVersion, 'version' | 'prepared_by' | 'approved_by'>,
): PolicyVersion {
  const { version, prepared_by, approved_by } = policy;
  const content = canonicalJson({ ...policy });
  return { kind, policy_id, version, sha256: sha256(content), content, prepared_by, approved_by };
}

/** SHA-256 of a text in UTF-8, lower-case hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

/** The day up to which months are closed, exclusive; null while none is. */
export function closedUntil(closes: readonly { readonly month: string }[]): string | null {
  const newest = closes.at(-1);
  return newest === undefined ? null : monthAfter(newest.month);
}

/**
 * What the versions of a folder say otherwise than the newest record of each, by the first key that differs. `recorded` is in
 * the order of recording. An end that no night has recorded yet must lie in no closed month.
 */
export function changedPolicies(
  recorded: readonly PolicyVersion[],
  versions: readonly PolicyVersion[],
  closed_until: string | null,
): readonly ChangedPolicy[] {
  return versions.flatMap((version) => {
    const newest = newestOf(recorded, version);
    if (newest === undefined || newest.sha256 === version.sha256) return [];
    const [was, now] = [newest.content, version.content].map((text) => JSON.parse(text));
    if (isEnded(was, now, closed_until)) return [];
    return [{ name: policyName(version), ...firstDifference(was, now, '') }];
  });
}

/** Versions that were recorded open and got an end that lies in no month closed up to now: allowed, and not recorded yet. */
function endedVersions(
  recorded: readonly PolicyVersion[],
  versions: readonly PolicyVersion[],
  closed_until: string | null,
): readonly PolicyVersion[] {
  return versions.filter((version) => {
    const newest = newestOf(recorded, version);
    if (newest === undefined) return false;
    return isEnded(JSON.parse(newest.content), JSON.parse(version.content), closed_until);
  });
}

function newestOf(recorded: readonly PolicyVersion[], version: PolicyVersion): PolicyVersion | undefined {
  return recorded.findLast((each) => idOf(each) === idOf(version));
}

/** Versions that no night has used yet. */
export function unusedVersions(
  recorded: readonly PolicyVersion[],
  versions: readonly PolicyVersion[],
): readonly PolicyVersion[] {
  const known = new Set(recorded.map(idOf));
  return versions.filter((version) => !known.has(idOf(version)));
}

/**
 * Whoever begins a new version must end the one before (`policies check` insists on it): an open version that got an end
 * says the same as before up to that day, which must not lie in a closed month.
 */
function isEnded(was: PolicyJson, now: PolicyJson, closed_until: string | null): boolean {
  const { effective_to: open, ...before } = was;
  const { effective_to: end, ...after } = now;
  if (open !== null || typeof end !== 'string') return false;
  return canonicalJson(before) === canonicalJson(after) && (closed_until === null || end >= closed_until);
}

type PolicyJson = Readonly<Record<string, JsonValue>>;

/** Depth first, in the order of canonical JSON. */
function firstDifference(was: JsonValue, now: JsonValue, path: string): Omit<ChangedPolicy, 'name'> {
  if (isObject(was) && isObject(now))
    for (const key of [...new Set([...Object.keys(was), ...Object.keys(now)])].toSorted()) {
      const [a, b] = [was[key], now[key]];
      const at = path === '' ? key : `${path}.${key}`;
      if (a === undefined || b === undefined) return { key: at, recorded: shown(a), now: shown(b) };
      if (canonicalJson(a) !== canonicalJson(b)) return firstDifference(a, b, at);
    }
  return { key: path, recorded: shown(was), now: shown(now) };
}

function isObject(value: JsonValue): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shown(value: JsonValue | undefined): string | null {
  return value === undefined ? null : canonicalJson(value);
}

function idOf({ kind, policy_id, version }: PolicyVersion): string {
  return canonicalJson([kind, policy_id, version]);
}

/** `overage/<policy_id>@<version>` or `<file> <version>`. */
export function policyName({ kind, policy_id, version }: PolicyVersion): string {
  return kind === 'overage' ? `overage/${policy_id}@${version}` : `${kind}.yaml ${version}`;
}

/** Overage versions that frozen lines name and the folder lacks, as `overage/<policy_id>@<version>`. */
export function missingPolicies(
  named: readonly ClosedPolicy[],
  versions: readonly PolicyVersion[],
): readonly string[] {
  const known = new Set(versions.filter(({ kind }) => kind === 'overage').map(policyName));
  return named
    .map(({ policy_id, version }) => `overage/${policy_id}@${version}`)
    .filter((name) => !known.has(name));
}

function withoutVersion(name: string): NightError {
  const [message = '', next_step = ''] = describeMissing(name).split('; ');
  return new NightError(message, { stage: 'transform', source: 'policies', next_step });
}

/** One line for one missing version. */
export function describeMissing(name: string): string {
  return `policies: ${name}: got no such version in the folder, want it, since lines of closed months name it; restore its file`;
}

/** One line for one changed version. */
export function describeChange({ name, key, recorded, now }: ChangedPolicy): string {
  return `policies: ${name}, ${key}: got ${now ?? 'nothing'}, want ${recorded ?? 'nothing'} as when this version was first used; take the change back, or give it a version of its own`;
}
