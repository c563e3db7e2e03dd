/** A Step Functions with the services that it calls, on a clock that stands still. */
import { createAwsContext, rootCaller } from '../../../../local/aws/context.ts';
import type { AwsContext, AwsService } from '../../../../local/aws/context.ts';
import { manualClock } from '../../../../local/aws/clock.ts';
import type { ManualClock } from '../../../../local/aws/clock.ts';
import { AwsError } from '../../../../local/aws/errors.ts';
import { createEventsService } from '../../../../local/aws/events/index.ts';
import { createSnsService } from '../../../../local/aws/sns/index.ts';
import { createSqsService } from '../../../../local/aws/sqs/index.ts';
import { createStatesService } from '../../../../local/aws/states/index.ts';
import type { Execution, HistoryEvent, StatesService } from '../../../../local/aws/states/index.ts';
import type { StateStore } from '../../../../local/aws/state/index.ts';

export const ROLE = 'arn:aws:iam::000000000000:role/workflow';
export const SECOND = 1_000;
const PREFIX = 'arn:aws:states:us-east-1:000000000000';

/** What a stand-in for Lambda does with a payload: gives the answer, or throws an Error of the wanted name. */
export type Handler = (payload: unknown) => unknown;

export interface Harness {
  readonly context: AwsContext;
  readonly clock: ManualClock;
  readonly states: StatesService;
  call(action: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Calls of another service, by the account root. */
  callOf(service: string, action: string, input: Record<string, unknown>): Promise<Record<string, unknown>>;
  /** Makes a machine; gives its ARN. */
  machine(definition: object, more?: Record<string, unknown>): Promise<string>;
  /** Starts an execution and lets it run as far as it goes without time passing. */
  start(machineArn: string, input?: unknown, name?: string): Promise<Execution>;
  /** Makes a machine and runs it to its end, with this much time. */
  run(definition: object, input?: unknown, milliseconds?: number): Promise<Execution>;
  /** Lets everything that is ready happen. */
  settle(): Promise<void>;
  history(execution: Execution): readonly HistoryEvent[];
  types(execution: Execution): readonly string[];
  close(): Promise<void>;
}

/** The ARN of a function of {@link createHarness}'s handlers. */
export function functionArn(name: string): string {
  return `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
}

export function executionArn(machine: string, name: string): string {
  return `${PREFIX}:execution:${machine}:${name}`;
}

export function createHarness(
  options: {
    readonly handlers?: Readonly<Record<string, Handler>>;
    readonly state?: StateStore;
    readonly clock?: ManualClock;
  } = {},
): Harness {
  const clock = options.clock ?? manualClock();
  const context = createAwsContext({ clock, ...(options.state && { state: options.state }) });
  const states = createStatesService(context);
  const services: AwsService[] = [
    createEventsService(context),
    createSnsService(context),
    createSqsService(context),
    functions(options.handlers ?? {}),
    states,
  ];
  for (const service of services) context.services.register(service);
  let machines = 0;

  const callOf: Harness['callOf'] = async (name, action, input) => {
    const service = context.services.all().find((one) => one.name === name);
    return (await service?.handle(action, input, rootCaller(context))) as Record<string, unknown>;
  };
  const harness: Harness = {
    context,
    clock,
    states,
    call: (action, input) => callOf('states', action, input),
    callOf,
    async machine(definition, more = {}) {
      const output = await harness.call('CreateStateMachine', {
        name: `machine-${++machines}`,
        roleArn: ROLE,
        definition: JSON.stringify(definition),
        ...more,
      });
      return String(output['stateMachineArn']);
    },
    async start(stateMachineArn, input = {}, name) {
      const output = await harness.call('StartExecution', {
        stateMachineArn,
        input: JSON.stringify(input),
        ...(name !== undefined && { name }),
      });
      await harness.settle();
      const arn = String(output['executionArn']);
      return states
        .executions(stateMachineArn.split(':').slice(0, 7).join(':'))
        .find((one) => one.arn === arn) as Execution;
    },
    async run(definition, input, milliseconds = 0) {
      const execution = await harness.start(await harness.machine(definition), input);
      if (milliseconds > 0) await clock.advance(milliseconds);
      await harness.settle();
      return execution;
    },
    async settle() {
      for (let turn = 0; turn < 5; turn++) await clock.advance(0);
    },
    history: (execution) => states.history(execution.arn),
    types: (execution) => states.history(execution.arn).map(({ type }) => type),
    async close() {
      for (const service of services) await service.close?.();
    },
  };
  return harness;
}

/** The output of an execution as JSON; fails the test when it did not succeed. */
export function outputOf(execution: Execution): unknown {
  if (execution.status !== 'SUCCEEDED') {
    throw new Error(`${execution.status}: ${execution.error ?? ''} ${execution.cause ?? ''}`);
  }
  return JSON.parse(execution.output ?? 'null');
}

/** One state that ends the machine. */
export function only(state: object, more: object = {}) {
  return { StartAt: 'Only', States: { Only: { End: true, ...state } }, ...more };
}

/** An error as a function throws it. */
export function failure(name: string, message = 'went wrong'): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** A Lambda whose functions are the test's own. */
function functions(handlers: Readonly<Record<string, Handler>>): AwsService {
  return {
    name: 'lambda',
    protocols: {},
    async handle(action, input) {
      if (action !== 'Invoke') throw new AwsError('UnknownOperationException', action, 404);
      const name = String(input['FunctionName']).split(':function:').at(-1)?.split(':')[0] ?? '';
      const handler = handlers[name];
      if (!handler) throw new AwsError('ResourceNotFoundException', `Function not found: ${name}`, 404);
      try {
        const answer = await handler(JSON.parse((input['Payload'] as string | undefined) ?? '{}'));
        return { StatusCode: 200, Payload: JSON.stringify(answer ?? null), ExecutedVersion: '$LATEST' };
      } catch (error) {
        if (error instanceof AwsError) throw error;
        const { name: errorType, message: errorMessage } = error as Error;
        return {
          StatusCode: 200,
          FunctionError: 'Unhandled',
          Payload: JSON.stringify({ errorType, errorMessage }),
        };
      }
    },
  };
}
