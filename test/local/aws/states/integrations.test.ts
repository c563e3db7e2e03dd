import { afterEach, describe, expect, test } from '@jest/globals';

import { AwsError } from '../../../../local/aws/errors.ts';
import type { AwsService, Caller } from '../../../../local/aws/context.ts';
import { createHarness, functionArn, only, outputOf, ROLE, SECOND } from './harness.ts';
import type { Handler, Harness } from './harness.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const h of open.splice(0)) await h.close();
});

function harness(handlers: Readonly<Record<string, Handler>> = {}): Harness {
  const h = createHarness({ handlers });
  open.push(h);
  return h;
}

async function queue(h: Harness, name = 'q'): Promise<string> {
  return String((await h.callOf('sqs', 'CreateQueue', { QueueName: name }))['QueueUrl']);
}

async function received(h: Harness, QueueUrl: string): Promise<readonly { readonly Body: string }[]> {
  const { Messages = [] } = await h.callOf('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
  return Messages as readonly { readonly Body: string }[];
}

const task = (Resource: string, fields: object = {}) => only({ Type: 'Task', Resource, ...fields });

describe('optimized integrations', () => {
  test('sqs:sendMessage writes a JSON body as text and gives the answer with metadata', async () => {
    const h = harness();
    const QueueUrl = await queue(h);
    const execution = await h.run(
      task('arn:aws:states:::sqs:sendMessage', { Parameters: { QueueUrl, MessageBody: { 'id.$': '$.id' } } }),
      { id: 7 },
    );
    expect(outputOf(execution)).toMatchObject({
      MessageId: expect.any(String),
      MD5OfMessageBody: expect.any(String),
      SdkHttpMetadata: { HttpStatusCode: 200 },
    });
    expect((await received(h, QueueUrl)).map(({ Body }) => Body)).toEqual(['{"id":7}']);
    expect(h.history(execution).slice(2, 5)).toMatchObject([
      {
        type: 'TaskScheduled',
        taskScheduledEventDetails: { resourceType: 'sqs', resource: 'sendMessage', region: 'us-east-1' },
      },
      { type: 'TaskStarted', taskStartedEventDetails: { resourceType: 'sqs', resource: 'sendMessage' } },
      { type: 'TaskSucceeded', taskSucceededEventDetails: { resourceType: 'sqs', resource: 'sendMessage' } },
    ]);
  });

  test('sns:publish and events:putEvents, with the execution among the resources', async () => {
    const h = harness();
    const { TopicArn } = await h.callOf('sns', 'CreateTopic', { Name: 't' });
    const published = await h.run(
      task('arn:aws:states:::sns:publish', { Parameters: { TopicArn, 'Message.$': '$' } }),
      { a: 1 },
    );
    expect(outputOf(published)).toMatchObject({ MessageId: expect.any(String) });

    const QueueUrl = await queue(h);
    await h.callOf('events', 'PutRule', { Name: 'r', EventPattern: '{"source":["mine"]}' });
    await h.callOf('events', 'PutTargets', {
      Rule: 'r',
      Targets: [{ Id: '1', Arn: 'arn:aws:sqs:us-east-1:000000000000:q' }],
    });
    const Entries = [{ Source: 'mine', DetailType: 'T', Detail: { 'n.$': '$.n' }, Resources: ['r1'] }];
    const put = await h.run(task('arn:aws:states:::events:putEvents', { Parameters: { Entries } }), { n: 5 });
    expect(outputOf(put)).toMatchObject({ FailedEntryCount: 0 });
    const [message] = await received(h, QueueUrl);
    expect(JSON.parse(message?.Body ?? '{}')).toMatchObject({
      detail: { n: 5 },
      resources: ['r1', put.arn, put.machineArn],
    });

    const refused = await h.run(
      task('arn:aws:states:::events:putEvents', { Parameters: { Entries: [{ Source: 'mine' }] } }),
    );
    expect(refused.error).toBe('EventBridge.FailedEntry');
  });

  test('lambda:invoke gives payload and status', async () => {
    const h = harness({ double: (n) => Number(n) * 2 });
    const Parameters = { FunctionName: functionArn('double'), 'Payload.$': '$.n' };
    const execution = await h.run(task('arn:aws:states:::lambda:invoke', { Parameters }), { n: 4 });
    expect(outputOf(execution)).toMatchObject({ Payload: 8, StatusCode: 200, ExecutedVersion: '$LATEST' });
  });

  test('errors carry the service, as each kind of integration writes it', async () => {
    const h = harness();
    const QueueUrl = 'http://127.0.0.1:4566/000000000000/none';
    const optimized = await h.run(
      task('arn:aws:states:::sqs:sendMessage', { Parameters: { QueueUrl, MessageBody: 'x' } }),
    );
    const sdk = await h.run(
      task('arn:aws:states:::aws-sdk:sqs:sendMessage', { Parameters: { QueueUrl, MessageBody: 'x' } }),
    );
    const machine = await h.run(
      task('arn:aws:states:::aws-sdk:sfn:describeStateMachine', {
        Parameters: { StateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:none' },
      }),
    );
    expect([optimized.error, sdk.error, machine.error]).toEqual([
      'SQS.QueueDoesNotExistException',
      'Sqs.QueueDoesNotExistException',
      'Sfn.StateMachineDoesNotExistException',
    ]);
    expect(h.types(sdk).slice(-2)).toEqual(['TaskFailed', 'ExecutionFailed']);
  });

  test('dynamodb: AWS error names, and access that is denied', async () => {
    const h = harness();
    let code = '';
    const dynamodb: AwsService = {
      name: 'dynamodb',
      protocols: {},
      handle: () => Promise.reject(new AwsError(code, 'no')),
    };
    h.context.services.register(dynamodb);
    const errorOf = async (resource: string, thrown: string) => {
      code = thrown;
      return (await h.run(task(resource, { Parameters: { TableName: 't' } }))).error;
    };
    const [optimized, sdk] = [
      'arn:aws:states:::dynamodb:putItem',
      'arn:aws:states:::aws-sdk:dynamodb:putItem',
    ];
    expect(await errorOf(optimized, 'ConditionalCheckFailedException')).toBe(
      'DynamoDB.ConditionalCheckFailedException',
    );
    expect(await errorOf(sdk, 'ConditionalCheckFailedException')).toBe(
      'DynamoDb.ConditionalCheckFailedException',
    );
    expect(await errorOf(optimized, 'AccessDeniedException')).toBe('DynamoDB.AmazonDynamoDBException');
    expect(await errorOf(sdk, 'AccessDeniedException')).toBe('DynamoDb.DynamoDbException');
  });

  test('calls are made in the role of the machine, so that policies decide on them', async () => {
    const h = harness();
    const callers: Caller[] = [];
    const QueueUrl = await queue(h);
    h.context.authorizer = {
      authorize(service, caller) {
        callers.push(caller);
        if (service === 'sqs') throw new AwsError('AccessDenied', 'not allowed', 403);
      },
    };
    const machine = await h.machine(
      task('arn:aws:states:::sqs:sendMessage', { Parameters: { QueueUrl, MessageBody: 'x' } }),
    );
    const execution = await h.start(machine, {}, 'run-1');
    expect(execution).toMatchObject({ status: 'FAILED', error: 'SQS.AmazonSQSException' });
    expect(callers).toMatchObject([
      { arn: 'arn:aws:sts::000000000000:assumed-role/workflow/run-1', accountId: '000000000000' },
    ]);
    expect(callers[0]?.service).toBeUndefined();
    expect(ROLE.endsWith('role/workflow')).toBe(true);
  });

  test('SDK integrations give what the API answers, in Pascal case', async () => {
    const h = harness();
    const QueueUrl = await queue(h);
    const url = await h.run(
      task('arn:aws:states:::aws-sdk:sqs:getQueueUrl', { Parameters: { QueueName: 'q' } }),
    );
    expect(outputOf(url)).toEqual({ QueueUrl });
    const machines = await h.run(task('arn:aws:states:::aws-sdk:sfn:listStateMachines'));
    expect(outputOf(machines)).toMatchObject({
      StateMachines: [{ Name: 'machine-1' }, { Name: 'machine-2' }],
    });
    const missing = await h.run(task('arn:aws:states:::aws-sdk:rekognition:detectFaces'));
    expect(missing.cause).toContain('No service rekognition runs in this embedded AWS');
  });
});

describe('callbacks', () => {
  async function waiting(h: Harness, fields: object = {}) {
    const QueueUrl = await queue(h);
    const execution = await h.start(
      await h.machine(
        task('arn:aws:states:::sqs:sendMessage.waitForTaskToken', {
          Parameters: { QueueUrl, MessageBody: { 'token.$': '$$.Task.Token', 'order.$': '$.order' } },
          ...fields,
        }),
      ),
      { order: 'o-1' },
    );
    const [message] = await received(h, QueueUrl);
    const { token } = JSON.parse(message?.Body ?? '{}') as { token: string };
    return { execution, taskToken: token };
  }

  test('SendTaskSuccess gives the result', async () => {
    const h = harness();
    const { execution, taskToken } = await waiting(h);
    await h.clock.advance(3600 * SECOND);
    expect(execution.status).toBe('RUNNING');
    await h.call('SendTaskSuccess', { taskToken, output: '{"paid":true}' });
    await h.settle();
    expect(outputOf(execution)).toEqual({ paid: true });
    expect(h.types(execution)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'TaskScheduled',
      'TaskStarted',
      'TaskSubmitted',
      'TaskSucceeded',
      'TaskStateExited',
      'ExecutionSucceeded',
    ]);
    await expect(h.call('SendTaskSuccess', { taskToken, output: '{}' })).rejects.toMatchObject({
      code: 'TaskTimedOut',
    });
  });

  test('SendTaskFailure gives the error', async () => {
    const h = harness();
    const { execution, taskToken } = await waiting(h);
    await h.call('SendTaskFailure', { taskToken, error: 'Declined', cause: 'no money' });
    await h.settle();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Declined', cause: 'no money' });
  });

  test('a heartbeat in time keeps it waiting; without one, States.HeartbeatTimeout', async () => {
    const h = harness();
    const { execution, taskToken } = await waiting(h, { HeartbeatSeconds: 10 });
    await h.clock.advance(9 * SECOND);
    await h.call('SendTaskHeartbeat', { taskToken });
    await h.clock.advance(9 * SECOND);
    expect(execution.status).toBe('RUNNING');
    await h.clock.advance(1 * SECOND);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.HeartbeatTimeout' });
    await expect(h.call('SendTaskHeartbeat', { taskToken })).rejects.toMatchObject({ code: 'TaskTimedOut' });
  });

  test('TimeoutSeconds ends the wait; a Catch of States.Timeout takes it', async () => {
    const h = harness();
    const { execution } = await waiting(h, { TimeoutSeconds: 30 });
    await h.clock.advance(30 * SECOND);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(h.types(execution).slice(-2)).toEqual(['TaskTimedOut', 'ExecutionFailed']);
  });

  test('a completion that comes before the call has returned counts', async () => {
    const h = harness({
      quick: async (input) => {
        await h.call('SendTaskSuccess', { taskToken: (input as { token: string }).token, output: '1' });
      },
    });
    const Parameters = { FunctionName: functionArn('quick'), Payload: { 'token.$': '$$.Task.Token' } };
    const execution = await h.run(task('arn:aws:states:::lambda:invoke.waitForTaskToken', { Parameters }));
    expect(outputOf(execution)).toBe(1);
  });

  test.each([
    ['SendTaskSuccess', { taskToken: 'nonsense', output: '{}' }, 'InvalidToken'],
    ['SendTaskFailure', { taskToken: 'nonsense' }, 'InvalidToken'],
    ['SendTaskHeartbeat', { taskToken: 'nonsense' }, 'InvalidToken'],
    ['SendTaskSuccess', { taskToken: 'nonsense', output: '{' }, 'InvalidOutput'],
    ['SendTaskSuccess', { output: '{}' }, 'ValidationException'],
  ])('%s %j is refused with %s', async (action, input, code) => {
    await expect(harness().call(action, input)).rejects.toMatchObject({ code });
  });
});

describe('activities', () => {
  async function activity(h: Harness) {
    const { activityArn } = await h.call('CreateActivity', { name: 'work' });
    return String(activityArn);
  }

  test('a worker polls, and completes', async () => {
    const h = harness();
    const activityArn = await activity(h);
    const execution = await h.start(await h.machine(task(activityArn, { HeartbeatSeconds: 60 })), { a: 1 });
    // The heartbeat counts from when a worker has the task.
    await h.clock.advance(3600 * SECOND);
    const { taskToken, input } = await h.call('GetActivityTask', { activityArn, workerName: 'w1' });
    expect(input).toBe('{"a":1}');
    await h.call('SendTaskSuccess', { taskToken, output: '2' });
    await h.settle();
    expect(outputOf(execution)).toBe(2);
    expect(h.types(execution).slice(2, 5)).toEqual([
      'ActivityScheduled',
      'ActivityStarted',
      'ActivitySucceeded',
    ]);
  });

  test('a poll waits a minute for a task, then its answer is empty', async () => {
    const h = harness();
    const activityArn = await activity(h);
    const empty = h.call('GetActivityTask', { activityArn });
    await h.clock.advance(60 * SECOND);
    expect(await empty).toEqual({});

    const waiting = h.call('GetActivityTask', { activityArn });
    await h.start(await h.machine(task(activityArn)), { a: 1 });
    expect(await waiting).toMatchObject({ input: '{"a":1}' });
  });

  test('a task that timed out is not handed out', async () => {
    const h = harness();
    const activityArn = await activity(h);
    const execution = await h.run(task(activityArn, { TimeoutSeconds: 5 }), {}, 5 * SECOND);
    expect(execution.error).toBe('States.Timeout');
    const poll = h.call('GetActivityTask', { activityArn });
    await h.clock.advance(60 * SECOND);
    expect(await poll).toEqual({});
  });
});

describe('nested executions', () => {
  const start = (stateMachineArn: string, suffix: string) =>
    task(`arn:aws:states:::states:startExecution${suffix}`, {
      Parameters: { StateMachineArn: stateMachineArn, Input: { 'n.$': '$.n' } },
    });

  test('request and response do not wait', async () => {
    const h = harness();
    const child = await h.machine(only({ Type: 'Wait', Seconds: 10 }));
    expect(outputOf(await h.run(start(child, ''), { n: 1 }))).toMatchObject({
      ExecutionArn: expect.any(String),
    });
    expect(h.states.executions(child)).toMatchObject([{ status: 'RUNNING', input: '{"n":1}' }]);
  });

  test.each([
    ['.sync', '{"n":1}'],
    ['.sync:2', { n: 1 }],
  ])('%s waits and gives the output', async (suffix, Output) => {
    const h = harness();
    const child = await h.machine(only({ Type: 'Wait', Seconds: 10 }));
    const parent = await h.start(await h.machine(start(child, suffix)), { n: 1 });
    expect(parent.status).toBe('RUNNING');
    await h.clock.advance(10 * SECOND);
    expect(outputOf(parent)).toMatchObject({ Output, Status: 'SUCCEEDED' });
  });

  test('a child that fails is States.TaskFailed; a parent that is stopped stops its child', async () => {
    const h = harness();
    const failing = await h.machine(only({ Type: 'Fail', End: undefined, Error: 'Inner', Cause: 'why' }));
    const parent = await h.run(start(failing, '.sync:2'), { n: 1 });
    expect(parent.error).toBe('States.TaskFailed');
    expect(JSON.parse(parent.cause ?? '')).toMatchObject({ Error: 'Inner', Cause: 'why', Status: 'FAILED' });

    const slow = await h.machine(only({ Type: 'Wait', Seconds: 10 }));
    const stopped = await h.start(await h.machine(start(slow, '.sync')), { n: 1 });
    await h.call('StopExecution', { executionArn: stopped.arn });
    await h.settle();
    expect(h.states.executions(slow)).toMatchObject([{ status: 'ABORTED' }]);
  });
});
