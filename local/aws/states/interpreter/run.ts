/** What the interpreter's parts share: the run of one execution, and the step of one state in it. */
import type { AwsContext } from '../../context.ts';
import type { Definition, Flow, QueryLanguage, State } from '../language/definition.ts';
import type { PathScope } from '../language/payload-template.ts';
import type { QueryScope } from '../language/jsonata.ts';
import { dataLimitExceeded } from '../language/state-error.ts';
import { PAYLOAD_BYTES } from '../limits.ts';
import type { Json, JsonObject } from '../json.ts';
import type { Execution } from '../model.ts';
import type { Scope } from './cancellation.ts';
import type { Frame, Frames } from './frames.ts';
import type { EventDetails, History } from './history.ts';
import type { PendingTasks } from './pending-tasks.ts';

/** One execution at work. */
export interface Run {
  readonly context: AwsContext;
  readonly execution: Execution;
  readonly input: Json;
  readonly definition: Definition;
  readonly history: History;
  readonly frames: Frames;
  readonly tasks: PendingTasks;
  readonly children: ChildExecutions;
  /** Runs a branch or an iteration. */
  readonly runFlow: (run: Run, flow: Flow, frame: Frame, scope: Scope) => Promise<Json>;
}

/** Executions that an execution starts and waits for. */
export interface ChildExecutions {
  /** The outcome of an execution, when it has ended. */
  outcome(executionArn: string): Promise<Execution>;
  stop(executionArn: string): void;
  /** Starts the execution of a distributed Map's item. */
  startItem(parent: Run, state: State, label: string, input: Json): Execution;
}

/** One state that an execution is in. */
export interface Step {
  readonly run: Run;
  readonly name: string;
  readonly state: State;
  readonly frame: Frame;
  readonly scope: Scope;
  readonly language: QueryLanguage;
}

/** How a state ends. */
export interface Outcome {
  readonly output: Json;
  readonly assigned?: JsonObject | undefined;
  /** Where to go on, when it is not the state's own Next. */
  readonly next?: string;
}

/** The context object. https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html */
export function contextObject({ run, name, frame }: Step, token?: string): JsonObject {
  const { execution } = run;
  const item = frame.item;
  return {
    Execution: {
      Id: execution.arn,
      Input: run.input,
      Name: execution.name,
      RoleArn: execution.roleArn,
      StartTime: new Date(execution.startedAt).toISOString(),
      RedriveCount: execution.redriveCount,
      ...(execution.redrivenAt === undefined
        ? {}
        : { RedriveTime: new Date(execution.redrivenAt).toISOString() }),
    },
    StateMachine: { Id: execution.machineArn, Name: execution.machineName },
    State: {
      Name: name,
      EnteredTime: new Date(frame.entered?.at ?? run.context.clock.now()).toISOString(),
      RetryCount: frame.retryCount,
    },
    ...(item === undefined ? {} : { Map: { Item: { Index: item.Index, Value: item.Value } } }),
    ...(token === undefined ? {} : { Task: { Token: token } }),
  };
}

export function pathScope(step: Step, data: Json, context: JsonObject = contextObject(step)): PathScope {
  return {
    data,
    context,
    variables: step.frame.variables,
    random: () => step.run.context.faults.random(),
  };
}

export function queryScope(
  step: Step,
  more: { readonly result?: Json; readonly errorOutput?: JsonObject; readonly context?: JsonObject } = {},
): QueryScope {
  const { clock, faults } = step.run.context;
  return {
    input: step.frame.input,
    context: more.context ?? contextObject(step),
    ...(more.result !== undefined && { result: more.result }),
    ...(more.errorOutput !== undefined && { errorOutput: more.errorOutput }),
    variables: step.frame.variables,
    now: () => clock.now(),
    random: () => faults.random(),
  };
}

/** Adds an event of the step's flow. */
export function addEvent({ run, frame }: Step, type: string, details?: EventDetails): void {
  frame.lastEvent = run.history.add(type, frame.lastEvent, details);
}

/** JSON text within the limit. Throws `States.DataLimitExceeded`. */
export function limitedText(value: Json, what: string): string {
  const text = JSON.stringify(value);
  // A character has at most three bytes per UTF-16 unit: most texts need no count.
  if (text.length * 3 > PAYLOAD_BYTES && Buffer.byteLength(text) > PAYLOAD_BYTES)
    throw dataLimitExceeded(what);
  return text;
}
