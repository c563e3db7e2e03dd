/**
 * The executions: started, run, ended, stopped, redriven, resumed after a restart. What they do is the interpreter's
 * part; this is their life around it.
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { executionArn } from './arn.ts';
import { announce } from './execution-events.ts';
import { createScope, sleepUntil } from './interpreter/cancellation.ts';
import { runFlow } from './interpreter/flow.ts';
import { createFrames } from './interpreter/frames.ts';
import type { Frame, Frames } from './interpreter/frames.ts';
import { createHistory } from './interpreter/history.ts';
import type { EventDetails, History, HistoryEvent } from './interpreter/history.ts';
import { createPendingTasks } from './interpreter/pending-tasks.ts';
import type { PendingTasks } from './interpreter/pending-tasks.ts';
import type { Run } from './interpreter/run.ts';
import type { Json } from './json.ts';
import type { Definition, State } from './language/definition.ts';
import { processorOf } from './language/definition.ts';
import { StateError } from './language/state-error.ts';
import {
  CAUSE_LENGTH,
  ERROR_LENGTH,
  EXPRESS_SECONDS,
  NAME_REUSE_MILLISECONDS,
  STANDARD_MILLISECONDS,
} from './limits.ts';
import { writeLog } from './logging.ts';
import type { Execution, ExecutionStatus, Machine, Version } from './model.ts';

/** What an execution is started with. */
export interface Start {
  readonly machine: Machine;
  readonly version?: Version | undefined;
  readonly aliasArn?: string | undefined;
  readonly name: string;
  readonly input: string;
  readonly traceHeader?: string | undefined;
}

export interface Engine {
  readonly tasks: PendingTasks;
  start(start: Start): Execution;
  find(arn: string): Execution | undefined;
  /** Newest last. */
  ofMachine(machineArn: string): readonly Execution[];
  history(arn: string): readonly HistoryEvent[];
  /** Resolves when the execution has ended. */
  outcome(arn: string): Promise<Execution>;
  /** Ends it as ABORTED; resolves when everything in it has stopped. */
  stop(arn: string, error: string | undefined, cause: string | undefined): Promise<Execution>;
  redrive(execution: Execution): void;
  /** Goes on with the executions of an earlier process. */
  resume(): void;
  running(): number;
  close(): void;
}

/** How an execution that was stopped ends. */
interface Ending {
  readonly status: 'ABORTED' | 'TIMED_OUT';
  readonly error: string | undefined;
  readonly cause: string | undefined;
}

interface Entry {
  readonly execution: Execution;
  readonly history: History;
  readonly frames: Frames;
  ended: PromiseWithResolvers<Execution>;
  stop: (ending: Ending) => void;
}

/** Ended Standard executions whose history is kept: about 15 KB each for a saga of four tasks. */
const HISTORIES_KEPT = 10_000;
/** Express executions have no lasting record: the last ones are kept for whoever looks. */
const EXPRESS_KEPT = 1_000;

export function createEngine(context: AwsContext): Engine {
  const { clock, state } = context;
  const records = state.collection<Execution>('states.executions');
  const eventRecords = state.collection<HistoryEvent>('states.events');
  const frameRecords = state.collection<Frame>('states.frames');
  const entries = new Map<string, Entry>();
  const byMachine = new Map<string, Set<string>>();
  const express: string[] = [];
  const standard: string[] = [];
  const tasks = createPendingTasks();
  let running = 0;
  let closed = false;

  const save = (execution: Execution): void => {
    if (state.persistent && execution.type === 'STANDARD') records.put(execution.arn, { ...execution });
  };

  const addEntry = (
    execution: Execution,
    events: readonly HistoryEvent[],
    frames: readonly Frame[],
  ): Entry => {
    const kept = state.persistent && execution.type === 'STANDARD';
    const entry: Entry = {
      execution,
      history: createHistory({
        executionArn: execution.arn,
        clock,
        collection: kept ? eventRecords : undefined,
        kept: events,
        limited: execution.type === 'STANDARD',
        onEvent: (event) => writeLog(context, execution, event),
      }),
      frames: createFrames(execution.arn, kept ? frameRecords : undefined, frames),
      ended: Promise.withResolvers(),
      stop: () => undefined,
    };
    entries.set(execution.arn, entry);
    const known = byMachine.get(execution.machineArn);
    if (known) known.add(execution.arn);
    else byMachine.set(execution.machineArn, new Set([execution.arn]));
    return entry;
  };

  const forget = (arn: string): void => {
    const entry = entries.get(arn);
    if (!entry) return;
    entries.delete(arn);
    byMachine.get(entry.execution.machineArn)?.delete(arn);
    if (!state.persistent || entry.execution.type === 'EXPRESS') return;
    entry.history.dropAll();
    entry.frames.dropAll();
    records.delete(arn);
  };

  /** 90 days after its end, nothing of an execution is left, and its name is free. */
  const expire = (machineArn: string): void => {
    for (const arn of byMachine.get(machineArn) ?? []) {
      const stoppedAt = entries.get(arn)?.execution.stoppedAt;
      if (stoppedAt === undefined || clock.now() - stoppedAt < NAME_REUSE_MILLISECONDS) return;
      forget(arn);
    }
  };

  /** Of ended executions the last ones are kept whole, so that a long run does not fill the memory. */
  const keepLast = ({ arn, type }: Execution): void => {
    const [ended, kept, drop] =
      type === 'EXPRESS'
        ? [express, EXPRESS_KEPT, forget]
        : [standard, HISTORIES_KEPT, (old: string) => entries.get(old)?.history.dropAll()];
    ended.push(arn);
    if (ended.length > kept) drop(ended.shift() as string);
  };

  const finish = (
    entry: Entry,
    status: ExecutionStatus,
    output: Json | undefined,
    ending: Partial<Ending>,
  ): void => {
    const { execution, history, frames } = entry;
    execution.status = status;
    execution.stoppedAt = clock.now();
    if (output !== undefined) execution.output = JSON.stringify(output);
    execution.error = ending.error?.slice(0, ERROR_LENGTH);
    execution.cause = ending.cause?.slice(0, CAUSE_LENGTH);
    const last = history.events.at(-1)?.id ?? 0;
    history.add(EVENT_TYPES[status], last, endDetails(execution));
    if (status === 'SUCCEEDED' || execution.type === 'EXPRESS') frames.dropAll();
    save(execution);
    announce(context, execution);
    running--;
    entry.ended.resolve(execution);
    keepLast(execution);
  };

  const launch = (entry: Entry): void => {
    const { execution, history, frames } = entry;
    const definition = JSON.parse(execution.definition) as Definition;
    const scope = createScope();
    let ending: Ending | undefined;
    entry.ended = Promise.withResolvers();
    entry.stop = (wanted) => {
      ending ??= wanted;
      scope.cancel();
    };
    const run: Run = {
      context,
      execution,
      input: JSON.parse(execution.input) as Json,
      definition,
      history,
      frames,
      tasks,
      children,
      runFlow,
    };
    running++;
    const deadline = deadlineOf(execution, definition);
    void sleepUntil(clock, deadline, scope)
      .then(() => entry.stop({ status: 'TIMED_OUT', error: undefined, cause: undefined }))
      .catch(() => undefined);
    // The first state begins when the call that started the execution has its answer.
    void Promise.resolve()
      .then(() => {
        const frame = frames.open('', () => ({
          state: definition.StartAt,
          input: run.input,
          variables: {},
          lastEvent: 0,
        }));
        return runFlow(run, definition, frame, scope);
      })
      .then(
        (output) => {
          if (!closed) finish(entry, 'SUCCEEDED', output, {});
        },
        (error: unknown) => {
          if (closed) return;
          if (ending) finish(entry, ending.status, undefined, ending);
          else finish(entry, 'FAILED', undefined, failureOf(error));
        },
      )
      .finally(() => scope.cancel());
  };

  const begin = (execution: Execution): Execution => {
    const entry = addEntry(execution, [], []);
    entry.history.add('ExecutionStarted', 0, [
      'executionStarted',
      {
        input: execution.input,
        inputDetails: { truncated: false },
        roleArn: execution.roleArn,
        ...(execution.aliasArn !== undefined && { stateMachineAliasArn: execution.aliasArn }),
        ...(execution.versionArn !== undefined && { stateMachineVersionArn: execution.versionArn }),
      },
    ]);
    save(execution);
    announce(context, execution);
    launch(entry);
    return execution;
  };

  const existing = (arn: string): Entry => entries.get(arn) as Entry;

  const children: Run['children'] = {
    outcome: (arn) => existing(arn).ended.promise,
    stop: (arn) => entries.get(arn)?.stop({ status: 'ABORTED', error: undefined, cause: undefined }),
    startItem(parent, mapState: State, label, input) {
      const processor = processorOf(mapState);
      const { execution } = parent;
      const type = processor.ProcessorConfig?.ExecutionType ?? 'STANDARD';
      const name = randomUUID();
      const language = parent.definition.QueryLanguage;
      return begin({
        ...execution,
        arn: executionArn(context, `${execution.machineName}/${label}`, name, type, randomUUID()),
        name,
        machineArn: `${execution.machineArn}/${label}`,
        machineName: execution.machineName,
        type,
        definition: JSON.stringify({ ...processor, ...(language && { QueryLanguage: language }) }),
        input: JSON.stringify(input),
        startedAt: clock.now(),
        mapRunArn: execution.machineArn,
        status: 'RUNNING',
        redriveCount: 0,
        redrivenAt: undefined,
      });
    },
  };

  return {
    tasks,
    start({ machine, version, aliasArn, name, input, traceHeader }) {
      const arn = executionArn(context, machine.name, name, machine.type, randomUUID());
      return begin({
        arn,
        name,
        machineArn: machine.arn,
        machineName: machine.name,
        type: machine.type,
        definition: version?.definition ?? machine.definition,
        roleArn: version?.roleArn ?? machine.roleArn,
        revisionId: version?.revisionId ?? machine.revisionId,
        versionArn: version?.arn,
        aliasArn,
        logging: machine.logging,
        input,
        startedAt: clock.now(),
        traceHeader,
        mapRunArn: undefined,
        status: 'RUNNING',
        redriveCount: 0,
      });
    },
    find(arn) {
      const execution = entries.get(arn)?.execution;
      if (execution) expire(execution.machineArn);
      return entries.get(arn)?.execution;
    },
    ofMachine(machineArn) {
      expire(machineArn);
      return [...(byMachine.get(machineArn) ?? [])].map((arn) => existing(arn).execution);
    },
    history: (arn) => existing(arn).history.events,
    outcome: (arn) => existing(arn).ended.promise,
    stop(arn, error, cause) {
      const entry = existing(arn);
      if (entry.execution.status !== 'RUNNING') return Promise.resolve(entry.execution);
      entry.stop({ status: 'ABORTED', error, cause });
      return entry.ended.promise;
    },
    redrive(execution) {
      const entry = existing(execution.arn);
      execution.redriveCount++;
      execution.redrivenAt = clock.now();
      execution.status = 'RUNNING';
      execution.stoppedAt = undefined;
      execution.error = undefined;
      execution.cause = undefined;
      const last = entry.history.events.at(-1)?.id ?? 0;
      entry.history.add('ExecutionRedriven', last, [
        'executionRedriven',
        { redriveCount: execution.redriveCount },
      ]);
      entry.frames.prepareRedrive();
      save(execution);
      announce(context, execution);
      launch(entry);
    },
    resume() {
      if (!state.persistent) return;
      const events = groupedByExecution(eventRecords.entries());
      const frames = groupedByExecution(frameRecords.entries());
      for (const [arn, execution] of records.entries()) {
        const entry = addEntry({ ...execution }, events.get(arn) ?? [], frames.get(arn) ?? []);
        if (execution.status === 'RUNNING') launch(entry);
        else {
          entry.ended.resolve(entry.execution);
          keepLast(entry.execution);
        }
      }
    },
    running: () => running,
    close() {
      closed = true;
      for (const { stop } of entries.values())
        stop({ status: 'ABORTED', error: undefined, cause: undefined });
    },
  };
}

const EVENT_TYPES: Readonly<Record<ExecutionStatus, string>> = {
  RUNNING: 'ExecutionStarted',
  SUCCEEDED: 'ExecutionSucceeded',
  FAILED: 'ExecutionFailed',
  TIMED_OUT: 'ExecutionTimedOut',
  ABORTED: 'ExecutionAborted',
};

function endDetails({ status, output, error, cause }: Execution): EventDetails {
  if (status === 'SUCCEEDED') {
    return ['executionSucceeded', { output, outputDetails: { truncated: false } }];
  }
  const name =
    { FAILED: 'executionFailed', TIMED_OUT: 'executionTimedOut' }[status as string] ?? 'executionAborted';
  return [name, { ...(error !== undefined && { error }), ...(cause !== undefined && { cause }) }];
}

function failureOf(error: unknown): Partial<Ending> {
  if (error instanceof StateError) return { error: error.error, cause: error.causeText };
  return { error: 'States.Runtime', cause: error instanceof Error ? error.message : String(error) };
}

/** A redriven execution has its time anew. */
function deadlineOf(execution: Execution, definition: Definition): number {
  const from = execution.redrivenAt ?? execution.startedAt;
  const most = execution.type === 'EXPRESS' ? EXPRESS_SECONDS * 1_000 : STANDARD_MILLISECONDS;
  const own = definition.TimeoutSeconds === undefined ? most : definition.TimeoutSeconds * 1_000;
  return from + Math.min(own, most);
}

/** Records whose keys are `<execution>#<rest>`. */
function groupedByExecution<Value>(
  records: readonly (readonly [key: string, value: Value])[],
): ReadonlyMap<string, readonly Value[]> {
  const grouped = new Map<string, Value[]>();
  for (const [key, value] of records) {
    const arn = key.slice(0, key.indexOf('#'));
    const known = grouped.get(arn);
    if (known) known.push(value);
    else grouped.set(arn, [value]);
  }
  return grouped;
}
