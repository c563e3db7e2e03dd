/**
 * Functions under test. AWS itself needs the role `waybill-conformance-function` in the account, which Lambda and
 * Pipes can assume and which may use the queues, topics, streams and functions of the suite.
 */
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  type CreateEventSourceMappingCommandInput,
  type CreateFunctionCommandInput,
} from '@aws-sdk/client-lambda';
import type { Conformance, TestQueue } from './harness.ts';
import { zip } from './zip.ts';

export const lambdaOf = (aws: Conformance): LambdaClient => aws.client(LambdaClient);

export interface TestFunction {
  readonly name: string;
  readonly arn: string;
  /** Invokes and waits; the answer parsed. */
  call(event?: unknown, qualifier?: string): Promise<CallAnswer>;
  /** Invokes and does not wait; the status. */
  start(event?: unknown): Promise<number | undefined>;
}

export interface CallAnswer {
  readonly value: unknown;
  readonly failed: boolean;
  readonly version: string | undefined;
}

export async function functionRole(aws: Conformance): Promise<string> {
  return `arn:aws:iam::${await aws.accountId()}:role/waybill-conformance-function`;
}

/** A function with this text as its `index.mjs`. Deleted afterwards. */
export async function lambdaFunction(
  aws: Conformance,
  source: string,
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<TestFunction> {
  const client = lambdaOf(aws);
  const name = aws.uniqueName('function');
  const { FunctionArn: arn = '' } = await client.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Role: await functionRole(aws),
      Code: { ZipFile: zip({ 'index.mjs': source }) },
      Timeout: 5,
      ...settings,
    }),
  );
  aws.cleanup(() => client.send(new DeleteFunctionCommand({ FunctionName: name })));
  await aws.eventually(async () => {
    const { State } = await client.send(new GetFunctionConfigurationCommand({ FunctionName: name }));
    if (State !== 'Active') throw new Error('the function is not active yet');
  }, 60);
  return {
    name,
    arn,
    async call(event = {}, Qualifier) {
      const answer = await client.send(
        new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event), Qualifier }),
      );
      return {
        value: JSON.parse(Buffer.from(answer.Payload ?? []).toString() || 'null') as unknown,
        failed: answer.FunctionError !== undefined,
        version: answer.ExecutedVersion,
      };
    },
    async start(event = {}) {
      const answer = await client.send(
        new InvokeCommand({
          FunctionName: name,
          InvocationType: 'Event',
          Payload: JSON.stringify(event),
        }),
      );
      return answer.StatusCode;
    },
  };
}

/** A function that sends each batch it gets, as JSON, to a queue; `body` may throw or answer before that. */
export async function reportingFunction(
  aws: Conformance,
  to: TestQueue,
  body = '',
  settings: Partial<CreateFunctionCommandInput> = {},
): Promise<TestFunction> {
  const source = `
    import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
    const sqs = new SQSClient({});
    export const handler = async (event) => {
      await sqs.send(new SendMessageCommand({ QueueUrl: process.env.REPORT_TO, MessageBody: JSON.stringify(event) }));
      ${body}
    };`;
  return lambdaFunction(aws, source, { Environment: { Variables: { REPORT_TO: to.url } }, ...settings });
}

/** Maps a source to a function until the behaviour ends; gives the mapping's id. */
export async function mapping(
  aws: Conformance,
  input: Omit<CreateEventSourceMappingCommandInput, 'FunctionName'> & { readonly FunctionName: string },
): Promise<string> {
  const client = lambdaOf(aws);
  const { UUID = '' } = await client.send(new CreateEventSourceMappingCommand(input));
  aws.cleanup(() => client.send(new DeleteEventSourceMappingCommand({ UUID })));
  return UUID;
}
