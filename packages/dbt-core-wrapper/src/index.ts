export type { DbtCommand } from './arguments.ts';
export {
  type Catalog,
  type Manifest,
  type ManifestNode,
  parseCatalog,
  parseManifest,
  parseRunResults,
  type RunResult,
  type RunResults,
  readCatalog,
  readManifest,
  readRunResults,
} from './artifacts.ts';
export { dbtBuild, dbtCompile, dbtDocs, dbtParse, dbtRun, dbtSeed, dbtTest } from './commands.ts';
export { DbtError, type DbtErrorDetails, type DbtErrorKind } from './error.ts';
export type {
  DbtEvent,
  DbtLevel,
  InvocationEvent,
  MessageEvent,
  NodeFinishedEvent,
  NodeStartedEvent,
  StartedEvent,
} from './events.ts';
export { describeFailures, requireSuccess } from './failures.ts';
export type { DbtCall, DbtDocsCall, DbtParseCall, DbtProject, DbtSelectCall } from './project.ts';
export type { DbtCounts, DbtDocsResult, DbtResult, NodeResult } from './result.ts';
export type { NodeStatus } from './status.ts';
