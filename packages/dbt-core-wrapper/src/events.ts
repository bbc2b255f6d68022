import type { NodeStatus } from './status.ts';

/** How loud dbt says something. */
export type DbtLevel = 'debug' | 'info' | 'warn' | 'error';

/** dbt is up: sent once, before anything else. */
export interface InvocationEvent {
  readonly kind: 'invocation';
  readonly at: string;
  readonly dbtVersion: string;
  readonly invocationId: string;
  /** Of the dbt process. */
  readonly pid: number;
}

/** The nodes are known and work begins: sent at most once, before the first node (never when nothing is selected). */
export interface StartedEvent {
  readonly kind: 'started';
  readonly at: string;
  /** Nodes of this call, without the project's hooks. */
  readonly total: number;
}

/** A node is being worked on. Not sent for a node that is skipped. */
export interface NodeStartedEvent {
  readonly kind: 'node_started';
  readonly at: string;
  readonly id: string;
  readonly name: string;
  /** `model`, `test`, `unit_test`, `seed`, `snapshot`, … or `operation` for a hook. */
  readonly resourceType: string;
  /** From 1 to `total`; hooks are counted for themselves. */
  readonly index: number;
  readonly total: number;
}

/** A node is done, failed or skipped. */
export interface NodeFinishedEvent extends Omit<NodeStartedEvent, 'kind'> {
  readonly kind: 'node_finished';
  readonly status: NodeStatus;
  readonly seconds: number;
  /** Rows written, where dbt logs the exact number (seeds). */
  readonly rows?: number;
  /** Tests: rows that failed. */
  readonly failures?: number;
}

/** Anything else that dbt logs, in its words. */
export interface MessageEvent {
  readonly kind: 'message';
  readonly at: string;
  readonly level: DbtLevel;
  /** dbt's name of the event, such as `FoundStats`; `Output` for a line that is not of dbt's log. */
  readonly name: string;
  readonly text: string;
  readonly nodeId?: string;
}

/** One step of a dbt call. `at` is ISO 8601 in UTC, from dbt's clock. */
export type DbtEvent = InvocationEvent | StartedEvent | NodeStartedEvent | NodeFinishedEvent | MessageEvent;
