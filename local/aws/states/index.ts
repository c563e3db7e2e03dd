/**
 * The embedded Step Functions: state machines in the Amazon States Language, with JSONPath and JSONata, run in process.
 * docs/embedded-aws.md says what is there and what is not.
 */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import * as activities from './activities.ts';
import { statesAuthorization } from './authorization.ts';
import { createEngine } from './engine.ts';
import * as executions from './executions.ts';
import { requiredText } from './input.ts';
import type { Input } from './input.ts';
import type { HistoryEvent } from './interpreter/history.ts';
import * as machines from './machines.ts';
import type { Execution, Machine } from './model.ts';
import { createStore } from './store.ts';
import * as tags from './tags.ts';
import * as versions from './versions.ts';

export type { HistoryEvent } from './interpreter/history.ts';
export type { Execution, ExecutionStatus, Machine } from './model.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly states: StatesService;
  }
}

/** Step Functions as other code in this process uses it. */
export interface StatesService extends AwsService {
  readonly name: 'states';
  machines(): readonly Machine[];
  /** The executions of a machine, oldest first; of Express machines the last thousand. Not to be changed. */
  executions(machineArn: string): readonly Execution[];
  /** What happened in an execution so far. */
  history(executionArn: string): readonly HistoryEvent[];
  /** Resolves when the execution has ended. */
  outcome(executionArn: string): Promise<Execution>;
  /** Executions that run. */
  busy(): number;
  close(): void;
}

type Action = (input: Input, signal: AbortSignal | undefined) => unknown;

export function createStatesService(context: AwsContext): StatesService {
  const store = createStore(context);
  const engine = createEngine(context);
  const all: executions.Executions = { context, store, engine };
  const machineOf = (input: Input): Machine =>
    machines.existingMachine(store, requiredText(input, 'stateMachineArn'));

  const actions: Readonly<Record<string, Action>> = {
    CreateStateMachine: (input) => machines.createMachine(context, store, input),
    UpdateStateMachine: (input) => machines.updateMachine(context, store, input),
    DescribeStateMachine: (input) => machines.describeMachine(store, input),
    ListStateMachines: (input) => machines.listMachines(store, input),
    DeleteStateMachine: (input) => machines.deleteMachine(store, input),
    ValidateStateMachineDefinition: machines.validateMachineDefinition,
    PublishStateMachineVersion: (input) =>
      versions.publishVersionAction(context, store, machineOf(input), input),
    ListStateMachineVersions: (input) => versions.listVersions(store, machineOf(input), input),
    DeleteStateMachineVersion: (input) => versions.deleteVersion(store, input),
    CreateStateMachineAlias: (input) => versions.createAlias(context, store, input),
    UpdateStateMachineAlias: (input) => versions.updateAlias(context, store, input),
    DescribeStateMachineAlias: (input) => versions.describeAlias(store, input),
    ListStateMachineAliases: (input) => versions.listAliases(store, machineOf(input), input),
    DeleteStateMachineAlias: (input) => versions.deleteAlias(store, input),
    StartExecution: (input) => executions.startExecution(all, input),
    StartSyncExecution: (input) => executions.startSyncExecution(all, input),
    StopExecution: (input) => executions.stopExecution(all, input),
    DescribeExecution: (input) => executions.describeExecution(all, input),
    DescribeStateMachineForExecution: (input) => executions.describeMachineForExecution(all, input),
    ListExecutions: (input) => executions.listExecutions(all, input),
    GetExecutionHistory: (input) => executions.getExecutionHistory(all, input),
    RedriveExecution: (input) => executions.redriveExecution(all, input),
    SendTaskSuccess: (input) => executions.sendTaskSuccess(all, input),
    SendTaskFailure: (input) => executions.sendTaskFailure(all, input),
    SendTaskHeartbeat: (input) => executions.sendTaskHeartbeat(all, input),
    CreateActivity: (input) => activities.createActivity(context, store, input),
    DescribeActivity: (input) => activities.describeActivity(store, input),
    ListActivities: (input) => activities.listActivities(store, input),
    DeleteActivity: (input) => activities.deleteActivity(store, input),
    GetActivityTask: (input, signal) =>
      activities.getActivityTask(context, store, engine.tasks, input, signal),
    TagResource: (input) => tags.tagResource(store, input),
    UntagResource: (input) => tags.untagResource(store, input),
    ListTagsForResource: (input) => tags.listTags(store, input),
  };

  // When every service of this process is there, which is when the code that makes them has run.
  if (context.state.persistent) queueMicrotask(() => engine.resume());

  return {
    name: 'states',
    protocols: { json: { version: '1.0', targetPrefix: 'AWSStepFunctions' } },
    async handle(action, input, _caller, signal) {
      return actionNamed(actions, 'Step Functions', action)(input, signal);
    },
    authorization: (action, input) => statesAuthorization(context, action, input),
    machines: () => store.machines.all(),
    executions: (machineArn) => engine.ofMachine(machineArn),
    history: (executionArn) => engine.history(executionArn),
    outcome: (executionArn) => engine.outcome(executionArn),
    busy: () => engine.running(),
    close: () => engine.close(),
  };
}
