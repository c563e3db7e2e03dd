import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  CreateEventSourceMappingCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
} from '@aws-sdk/client-lambda';

import { startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws } from '../../../../local/aws/index.ts';
import { codeOf } from './code.ts';

let aws: EmbeddedAws;
let client: LambdaClient;

beforeEach(async () => {
  aws = await startEmbeddedAws();
  client = new LambdaClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  const codeDirectory = await codeOf({
    'index.mjs':
      'export const handler = async (event) => { if (event.fail) throw new Error("asked to"); return { got: event }; };',
  });
  aws.context.services
    .get('lambda')
    .createFunction({ functionName: 'echo', handler: 'index.handler', codeDirectory, timeoutSeconds: 7 });
});
afterEach(async () => {
  client.destroy();
  await aws.close();
});

const text = (payload: Uint8Array | undefined) => Buffer.from(payload ?? []).toString('utf8');

describe('the AWS SDK against the embedded Lambda', () => {
  test('Invoke answers with the function’s answer', async () => {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'echo', Payload: JSON.stringify({ a: 1 }) }),
    );

    expect(answer.StatusCode).toBe(200);
    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(text(answer.Payload))).toEqual({ got: { a: 1 } });
  });

  test('a function’s error is marked as unhandled', async () => {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'echo', Payload: JSON.stringify({ fail: true }) }),
    );

    expect(answer).toMatchObject({ StatusCode: 200, FunctionError: 'Unhandled' });
    expect(JSON.parse(text(answer.Payload))).toMatchObject({ errorType: 'Error', errorMessage: 'asked to' });
  });

  test('the end of the log comes with the answer when asked for', async () => {
    const { LogResult: log = '' } = await client.send(
      new InvokeCommand({ FunctionName: 'echo', Payload: '{"fail":true}', LogType: 'Tail' }),
    );
    const { LogResult: none } = await client.send(new InvokeCommand({ FunctionName: 'echo' }));

    const lines = Buffer.from(log, 'base64').toString('utf8').split('\n');
    expect(lines.at(0)).toMatch(/^START RequestId: [\w-]{36} Version: \$LATEST$/);
    expect(lines.at(-2)).toMatch(/^REPORT RequestId: [\w-]{36}\t/);
    expect(lines.at(-1)).toBe('');
    expect(none).toBeUndefined();
  });

  test('an asynchronous invocation answers 202 without a payload', async () => {
    const answer = await client.send(
      new InvokeCommand({ FunctionName: 'echo', InvocationType: 'Event', Payload: '{}' }),
    );

    expect(answer.StatusCode).toBe(202);
    expect(text(answer.Payload)).toBe('');
  });

  test('a qualifier in the request is looked up', async () => {
    const { Version } = await client.send(new PublishVersionCommand({ FunctionName: 'echo' }));

    const answer = await client.send(new InvokeCommand({ FunctionName: 'echo', Qualifier: Version }));

    expect(answer.StatusCode).toBe(200);
    await expect(
      client.send(new InvokeCommand({ FunctionName: 'echo', Qualifier: '99' })),
    ).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 404 },
    });
  });

  test('GetFunction and ListFunctions describe what runs', async () => {
    const one = await client.send(new GetFunctionCommand({ FunctionName: 'echo' }));
    const all = await client.send(new ListFunctionsCommand({}));

    expect(one.Configuration).toMatchObject({
      FunctionName: 'echo',
      Timeout: 7,
      MemorySize: 128,
      State: 'Active',
      Runtime: 'nodejs24.x',
    });
    expect(all.Functions?.map(({ FunctionName }) => FunctionName)).toEqual(['echo']);
  });

  test('throttling is a 429 with its reason', async () => {
    await client.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'echo', ReservedConcurrentExecutions: 0 }),
    );

    await expect(client.send(new InvokeCommand({ FunctionName: 'echo' }))).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
  });

  test('event source mappings are created and listed', async () => {
    const EventSourceArn = 'arn:aws:sqs:us-east-1:000000000000:work';
    await aws.services.sqs.handle(
      'CreateQueue',
      { QueueName: 'work' },
      { accountId: '000000000000', arn: 'test' },
    );

    const created = await client.send(
      new CreateEventSourceMappingCommand({
        EventSourceArn,
        FunctionName: 'echo',
        ScalingConfig: { MaximumConcurrency: 3 },
      }),
    );
    const listed = await client.send(new ListEventSourceMappingsCommand({ FunctionName: 'echo' }));

    expect(created).toMatchObject({
      EventSourceArn,
      State: 'Creating',
      BatchSize: 10,
      ScalingConfig: { MaximumConcurrency: 3 },
    });
    expect(listed.EventSourceMappings?.map(({ UUID }) => UUID)).toEqual([created.UUID]);
  });
});
