/** Over the wire, with the AWS SDK for JavaScript as it is. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  CreateActivityCommand,
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ExecutionAlreadyExists,
  GetActivityTaskCommand,
  GetExecutionHistoryCommand,
  InvalidArn,
  InvalidDefinition,
  ListExecutionsCommand,
  ListTagsForResourceCommand,
  RedriveExecutionCommand,
  SendTaskSuccessCommand,
  SFNClient,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StateMachineDoesNotExist,
  StopExecutionCommand,
  TaskTimedOut,
  ValidateStateMachineDefinitionCommand,
} from '@aws-sdk/client-sfn';

import { manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';
import { only, ROLE } from './harness.ts';

const clock = manualClock();
let aws: EmbeddedAws;
let client: SFNClient;

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0, clock });
  client = new SFNClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    // Else the SDK asks `sync-127.0.0.1` for StartSyncExecution.
    disableHostPrefix: true,
    maxAttempts: 1,
  });
});
afterAll(async () => {
  client.destroy();
  await aws.close();
});

async function machine(name: string, definition: object, type: 'STANDARD' | 'EXPRESS' = 'STANDARD') {
  const { stateMachineArn } = await client.send(
    new CreateStateMachineCommand({
      name,
      definition: JSON.stringify(definition),
      roleArn: ROLE,
      type,
      tags: [{ key: 'team', value: 'orders' }],
    }),
  );
  return stateMachineArn;
}

test('create, start, describe, list, history, delete', async () => {
  const stateMachineArn = await machine('whole', only({ Type: 'Pass', Parameters: { 'got.$': '$.a' } }));
  expect(await client.send(new DescribeStateMachineCommand({ stateMachineArn }))).toMatchObject({
    name: 'whole',
    creationDate: new Date('2026-01-01T00:00:00Z'),
  });
  expect((await client.send(new ListTagsForResourceCommand({ resourceArn: stateMachineArn }))).tags).toEqual([
    { key: 'team', value: 'orders' },
  ]);
  const { executionArn, startDate } = await client.send(
    new StartExecutionCommand({ stateMachineArn, name: 'one', input: '{"a":1}' }),
  );
  expect(startDate).toEqual(new Date('2026-01-01T00:00:00Z'));
  expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
    status: 'SUCCEEDED',
    output: '{"got":1}',
    redriveStatus: 'NOT_REDRIVABLE',
  });
  const { executions } = await client.send(new ListExecutionsCommand({ stateMachineArn }));
  expect(executions).toMatchObject([{ name: 'one', status: 'SUCCEEDED' }]);
  const { events } = await client.send(new GetExecutionHistoryCommand({ executionArn }));
  expect(events?.map(({ type }) => type)).toEqual([
    'ExecutionStarted',
    'PassStateEntered',
    'PassStateExited',
    'ExecutionSucceeded',
  ]);
  expect(events?.[1]?.stateEnteredEventDetails).toMatchObject({ name: 'Only', input: '{"a":1}' });
  await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
  await expect(client.send(new DescribeStateMachineCommand({ stateMachineArn }))).rejects.toBeInstanceOf(
    StateMachineDoesNotExist,
  );
});

test('errors come as their classes, with status 400', async () => {
  const broken = machine('broken', { StartAt: 'A', States: {} });
  await expect(broken).rejects.toBeInstanceOf(InvalidDefinition);
  await expect(broken).rejects.toMatchObject({ $metadata: { httpStatusCode: 400 } });
  await expect(client.send(new StartExecutionCommand({ stateMachineArn: 'nope' }))).rejects.toBeInstanceOf(
    InvalidArn,
  );
  const stateMachineArn = await machine('errors', only({ Type: 'Wait', Seconds: 5 }));
  const start = (input: string) =>
    client.send(new StartExecutionCommand({ stateMachineArn, name: 'n', input }));
  await start('{}');
  await start('{}');
  await expect(start('{"b":1}')).rejects.toBeInstanceOf(ExecutionAlreadyExists);
  const { result, diagnostics } = await client.send(
    new ValidateStateMachineDefinitionCommand({
      definition: '{"StartAt":"A","States":{"A":{"Type":"Pass"}}}',
    }),
  );
  expect([result, diagnostics?.[0]?.location]).toEqual(['FAIL', '/States/A']);
});

test('Express, synchronously', async () => {
  const definition = only(
    { Type: 'Pass', Output: '{% $states.input.n * 2 %}' },
    { QueryLanguage: 'JSONata' },
  );
  const stateMachineArn = await machine('express', definition, 'EXPRESS');
  expect(
    await client.send(new StartSyncExecutionCommand({ stateMachineArn, input: '{"n":21}' })),
  ).toMatchObject({ status: 'SUCCEEDED', output: '42' });
});

test('activities and their tokens', async () => {
  const { activityArn } = await client.send(new CreateActivityCommand({ name: 'pack' }));
  const stateMachineArn = await machine('packs', only({ Type: 'Task', Resource: activityArn }));
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn, input: '[1]' }));
  const { taskToken, input } = await client.send(new GetActivityTaskCommand({ activityArn }));
  expect(input).toBe('[1]');
  await client.send(new SendTaskSuccessCommand({ taskToken, output: '"packed"' }));
  expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
    output: '"packed"',
  });
  await expect(
    client.send(new SendTaskSuccessCommand({ taskToken, output: '"packed"' })),
  ).rejects.toBeInstanceOf(TaskTimedOut);
});

test('stop and redrive', async () => {
  const stateMachineArn = await machine('stops', only({ Type: 'Wait', Seconds: 5 }));
  const { executionArn } = await client.send(new StartExecutionCommand({ stateMachineArn }));
  await client.send(new StopExecutionCommand({ executionArn, error: 'Mine' }));
  expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
    status: 'ABORTED',
    error: 'Mine',
    redriveStatus: 'REDRIVABLE',
  });
  await client.send(new RedriveExecutionCommand({ executionArn }));
  await clock.advance(5_000);
  expect(await client.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
    status: 'SUCCEEDED',
    redriveCount: 1,
  });
});

test('the policies of the machine’s role decide what its tasks may do', async () => {
  const { iam, sqs } = aws.services;
  const root = { accountId: '000000000000', arn: 'arn:aws:iam::000000000000:root' };
  const trust = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'states.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  await iam.handle(
    'CreateRole',
    { RoleName: 'sender', AssumeRolePolicyDocument: JSON.stringify(trust) },
    root,
  );
  const { QueueUrl } = (await sqs.handle('CreateQueue', { QueueName: 'orders' }, root)) as {
    QueueUrl: string;
  };
  const definition = only({
    Type: 'Task',
    Resource: 'arn:aws:states:::sqs:sendMessage',
    Parameters: { QueueUrl, MessageBody: 'hello' },
  });
  const { stateMachineArn } = await client.send(
    new CreateStateMachineCommand({
      name: 'sends',
      definition: JSON.stringify(definition),
      roleArn: 'arn:aws:iam::000000000000:role/sender',
    }),
  );
  const run = async () => {
    const { executionArn = '' } = await client.send(new StartExecutionCommand({ stateMachineArn }));
    return aws.services.states.outcome(executionArn);
  };

  expect(await run()).toMatchObject({ status: 'FAILED', error: 'SQS.AmazonSQSException' });

  const allow = { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: 'arn:aws:sqs:*:*:orders' };
  const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [allow] });
  await iam.handle('PutRolePolicy', { RoleName: 'sender', PolicyName: 'send', PolicyDocument }, root);
  expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
});
