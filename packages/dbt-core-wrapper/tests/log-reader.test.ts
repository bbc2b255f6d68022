import { expect, it } from 'vitest';
import type { DbtEvent } from '../src/events.ts';
import { logReader } from '../src/log-reader.ts';

function read(lines: readonly string[]) {
  const events: DbtEvent[] = [];
  const reader = logReader((event) => events.push(event));
  for (const line of lines) reader.line(line);
  return { events, summary: reader.summary() };
}

function line(name: string, data: unknown, info: Readonly<Record<string, unknown>> = {}): string {
  const base = {
    name,
    msg: `${name}!`,
    ts: '2026-01-02T03:04:05.000000Z',
    level: 'info',
    invocation_id: 'i',
    pid: 7,
    code: 'Q',
  };
  return JSON.stringify({ info: { ...base, ...info }, data });
}

const node = {
  unique_id: 'model.shop.a',
  node_name: 'a',
  resource_type: 'model',
  node_status: 'None',
  more: 1,
};

it('does not take an unknown status for a success', () => {
  const { events } = read([
    line('LogModelResult', { index: 1, total: 2, node_info: node, status: 'melted', execution_time: 0.5 }),
    line('LogNodeNoOpResult', {
      index: 2,
      total: 2,
      node_info: { ...node, node_status: 'success' },
      execution_time: 0,
    }),
  ]);
  expect(events).toMatchObject([
    { kind: 'started', total: 2 },
    { kind: 'node_finished', id: 'model.shop.a', status: 'unknown', seconds: 0.5 },
    { kind: 'node_finished', status: 'no-op' },
  ]);
});

it("reports what is not of dbt's log as it is", () => {
  const { events, summary } = read(['Segmentation fault', '{"info": 1}', '{not json']);
  expect(events.map((event) => event.kind === 'message' && [event.name, event.text])).toEqual([
    ['Output', 'Segmentation fault'],
    ['Output', '{"info": 1}'],
    ['Output', '{not json'],
  ]);
  expect(summary).toMatchObject({
    invocationId: null,
    otherOutput: ['Segmentation fault', '{"info": 1}', '{not json'],
  });
});

it('reads a line whose data has another type than expected', () => {
  const { events } = read([
    line('FoundStats', { index: 'one', node_info: { unique_id: 3 } }),
    line('Formatting', {}, { msg: '' }),
    line('Note', 'text', { level: 'warn', msg: ' careful ' }),
  ]);
  expect(events).toMatchObject([
    { kind: 'message', name: 'FoundStats', level: 'info', text: 'FoundStats!' },
    { kind: 'message', name: 'Note', level: 'warn', text: 'careful' },
  ]);
});

it('keeps the error, the warnings and the interrupt of the call', () => {
  const { summary } = read([
    line('MainReportVersion', { version: '=1.11.16' }),
    line('DeprecationsSummary', {}, { level: 'warn', msg: 'old' }),
    line('LogTestResult', { node_info: node }, { level: 'warn', msg: 'a test warns' }),
    line('EndOfRunSummary', { keyboard_interrupt: true }),
    line('MainEncounteredError', { exc: 'Runtime Error' }),
    line('MainStackTrace', { stack_trace: 'Traceback' }),
  ]);
  expect(summary).toEqual({
    invocationId: 'i',
    dbtVersion: '1.11.16',
    error: 'Runtime Error',
    stackTrace: 'Traceback',
    interrupted: true,
    warnings: ['old'],
    otherOutput: [],
  });
});

it('counts no part of a microbatch model as a node', () => {
  const { events } = read([
    line('LogBatchResult', { index: 1, total: 9, node_info: node, status: 'success' }),
  ]);
  expect(events).toMatchObject([{ kind: 'message', name: 'LogBatchResult', nodeId: 'model.shop.a' }]);
});
