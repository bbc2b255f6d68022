import type { DbtEvent, NodeStartedEvent } from './events.ts';
import { type LogLine, logLevel, parseLogLine } from './log-line.ts';
import { type NodeStatus, nodeStatus } from './status.ts';

/** What the log said about the call as a whole. */
export interface LogSummary {
  readonly invocationId: string | null;
  readonly dbtVersion: string | null;
  /** The error that ended the command (dbt's `MainEncounteredError`), and its Python stack if dbt did not foresee it. */
  readonly error: string | null;
  readonly stackTrace: string | null;
  readonly interrupted: boolean;
  /** Warnings that are about no single node, such as deprecations and selectors that match nothing. */
  readonly warnings: readonly string[];
  /** Lines that are not of dbt's log, the last 50. */
  readonly otherOutput: readonly string[];
}

/** Turns dbt's log, line by line, into events. */
export interface LogReader {
  readonly line: (line: string) => void;
  readonly summary: () => LogSummary;
}

const OTHER_LINES = 50;
const STARTS: ReadonlySet<string> = new Set(['LogStartLine', 'LogHookStartLine']);
/** LogModelResult, LogTestResult, LogSeedResult, LogSnapshotResult, LogNodeNoOpResult, …; a batch is a part of a node. */
const FINISHES = /^Log(?!Batch)\w+Result$|^LogHookEndLine$|^SkippingDetails$/;

/** A reader that hands each event to `emit` as soon as its line is complete. */
export function logReader(emit: (event: DbtEvent) => void): LogReader {
  const summary = emptySummary();
  let started = false;
  const start = (total: number | undefined, at: string): void => {
    if (started || total === undefined) return;
    started = true;
    emit({ kind: 'started', at, total });
  };
  const line = (text: string): void => {
    const parsed = parseLogLine(text);
    if (parsed === null) {
      summary.otherOutput = [...summary.otherOutput, text].slice(-OTHER_LINES);
      emit({ kind: 'message', at: new Date().toISOString(), level: 'info', name: 'Output', text });
      return;
    }
    summarise(summary, parsed);
    const event = nodeEvent(parsed) ?? callEvent(parsed);
    if (event === null) return;
    if ('index' in event && event.resourceType !== 'operation') start(event.total, event.at);
    emit(event);
  };
  return { line, summary: () => summary };
}

interface MutableSummary {
  invocationId: string | null;
  dbtVersion: string | null;
  error: string | null;
  stackTrace: string | null;
  interrupted: boolean;
  warnings: string[];
  otherOutput: string[];
}

function emptySummary(): MutableSummary {
  const nothing = { invocationId: null, dbtVersion: null, error: null, stackTrace: null };
  return { ...nothing, interrupted: false, warnings: [], otherOutput: [] };
}

function summarise(summary: MutableSummary, { info, data }: LogLine): void {
  summary.invocationId = info.invocation_id;
  if (info.name === 'MainReportVersion') summary.dbtVersion = data.version?.replace(/^=/, '') ?? null;
  if (info.name === 'MainEncounteredError') summary.error = data.exc ?? info.msg;
  if (info.name === 'MainStackTrace') summary.stackTrace = data.stack_trace ?? info.msg;
  // While it reads the project, dbt shows an interrupt as an unforeseen error.
  const stack = info.name === 'MainStackTrace' ? (data.stack_trace ?? info.msg).trim() : '';
  if (data.keyboard_interrupt === true || stack.endsWith('\nKeyboardInterrupt')) summary.interrupted = true;
  if (info.level === 'warn' && data.node_info === undefined) summary.warnings.push(info.msg);
}

function nodeEvent({ info, data }: LogLine): DbtEvent | null {
  const node = data.node_info;
  const total = data.total ?? data.num_models;
  if (node === undefined || data.index === undefined || total === undefined) return null;
  const base: NodeStartedEvent = {
    kind: 'node_started',
    at: info.ts,
    id: node.unique_id,
    name: node.node_name,
    resourceType: node.resource_type,
    index: data.index,
    total,
  };
  if (STARTS.has(info.name)) return base;
  if (!FINISHES.test(info.name)) return null;
  const rows = /^INSERT (\d+)$/.exec(data.result_message ?? '')?.[1];
  return {
    ...base,
    kind: 'node_finished',
    status: finishedStatus(info.name, node.node_status, data.status),
    seconds: data.execution_time ?? 0,
    ...(rows === undefined ? {} : { rows: Number(rows) }),
    ...(node.resource_type.endsWith('test') && data.num_failures !== undefined
      ? { failures: data.num_failures }
      : {}),
  };
}

/** Unit tests carry no status in their node, models carry the adapter's message beside it: so both are asked. */
function finishedStatus(name: string, ofNode: string | undefined, ofEvent: string | undefined): NodeStatus {
  if (name === 'LogNodeNoOpResult') return 'no-op';
  const status = nodeStatus(ofNode ?? '');
  return status === 'unknown' ? nodeStatus((ofEvent ?? '').toLowerCase()) : status;
}

function callEvent({ info, data }: LogLine): DbtEvent | null {
  const at = info.ts;
  if (info.name === 'MainReportVersion') {
    const dbtVersion = data.version?.replace(/^=/, '') ?? '';
    return { kind: 'invocation', at, dbtVersion, invocationId: info.invocation_id, pid: info.pid };
  }
  if (info.msg.trim() === '') return null;
  const nodeId = data.node_info?.unique_id;
  const message = {
    kind: 'message',
    at,
    level: logLevel(info.level),
    name: info.name,
    text: info.msg.trim(),
  } as const;
  return nodeId === undefined ? message : { ...message, nodeId };
}
