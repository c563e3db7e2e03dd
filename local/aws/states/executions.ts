/**
 * The actions on executions.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html and the pages beside it.
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { checkedArn, checkedName, executionArn } from './arn.ts';
import type { Engine } from './engine.ts';
import {
  executionAlreadyExists,
  executionDoesNotExist,
  invalidInput,
  invalidOutput,
  typeNotSupported,
  validationFailed,
} from './errors.ts';
import { listed, optionalText, requiredText, seconds } from './input.ts';
import type { Input } from './input.ts';
import type { HistoryEvent } from './interpreter/history.ts';
import type { Json } from './json.ts';
import { PAYLOAD_BYTES, REDRIVE_MILLISECONDS } from './limits.ts';
import { existingMachine, resolvedMachine } from './machines.ts';
import type { Execution } from './model.ts';
import type { Store } from './store.ts';
import { aliasOf } from './versions.ts';

/** What the actions work with. */
export interface Executions {
  readonly context: AwsContext;
  readonly store: Store;
  readonly engine: Engine;
}

/** A Standard execution of the same name and input that still runs is answered as if it had just been started. */
export function startExecution({ context, store, engine }: Executions, input: Input) {
  const found = resolvedMachine(store, requiredText(input, 'stateMachineArn'), () => context.faults.random());
  const { machine, version, alias } = found;
  const name = checkedName(optionalText(input, 'name') ?? randomUUID());
  const text = checkedInput(input);
  if (machine.type === 'STANDARD') {
    const before = engine.find(executionArn(context, machine.name, name, 'STANDARD', ''));
    if (before) {
      if (before.status === 'RUNNING' && before.input === text) return started(before);
      throw executionAlreadyExists(before.arn);
    }
  }
  const traceHeader = optionalText(input, 'traceHeader');
  return started(engine.start({ machine, version, aliasArn: alias?.arn, name, input: text, traceHeader }));
}

/** Express only; the answer comes when the execution has ended. */
export async function startSyncExecution({ context, store, engine }: Executions, input: Input) {
  const found = resolvedMachine(store, requiredText(input, 'stateMachineArn'), () => context.faults.random());
  if (found.machine.type !== 'EXPRESS') throw typeNotSupported();
  const name = checkedName(optionalText(input, 'name') ?? randomUUID());
  const { arn } = engine.start({
    machine: found.machine,
    version: found.version,
    aliasArn: found.alias?.arn,
    name,
    input: checkedInput(input),
  });
  const execution = await engine.outcome(arn);
  const milliseconds = (execution.stoppedAt ?? 0) - execution.startedAt;
  return {
    executionArn: arn,
    stateMachineArn: execution.machineArn,
    name,
    startDate: seconds(execution.startedAt),
    stopDate: seconds(execution.stoppedAt ?? 0),
    // Nobody can stop an Express execution but its time limit.
    status: execution.status,
    ...outcomeOf(execution),
    input: execution.input,
    inputDetails: { included: true },
    billingDetails: {
      billedDurationInMilliseconds: Math.max(100, Math.ceil(milliseconds / 100) * 100),
      billedMemoryUsedInMB: 64,
    },
  };
}

export function describeExecution({ context, engine }: Executions, input: Input) {
  const execution = existingExecution(engine, input);
  return {
    executionArn: execution.arn,
    stateMachineArn: execution.machineArn,
    name: execution.name,
    status: execution.status,
    startDate: seconds(execution.startedAt),
    ...(execution.stoppedAt !== undefined && { stopDate: seconds(execution.stoppedAt) }),
    input: execution.input,
    inputDetails: { included: true },
    ...outcomeOf(execution),
    ...(execution.traceHeader !== undefined && { traceHeader: execution.traceHeader }),
    ...(execution.mapRunArn !== undefined && { mapRunArn: execution.mapRunArn }),
    ...(execution.versionArn !== undefined && { stateMachineVersionArn: execution.versionArn }),
    ...(execution.aliasArn !== undefined && { stateMachineAliasArn: execution.aliasArn }),
    redriveCount: execution.redriveCount,
    ...(execution.redrivenAt !== undefined && { redriveDate: seconds(execution.redrivenAt) }),
    ...redriveStatus(context, execution),
  };
}

export function describeMachineForExecution({ store, engine }: Executions, input: Input) {
  const execution = existingExecution(engine, input);
  const machine = store.machines.get(execution.machineArn);
  return {
    stateMachineArn: execution.machineArn,
    name: execution.machineName,
    definition: execution.definition,
    roleArn: execution.roleArn,
    updateDate: seconds(machine?.updatedAt ?? execution.startedAt),
    loggingConfiguration: execution.logging ?? { level: 'OFF', includeExecutionData: false },
    tracingConfiguration: machine?.tracing ?? { enabled: false },
    revisionId: execution.revisionId,
  };
}

/** Newest first. */
export function listExecutions({ store, engine }: Executions, input: Input) {
  const reference = requiredText(input, 'stateMachineArn');
  const machine = existingMachine(store, reference);
  if (machine.type === 'EXPRESS') throw typeNotSupported();
  const { version, alias } = resolvedMachine(store, reference);
  if (alias) aliasOf(store, alias.arn);
  const status = optionalText(input, 'statusFilter');
  const redriven = optionalText(input, 'redriveFilter');
  const all = engine
    .ofMachine(machine.arn)
    .filter((one) => status === undefined || one.status === status)
    .filter((one) => redriven === undefined || one.redriveCount > 0 === (redriven === 'REDRIVEN'))
    .filter((one) => (alias ? one.aliasArn === alias.arn : !version || one.versionArn === version.arn));
  const { items, next } = listed(all.toReversed(), input);
  return {
    executions: items.map((execution) => ({
      executionArn: execution.arn,
      stateMachineArn: execution.machineArn,
      name: execution.name,
      status: execution.status,
      startDate: seconds(execution.startedAt),
      ...(execution.stoppedAt !== undefined && { stopDate: seconds(execution.stoppedAt) }),
      ...(execution.versionArn !== undefined && { stateMachineVersionArn: execution.versionArn }),
      ...(execution.aliasArn !== undefined && { stateMachineAliasArn: execution.aliasArn }),
      redriveCount: execution.redriveCount,
      ...(execution.redrivenAt !== undefined && { redriveDate: seconds(execution.redrivenAt) }),
    })),
    ...next,
  };
}

export function getExecutionHistory({ engine }: Executions, input: Input) {
  const execution = existingExecution(engine, input);
  const events = engine.history(execution.arn);
  const ordered = input['reverseOrder'] === true ? events.toReversed() : events;
  const { items, next } = listed(ordered, input);
  return { events: input['includeExecutionData'] === false ? items.map(withoutData) : items, ...next };
}

export async function stopExecution({ context, engine }: Executions, input: Input) {
  const execution = existingExecution(engine, input);
  const stopped = await engine.stop(
    execution.arn,
    optionalText(input, 'error'),
    optionalText(input, 'cause'),
  );
  return { stopDate: seconds(stopped.stoppedAt ?? context.clock.now()) };
}

/** https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html */
export function redriveExecution({ context, engine }: Executions, input: Input) {
  const execution = existingExecution(engine, input);
  const { redriveStatus: status, redriveStatusReason: reason } = redriveStatus(context, execution);
  if (status !== 'REDRIVABLE') {
    throw new AwsError('ExecutionNotRedrivable', `Execution Not Redrivable: '${reason ?? ''}'`);
  }
  engine.redrive(execution);
  return { redriveDate: seconds(execution.redrivenAt ?? 0) };
}

export function sendTaskSuccess({ engine }: Executions, input: Input) {
  const token = requiredText(input, 'taskToken');
  const output = requiredText(input, 'output');
  let parsed: Json;
  try {
    parsed = JSON.parse(output) as Json;
  } catch (error) {
    throw invalidOutput((error as Error).message);
  }
  if (Buffer.byteLength(output) > PAYLOAD_BYTES) throw tooLarge('output');
  engine.tasks.succeed(token, parsed);
  return {};
}

export function sendTaskFailure({ engine }: Executions, input: Input) {
  const token = requiredText(input, 'taskToken');
  engine.tasks.fail(token, optionalText(input, 'error'), optionalText(input, 'cause'));
  return {};
}

export function sendTaskHeartbeat({ engine }: Executions, input: Input) {
  engine.tasks.heartbeat(requiredText(input, 'taskToken'));
  return {};
}

function started(execution: Execution) {
  return { executionArn: execution.arn, startDate: seconds(execution.startedAt) };
}

function outcomeOf({ output, error, cause }: Execution) {
  return {
    ...(output !== undefined && { output, outputDetails: { included: true } }),
    ...(error !== undefined && { error }),
    ...(cause !== undefined && { cause }),
  };
}

function redriveStatus(context: AwsContext, { type, status, stoppedAt }: Execution) {
  if (type !== 'STANDARD') return {};
  const no = (reason: string) => ({ redriveStatus: 'NOT_REDRIVABLE', redriveStatusReason: reason });
  if (status === 'RUNNING' || status === 'SUCCEEDED')
    return no(`Execution is ${status} and cannot be redriven`);
  if (context.clock.now() - (stoppedAt ?? 0) > REDRIVE_MILLISECONDS) {
    return no('Execution redrive period exceeded');
  }
  return { redriveStatus: 'REDRIVABLE', redriveStatusReason: undefined };
}

function existingExecution(engine: Engine, input: Input): Execution {
  const arn = checkedArn(requiredText(input, 'executionArn'), 'execution');
  const execution = engine.find(arn);
  if (!execution) throw executionDoesNotExist(arn);
  return execution;
}

function checkedInput(input: Input): string {
  const text = optionalText(input, 'input') ?? '{}';
  if (Buffer.byteLength(text) > PAYLOAD_BYTES) throw tooLarge('input');
  try {
    JSON.parse(text);
  } catch (error) {
    throw invalidInput((error as Error).message);
  }
  return text;
}

function tooLarge(member: string): AwsError {
  return validationFailed(
    `1 validation error detected: Value at '${member}' failed to satisfy constraint: Member must have length less than or equal to ${PAYLOAD_BYTES}`,
  );
}

const DATA: ReadonlySet<string> = new Set(['input', 'output', 'parameters', 'assignedVariables']);

/** The event without what the execution's data are. */
function withoutData(event: HistoryEvent): HistoryEvent {
  const members = Object.entries(event).map(([name, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null
      ? [name, Object.fromEntries(Object.entries(value).filter(([inner]) => !DATA.has(inner)))]
      : [name, value],
  );
  return Object.fromEntries(members) as HistoryEvent;
}
