/** Tasks, callbacks, activities, retries and what is caught. */
import {
  CreateActivityCommand,
  DeleteActivityCommand,
  GetActivityTaskCommand,
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
} from '@aws-sdk/client-sfn';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { API, ended, GUIDE, historyOf, only, outputOf, run, sfn, workflow } from './workflows.ts';

const behaviour = behavioursOf('states');
const ERRORS = `${GUIDE}/concepts-error-handling.html`;
const TOKENS = `${GUIDE}/connect-to-resource.html`;

async function activity(aws: Conformance): Promise<string> {
  const { activityArn = '' } = await sfn(aws).send(
    new CreateActivityCommand({ name: aws.uniqueName('activity') }),
  );
  aws.cleanup(() => sfn(aws).send(new DeleteActivityCommand({ activityArn })));
  return activityArn;
}

async function asked(aws: Conformance, fields: object = {}) {
  const queue = await aws.queue();
  const machine = await workflow(
    aws,
    only({
      Type: 'Task',
      Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
      Parameters: { QueueUrl: queue.url, MessageBody: { 'token.$': '$$.Task.Token' } },
      ...fields,
    }),
  );
  const executionArn = await machine.start();
  const [message] = await queue.receive(1);
  const { token: taskToken } = JSON.parse(message?.Body ?? '{}') as { token: string };
  return { executionArn, taskToken };
}

behaviour('sqs:sendMessage sends, and gives the message id', `${GUIDE}/connect-sqs.html`, async (aws) => {
  const queue = await aws.queue();
  const Parameters = { QueueUrl: queue.url, MessageBody: { 'v.$': '$.v' } };
  const output = await outputOf(
    aws,
    { Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', Parameters },
    { v: 1 },
  );
  expect(output).toMatchObject({ MessageId: expect.any(String) });
  expect((await queue.receive(1))[0]?.Body).toBe('{"v":1}');
});
behaviour('an SDK integration calls any action', `${GUIDE}/supported-services-awssdk.html`, async (aws) => {
  const queue = await aws.queue();
  const Parameters = { QueueName: queue.url.split('/').at(-1) };
  const state = { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:sqs:getQueueUrl', Parameters };
  expect(await outputOf(aws, state)).toEqual({ QueueUrl: queue.url });
});
behaviour('errors of SDK integrations carry service and exception', ERRORS, async (aws) => {
  const state = {
    Type: 'Task',
    Resource: 'arn:aws:states:::aws-sdk:sqs:getQueueUrl',
    Parameters: { QueueName: aws.uniqueName() },
  };
  expect((await run(aws, only(state))).error).toBe('Sqs.QueueDoesNotExistException');
});
behaviour('a task records Scheduled, Started and Succeeded', `${API}/API_HistoryEvent.html`, async (aws) => {
  const queue = await aws.queue();
  const Parameters = { QueueUrl: queue.url, MessageBody: 'x' };
  const end = await run(
    aws,
    only({ Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage', Parameters }),
  );
  const events = await historyOf(aws, end.executionArn);
  expect(events.map(({ type }) => type)).toEqual([
    'ExecutionStarted',
    'TaskStateEntered',
    'TaskScheduled',
    'TaskStarted',
    'TaskSucceeded',
    'TaskStateExited',
    'ExecutionSucceeded',
  ]);
  expect(events[2]?.taskScheduledEventDetails).toMatchObject({
    resourceType: 'sqs',
    resource: 'sendMessage',
  });
});

behaviour('a callback waits for SendTaskSuccess', TOKENS, async (aws) => {
  const { executionArn, taskToken } = await asked(aws);
  await sfn(aws).send(new SendTaskSuccessCommand({ taskToken, output: '{"ok":true}' }));
  expect((await ended(aws, executionArn)).json).toEqual({ ok: true });
  const types = (await historyOf(aws, executionArn)).map(({ type }) => type);
  expect(types).toContain('TaskSubmitted');
});
behaviour('SendTaskFailure fails the task', `${API}/API_SendTaskFailure.html`, async (aws) => {
  const { executionArn, taskToken } = await asked(aws);
  await sfn(aws).send(new SendTaskFailureCommand({ taskToken, error: 'Mine', cause: 'why' }));
  expect(await ended(aws, executionArn)).toMatchObject({ status: 'FAILED', error: 'Mine', cause: 'why' });
});
behaviour('a token is good once', `${API}/API_SendTaskSuccess.html`, async (aws) => {
  const { executionArn, taskToken } = await asked(aws);
  await sfn(aws).send(new SendTaskSuccessCommand({ taskToken, output: '1' }));
  await ended(aws, executionArn);
  await refused(
    sfn(aws).send(new SendTaskSuccessCommand({ taskToken, output: '1' })),
    'TaskTimedOut',
    'InvalidToken',
    'TaskDoesNotExist',
  );
});
behaviour('a token that is none is refused', `${API}/API_SendTaskHeartbeat.html`, async (aws) => {
  await refused(sfn(aws).send(new SendTaskHeartbeatCommand({ taskToken: 'nonsense' })), 'InvalidToken');
});
behaviour('an output that is no JSON is refused', `${API}/API_SendTaskSuccess.html`, async (aws) => {
  const { taskToken } = await asked(aws);
  await refused(sfn(aws).send(new SendTaskSuccessCommand({ taskToken, output: '{' })), 'InvalidOutput');
});
behaviour(
  'TimeoutSeconds ends a callback with States.Timeout',
  `${GUIDE}/sfn-stuck-execution.html`,
  async (aws) => {
    const { executionArn } = await asked(aws, { TimeoutSeconds: 3 });
    await aws.wait(3);
    expect((await ended(aws, executionArn)).error).toBe('States.Timeout');
  },
);
behaviour('HeartbeatSeconds ends it without a heartbeat', TOKENS, async (aws) => {
  const { executionArn, taskToken } = await asked(aws, { HeartbeatSeconds: 3, TimeoutSeconds: 60 });
  await sfn(aws).send(new SendTaskHeartbeatCommand({ taskToken }));
  await aws.wait(4);
  expect(['States.HeartbeatTimeout', 'States.Timeout']).toContain((await ended(aws, executionArn)).error);
});

behaviour(
  'an activity hands its input to a worker and takes the output',
  `${GUIDE}/concepts-activities.html`,
  async (aws) => {
    const activityArn = await activity(aws);
    const machine = await workflow(aws, only({ Type: 'Task', Resource: activityArn }));
    const executionArn = await machine.start({ a: 1 });
    const { taskToken, input } = await sfn(aws).send(
      new GetActivityTaskCommand({ activityArn, workerName: 'w' }),
    );
    expect(input).toBe('{"a":1}');
    await sfn(aws).send(new SendTaskSuccessCommand({ taskToken, output: '2' }));
    expect((await ended(aws, executionArn)).json).toBe(2);
    const types = (await historyOf(aws, executionArn)).map(({ type }) => type);
    expect(types.slice(2, 5)).toEqual(['ActivityScheduled', 'ActivityStarted', 'ActivitySucceeded']);
  },
);
behaviour('an activity that is not there', `${API}/API_GetActivityTask.html`, async (aws) => {
  const activityArn = `arn:aws:states:${aws.region}:${await aws.accountId()}:activity:${aws.uniqueName()}`;
  await refused(sfn(aws).send(new GetActivityTaskCommand({ activityArn })), 'ActivityDoesNotExist');
});

behaviour('Retry tries again after IntervalSeconds', ERRORS, async (aws) => {
  const activityArn = await activity(aws);
  const Retry = [{ ErrorEquals: ['Flaky'], IntervalSeconds: 2, MaxAttempts: 1 }];
  const machine = await workflow(aws, only({ Type: 'Task', Resource: activityArn, Retry }));
  const executionArn = await machine.start();
  const poll = () => sfn(aws).send(new GetActivityTaskCommand({ activityArn }));
  const first = await poll();
  await sfn(aws).send(new SendTaskFailureCommand({ taskToken: first.taskToken, error: 'Flaky' }));
  await aws.wait(2);
  const second = await poll();
  expect(second.taskToken).not.toBe(first.taskToken);
  await sfn(aws).send(new SendTaskSuccessCommand({ taskToken: second.taskToken, output: '"done"' }));

  expect((await ended(aws, executionArn)).json).toBe('done');
  const types = (await historyOf(aws, executionArn)).map(({ type }) => type);
  expect(types.filter((type) => type === 'ActivityScheduled')).toHaveLength(2);
  expect(types.filter((type) => type === 'TaskStateEntered')).toHaveLength(1);
});
behaviour('after MaxAttempts the error stays', ERRORS, async (aws) => {
  const Retry = [{ ErrorEquals: ['States.TaskFailed'], IntervalSeconds: 1, MaxAttempts: 1 }];
  const state = {
    Type: 'Task',
    Resource: 'arn:aws:states:::aws-sdk:sqs:getQueueUrl',
    Parameters: { QueueName: aws.uniqueName() },
    Retry,
  };
  const machine = await workflow(aws, only(state));
  const executionArn = await machine.start();
  await aws.wait(1);
  expect((await ended(aws, executionArn)).error).toBe('Sqs.QueueDoesNotExistException');
  const failed = (await historyOf(aws, executionArn)).filter(({ type }) => type === 'TaskFailed');
  expect(failed).toHaveLength(2);
});

const FAILING = { Type: 'Task', Resource: 'arn:aws:states:::aws-sdk:sqs:getQueueUrl', Next: 'Done' };
const catching = (Catch: readonly object[], queueName: string) => ({
  StartAt: 'Work',
  States: {
    Work: { ...FAILING, Parameters: { QueueName: queueName }, Catch },
    Caught: { Type: 'Succeed' },
    Done: { Type: 'Fail', Error: 'NotCaught' },
  },
});
for (const name of ['States.ALL', 'States.TaskFailed', 'Sqs.QueueDoesNotExistException']) {
  behaviour(`Catch of ${name} takes the error and gives Error and Cause`, ERRORS, async (aws) => {
    const end = await run(aws, catching([{ ErrorEquals: [name], Next: 'Caught' }], aws.uniqueName()));
    expect(end.json).toMatchObject({ Error: 'Sqs.QueueDoesNotExistException', Cause: expect.any(String) });
  });
}
behaviour('Catch with ResultPath keeps the input', ERRORS, async (aws) => {
  const end = await run(
    aws,
    catching([{ ErrorEquals: ['States.ALL'], ResultPath: '$.e', Next: 'Caught' }], aws.uniqueName()),
    { a: 1 },
  );
  expect(end.json).toMatchObject({ a: 1, e: { Error: 'Sqs.QueueDoesNotExistException' } });
});
behaviour('States.Runtime is not caught', ERRORS, async (aws) => {
  const definition = {
    StartAt: 'Work',
    States: {
      Work: {
        ...FAILING,
        Parameters: { 'QueueName.$': '$.gone' },
        Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught' }],
      },
      Caught: { Type: 'Succeed' },
      Done: { Type: 'Succeed' },
    },
  };
  expect((await run(aws, definition)).error).toBe('States.Runtime');
});

behaviour(
  'states:startExecution.sync:2 waits for the child and gives its output',
  `${GUIDE}/connect-stepfunctions.html`,
  async (aws) => {
    const child = await workflow(aws, only({ Type: 'Pass' }));
    const Parameters = { StateMachineArn: child.arn, Input: { n: 1 } };
    const output = await outputOf(aws, {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync:2',
      Parameters,
    });
    expect(output).toMatchObject({ Status: 'SUCCEEDED', Output: { n: 1 } });
  },
);
behaviour(
  'states:startExecution.sync gives the output as text',
  `${GUIDE}/connect-stepfunctions.html`,
  async (aws) => {
    const child = await workflow(aws, only({ Type: 'Pass' }));
    const Parameters = { StateMachineArn: child.arn, Input: { n: 1 } };
    const output = await outputOf(aws, {
      Type: 'Task',
      Resource: 'arn:aws:states:::states:startExecution.sync',
      Parameters,
    });
    expect(output).toMatchObject({ Status: 'SUCCEEDED', Output: '{"n":1}' });
  },
);
behaviour('a child that fails is States.TaskFailed', `${GUIDE}/connect-stepfunctions.html`, async (aws) => {
  const child = await workflow(aws, { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E' } } });
  const Parameters = { StateMachineArn: child.arn };
  const end = await run(
    aws,
    only({ Type: 'Task', Resource: 'arn:aws:states:::states:startExecution.sync:2', Parameters }),
  );
  expect(end.error).toBe('States.TaskFailed');
});
