/**
 * Workflows under test. AWS itself needs the role `waybill-conformance-workflow` in the account, which Step Functions
 * may assume and which may do what the behaviours do: `sqs:*` on queues, `states:*` on state machines.
 */
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  GetExecutionHistoryCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
  type DescribeExecutionCommandOutput,
  type HistoryEvent,
} from '@aws-sdk/client-sfn';
import type { Conformance } from '../harness.ts';
import type { ClientConfiguration } from '../target.ts';

/** The pages that most behaviours come from. */
export const API = 'https://docs.aws.amazon.com/step-functions/latest/apireference';
export const GUIDE = 'https://docs.aws.amazon.com/step-functions/latest/dg';

/** An endpoint that is an address has no host for synchronous calls. */
class WorkflowClient extends SFNClient {
  constructor(configuration: ClientConfiguration) {
    super({ ...configuration, disableHostPrefix: configuration.endpoint !== undefined });
  }
}

export function sfn(aws: Conformance): SFNClient {
  return aws.client(WorkflowClient);
}

export interface TestWorkflow {
  readonly arn: string;
  readonly name: string;
  /** Starts an execution that is stopped when the behaviour ends; its ARN. */
  start(input?: unknown, name?: string): Promise<string>;
  /** Starts an execution and waits for its end. */
  run(input?: unknown): Promise<Ended>;
}

export type Ended = DescribeExecutionCommandOutput & { readonly json: unknown };

export async function roleArn(aws: Conformance): Promise<string> {
  return `arn:aws:iam::${await aws.accountId()}:role/waybill-conformance-workflow`;
}

/** A new state machine. Deleted afterwards. */
export async function workflow(
  aws: Conformance,
  definition: object,
  type: 'STANDARD' | 'EXPRESS' = 'STANDARD',
): Promise<TestWorkflow> {
  const name = aws.uniqueName('workflow');
  const { stateMachineArn: arn = '' } = await sfn(aws).send(
    new CreateStateMachineCommand({
      name,
      type,
      definition: JSON.stringify(definition),
      roleArn: await roleArn(aws),
    }),
  );
  aws.cleanup(() => sfn(aws).send(new DeleteStateMachineCommand({ stateMachineArn: arn })));
  const start = async (input: unknown = {}, executionName?: string) => {
    const { executionArn = '' } = await sfn(aws).send(
      new StartExecutionCommand({
        stateMachineArn: arn,
        input: JSON.stringify(input),
        ...(executionName !== undefined && { name: executionName }),
      }),
    );
    if (type === 'STANDARD') aws.cleanup(() => sfn(aws).send(new StopExecutionCommand({ executionArn })));
    return executionArn;
  };
  return { arn, name, start, run: async (input) => ended(aws, await start(input)) };
}

/** Waits until an execution has ended. */
export function ended(aws: Conformance, executionArn: string): Promise<Ended> {
  return aws.eventually(async () => {
    const description = await sfn(aws).send(new DescribeExecutionCommand({ executionArn }));
    if (description.status === 'RUNNING') throw new Error(`the execution ${executionArn} still runs`);
    return { ...description, json: JSON.parse(description.output ?? 'null') as unknown };
  });
}

/** Makes a machine, runs it, and gives how it ended. */
export async function run(aws: Conformance, definition: object, input?: unknown): Promise<Ended> {
  return (await workflow(aws, definition)).run(input);
}

/** The output of a machine whose one state is this. */
export async function outputOf(
  aws: Conformance,
  state: object,
  input?: unknown,
  more?: object,
): Promise<unknown> {
  const end = await run(aws, only(state, more), input);
  if (end.status !== 'SUCCEEDED')
    throw new Error(`${end.status ?? ''}: ${end.error ?? ''} ${end.cause ?? ''}`);
  return end.json;
}

/** Runs an Express machine and gives its answer. */
export async function runSync(aws: Conformance, definition: object, input: unknown = {}) {
  const { arn } = await workflow(aws, definition, 'EXPRESS');
  return sfn(aws).send(new StartSyncExecutionCommand({ stateMachineArn: arn, input: JSON.stringify(input) }));
}

export async function historyOf(
  aws: Conformance,
  executionArn: string | undefined,
): Promise<readonly HistoryEvent[]> {
  const { events = [] } = await sfn(aws).send(
    new GetExecutionHistoryCommand({ executionArn, maxResults: 1_000 }),
  );
  return events;
}

/** One state that ends the machine. */
export function only(state: object, more: object = {}) {
  return { StartAt: 'Only', States: { Only: { End: true, ...state } }, ...more };
}

export const JSONATA = { QueryLanguage: 'JSONata' };
