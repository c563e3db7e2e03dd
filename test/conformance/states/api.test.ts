/** State machines and executions by the API. */
import {
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DeleteStateMachineAliasCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  DescribeStateMachineForExecutionCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListTagsForResourceCommand,
  PublishStateMachineVersionCommand,
  RedriveExecutionCommand,
  StartExecutionCommand,
  StartSyncExecutionCommand,
  StopExecutionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from '@aws-sdk/client-sfn';
import { behavioursOf, expect, refused } from '../harness.ts';
import { API, ended, GUIDE, historyOf, only, roleArn, run, runSync, sfn, workflow } from './workflows.ts';

const behaviour = behavioursOf('states');
const PASS = only({ Type: 'Pass' });
const WAIT = only({ Type: 'Wait', Seconds: 300 });

behaviour(
  'CreateStateMachine again with the same definition is idempotent',
  `${API}/API_CreateStateMachine.html`,
  async (aws) => {
    const machine = await workflow(aws, PASS);
    const again = { name: machine.name, definition: JSON.stringify(PASS), roleArn: await roleArn(aws) };
    expect((await sfn(aws).send(new CreateStateMachineCommand(again))).stateMachineArn).toBe(machine.arn);
  },
);
behaviour(
  'CreateStateMachine with another definition is refused',
  `${API}/API_CreateStateMachine.html`,
  async (aws) => {
    const machine = await workflow(aws, PASS);
    const other = { name: machine.name, definition: JSON.stringify(WAIT), roleArn: await roleArn(aws) };
    await refused(sfn(aws).send(new CreateStateMachineCommand(other)), 'StateMachineAlreadyExists');
  },
);
behaviour('a name with a space is refused', `${API}/API_CreateStateMachine.html`, async (aws) => {
  const input = { name: 'a b', definition: JSON.stringify(PASS), roleArn: await roleArn(aws) };
  await refused(sfn(aws).send(new CreateStateMachineCommand(input)), 'InvalidName');
});
behaviour('a role that is no ARN is refused', `${API}/API_CreateStateMachine.html`, async (aws) => {
  const input = { name: aws.uniqueName(), definition: JSON.stringify(PASS), roleArn: 'nobody' };
  await refused(sfn(aws).send(new CreateStateMachineCommand(input)), 'InvalidArn');
});

for (const [title, definition] of [
  ['a Next that leads nowhere', { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } }],
  ['a StartAt that leads nowhere', { StartAt: 'B', States: { A: { Type: 'Pass', End: true } } }],
  [
    'a state that nothing reaches',
    { StartAt: 'A', States: { A: { Type: 'Pass', End: true }, B: { Type: 'Pass', End: true } } },
  ],
  ['neither Next nor End', { StartAt: 'A', States: { A: { Type: 'Pass' } } }],
  ['an unknown type', { StartAt: 'A', States: { A: { Type: 'Nope', End: true } } }],
  ['a resource that is none', only({ Type: 'Task', Resource: 'nope' })],
  ['a field that does not belong', only({ Type: 'Pass', Branches: [] })],
  ['a path that is none', only({ Type: 'Pass', InputPath: 'a.b' })],
  ['JSONPath fields in a JSONata state', only({ Type: 'Pass', InputPath: '$', QueryLanguage: 'JSONata' })],
] as const) {
  behaviour(`InvalidDefinition: ${title}`, `${GUIDE}/statemachine-structure.html`, async (aws) => {
    const input = {
      name: aws.uniqueName(),
      definition: JSON.stringify(definition),
      roleArn: await roleArn(aws),
    };
    const { status } = await refused(
      sfn(aws).send(new CreateStateMachineCommand(input)),
      'InvalidDefinition',
    );
    expect(status).toBe(400);
  });
}
behaviour(
  'a definition that is no JSON is InvalidDefinition',
  `${API}/API_CreateStateMachine.html`,
  async (aws) => {
    const input = { name: aws.uniqueName(), definition: '{', roleArn: await roleArn(aws) };
    await refused(sfn(aws).send(new CreateStateMachineCommand(input)), 'InvalidDefinition');
  },
);
behaviour(
  'ValidateStateMachineDefinition gives diagnostics with their place',
  `${API}/API_ValidateStateMachineDefinition.html`,
  async (aws) => {
    const validate = (definition: object) =>
      sfn(aws).send(new ValidateStateMachineDefinitionCommand({ definition: JSON.stringify(definition) }));
    expect((await validate(PASS)).result).toBe('OK');
    const { result, diagnostics } = await validate({
      StartAt: 'A',
      States: { A: { Type: 'Pass', Next: 'B' } },
    });
    expect(result).toBe('FAIL');
    expect(diagnostics).toContainEqual(
      expect.objectContaining({
        severity: 'ERROR',
        code: 'MISSING_TRANSITION_TARGET',
        location: '/States/A/Next',
      }),
    );
  },
);
behaviour('a machine that is not there', `${API}/API_DescribeStateMachine.html`, async (aws) => {
  const stateMachineArn = `arn:aws:states:${aws.region}:${await aws.accountId()}:stateMachine:${aws.uniqueName()}`;
  await refused(
    sfn(aws).send(new DescribeStateMachineCommand({ stateMachineArn })),
    'StateMachineDoesNotExist',
  );
  await refused(sfn(aws).send(new StartExecutionCommand({ stateMachineArn })), 'StateMachineDoesNotExist');
  await sfn(aws).send(new DeleteStateMachineCommand({ stateMachineArn }));
});
behaviour('an ARN that is none is InvalidArn', `${API}/API_StartExecution.html`, async (aws) => {
  await refused(sfn(aws).send(new StartExecutionCommand({ stateMachineArn: 'nope' })), 'InvalidArn');
});
behaviour(
  'executions keep the definition they began with',
  `${API}/API_UpdateStateMachine.html`,
  async (aws) => {
    const machine = await workflow(aws, only({ Type: 'Wait', Seconds: 2 }));
    const executionArn = await machine.start();
    await sfn(aws).send(
      new UpdateStateMachineCommand({ stateMachineArn: machine.arn, definition: JSON.stringify(PASS) }),
    );
    const { definition } = await sfn(aws).send(new DescribeStateMachineForExecutionCommand({ executionArn }));
    expect(definition).toContain('Wait');
    await aws.wait(2);
    const types = await aws.eventually(async () => {
      expect((await ended(aws, executionArn)).status).toBe('SUCCEEDED');
      return (await historyOf(aws, executionArn)).map(({ type }) => type);
    });
    expect(types).toContain('WaitStateExited');
  },
);
behaviour(
  'UpdateStateMachine without a change is refused',
  `${API}/API_UpdateStateMachine.html`,
  async (aws) => {
    const { arn } = await workflow(aws, PASS);
    await refused(
      sfn(aws).send(new UpdateStateMachineCommand({ stateMachineArn: arn })),
      'MissingRequiredParameter',
    );
  },
);
behaviour('tags are added, listed and taken away', `${API}/API_TagResource.html`, async (aws) => {
  const { arn: resourceArn } = await workflow(aws, PASS);
  await sfn(aws).send(
    new TagResourceCommand({
      resourceArn,
      tags: [
        { key: 'a', value: '1' },
        { key: 'b', value: '2' },
      ],
    }),
  );
  await sfn(aws).send(new UntagResourceCommand({ resourceArn, tagKeys: ['a'] }));
  const { tags } = await sfn(aws).send(new ListTagsForResourceCommand({ resourceArn }));
  expect(tags).toEqual([{ key: 'b', value: '2' }]);
});
behaviour(
  'an alias runs the version it points to',
  `${GUIDE}/concepts-state-machine-alias.html`,
  async (aws) => {
    const machine = await workflow(aws, only({ Type: 'Pass', Result: 1 }));
    const { stateMachineVersionArn } = await sfn(aws).send(
      new PublishStateMachineVersionCommand({ stateMachineArn: machine.arn }),
    );
    await sfn(aws).send(
      new UpdateStateMachineCommand({
        stateMachineArn: machine.arn,
        definition: JSON.stringify(only({ Type: 'Pass', Result: 2 })),
      }),
    );
    const routingConfiguration = [{ stateMachineVersionArn, weight: 100 }];
    const { stateMachineAliasArn } = await sfn(aws).send(
      new CreateStateMachineAliasCommand({ name: 'live', routingConfiguration }),
    );
    aws.cleanup(() => sfn(aws).send(new DeleteStateMachineAliasCommand({ stateMachineAliasArn })));
    const { executionArn = '' } = await sfn(aws).send(
      new StartExecutionCommand({ stateMachineArn: stateMachineAliasArn }),
    );
    expect((await ended(aws, executionArn)).json).toBe(1);
  },
);

behaviour(
  'StartExecution of a running name with the same input is idempotent',
  `${API}/API_StartExecution.html`,
  async (aws) => {
    const machine = await workflow(aws, WAIT);
    expect(await machine.start({ a: 1 }, 'n')).toBe(await machine.start({ a: 1 }, 'n'));
  },
);
behaviour(
  'another input, or an execution that has ended, is ExecutionAlreadyExists',
  `${API}/API_StartExecution.html`,
  async (aws) => {
    const machine = await workflow(aws, WAIT);
    const executionArn = await machine.start({ a: 1 }, 'n');
    const again = (input: string) =>
      sfn(aws).send(new StartExecutionCommand({ stateMachineArn: machine.arn, name: 'n', input }));
    await refused(again('{"a":2}'), 'ExecutionAlreadyExists');
    await sfn(aws).send(new StopExecutionCommand({ executionArn }));
    await refused(again('{"a":1}'), 'ExecutionAlreadyExists');
  },
);
behaviour(
  'an input that is no JSON is InvalidExecutionInput',
  `${API}/API_StartExecution.html`,
  async (aws) => {
    const { arn: stateMachineArn } = await workflow(aws, PASS);
    await refused(
      sfn(aws).send(new StartExecutionCommand({ stateMachineArn, input: '{' })),
      'InvalidExecutionInput',
    );
  },
);
behaviour('an input over 256 KiB is refused', `${GUIDE}/service-quotas.html`, async (aws) => {
  const { arn: stateMachineArn } = await workflow(aws, PASS);
  const input = JSON.stringify('x'.repeat(262_143));
  await refused(
    sfn(aws).send(new StartExecutionCommand({ stateMachineArn, input })),
    'InvalidExecutionInput',
    'ValidationException',
  );
});
behaviour(
  'a state that gives over 256 KiB fails with States.DataLimitExceeded',
  `${GUIDE}/service-quotas.html`,
  async (aws) => {
    const end = await run(
      aws,
      only({ Type: 'Pass', Parameters: { 'a.$': '$', 'b.$': '$' } }),
      'x'.repeat(150_000),
    );
    expect([end.status, end.error]).toEqual(['FAILED', 'States.DataLimitExceeded']);
  },
);
behaviour('StopExecution aborts with error and cause', `${API}/API_StopExecution.html`, async (aws) => {
  const machine = await workflow(aws, WAIT);
  const executionArn = await machine.start();
  await sfn(aws).send(new StopExecutionCommand({ executionArn, error: 'E', cause: 'C' }));
  expect(await ended(aws, executionArn)).toMatchObject({ status: 'ABORTED', error: 'E', cause: 'C' });
  expect((await historyOf(aws, executionArn)).at(-1)?.type).toBe('ExecutionAborted');
});
behaviour(
  'TimeoutSeconds of the machine ends it as TIMED_OUT',
  `${GUIDE}/statemachine-structure.html`,
  async (aws) => {
    const machine = await workflow(aws, { ...WAIT, TimeoutSeconds: 2 });
    const executionArn = await machine.start();
    await aws.wait(2);
    expect((await ended(aws, executionArn)).status).toBe('TIMED_OUT');
  },
);
behaviour(
  'ListExecutions: newest first, by status, in pages',
  `${API}/API_ListExecutions.html`,
  async (aws) => {
    const machine = await workflow(aws, PASS);
    for (const name of ['one', 'two', 'three']) {
      await ended(aws, await machine.start({}, name));
      await aws.wait(0.01);
    }
    const list = async (more: object) =>
      sfn(aws).send(new ListExecutionsCommand({ stateMachineArn: machine.arn, ...more }));
    const first = await aws.eventually(async () => {
      const answer = await list({ statusFilter: 'SUCCEEDED', maxResults: 2 });
      expect(answer.executions?.map(({ name }) => name)).toEqual(['three', 'two']);
      return answer;
    });
    const second = await list({ statusFilter: 'SUCCEEDED', maxResults: 2, nextToken: first.nextToken });
    expect(second.executions?.map(({ name }) => name)).toEqual(['one']);
  },
);
behaviour(
  'the history is numbered, linked, and can be read backwards',
  `${API}/API_GetExecutionHistory.html`,
  async (aws) => {
    const { executionArn } = await run(aws, PASS, { a: 1 });
    const events = await historyOf(aws, executionArn);
    expect(events.map(({ type, id, previousEventId }) => [type, id, previousEventId])).toEqual([
      ['ExecutionStarted', 1, 0],
      ['PassStateEntered', 2, 0],
      ['PassStateExited', 3, 2],
      ['ExecutionSucceeded', 4, 3],
    ]);
    const { events: reversed } = await sfn(aws).send(
      new GetExecutionHistoryCommand({ executionArn, reverseOrder: true }),
    );
    expect(reversed?.map(({ id }) => id)).toEqual([4, 3, 2, 1]);
  },
);
behaviour('the history without execution data', `${API}/API_GetExecutionHistory.html`, async (aws) => {
  const { executionArn } = await run(aws, PASS, { secret: 1 });
  const { events } = await sfn(aws).send(
    new GetExecutionHistoryCommand({ executionArn, includeExecutionData: false }),
  );
  expect(JSON.stringify(events)).not.toContain('secret');
});
behaviour('an execution that is not there', `${API}/API_DescribeExecution.html`, async (aws) => {
  const executionArn = `arn:aws:states:${aws.region}:${await aws.accountId()}:execution:${aws.uniqueName()}:none`;
  await refused(sfn(aws).send(new DescribeExecutionCommand({ executionArn })), 'ExecutionDoesNotExist');
});
behaviour(
  'RedriveExecution goes on at the state that failed',
  `${GUIDE}/redrive-executions.html`,
  async (aws) => {
    const queue = await aws.queue();
    const name = queue.url.split('/').at(-1);
    const state = {
      Type: 'Task',
      Resource: 'arn:aws:states:::aws-sdk:sqs:getQueueUrl',
      Parameters: { QueueName: `${name ?? ''}-later` },
    };
    const definition = {
      StartAt: 'First',
      States: { First: { Type: 'Pass', Next: 'Ask' }, Ask: { ...state, End: true } },
    };
    const end = await run(aws, definition);
    expect([end.status, end.redriveStatus]).toEqual(['FAILED', 'REDRIVABLE']);
    await sfn(aws).send(new RedriveExecutionCommand({ executionArn: end.executionArn }));
    await ended(aws, end.executionArn ?? '');
    const types = (await historyOf(aws, end.executionArn)).map(({ type }) => type);
    expect(types.filter((type) => type === 'PassStateEntered')).toHaveLength(1);
    expect(types.filter((type) => type === 'TaskScheduled')).toHaveLength(2);
    expect(types).toContain('ExecutionRedriven');
  },
);
behaviour(
  'an execution that succeeded can not be redriven',
  `${API}/API_RedriveExecution.html`,
  async (aws) => {
    const { executionArn } = await run(aws, PASS);
    await refused(sfn(aws).send(new RedriveExecutionCommand({ executionArn })), 'ExecutionNotRedrivable');
  },
);

behaviour(
  'Express: StartSyncExecution answers with the outcome',
  `${API}/API_StartSyncExecution.html`,
  async (aws) => {
    const answer = await runSync(aws, PASS, { a: 1 });
    expect([answer.status, answer.output]).toEqual(['SUCCEEDED', '{"a":1}']);
  },
);
behaviour('Express: a failure is an answer too', `${API}/API_StartSyncExecution.html`, async (aws) => {
  const answer = await runSync(aws, {
    StartAt: 'F',
    States: { F: { Type: 'Fail', Error: 'E', Cause: 'C' } },
  });
  expect([answer.status, answer.error, answer.cause]).toEqual(['FAILED', 'E', 'C']);
});
behaviour(
  'StartSyncExecution of a Standard machine is refused',
  `${API}/API_StartSyncExecution.html`,
  async (aws) => {
    const { arn } = await workflow(aws, PASS);
    await refused(
      sfn(aws).send(new StartSyncExecutionCommand({ stateMachineArn: arn })),
      'StateMachineTypeNotSupported',
    );
  },
);
behaviour('Express: no list of executions', `${API}/API_ListExecutions.html`, async (aws) => {
  const { arn } = await workflow(aws, PASS, 'EXPRESS');
  await refused(
    sfn(aws).send(new ListExecutionsCommand({ stateMachineArn: arn })),
    'StateMachineTypeNotSupported',
  );
});
behaviour('Express: no callbacks', `${GUIDE}/choosing-workflow-type.html`, async (aws) => {
  const definition = only({
    Type: 'Task',
    Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
    Parameters: { QueueUrl: 'x', MessageBody: { 'token.$': '$$.Task.Token' } },
  });
  const input = {
    name: aws.uniqueName(),
    type: 'EXPRESS',
    definition: JSON.stringify(definition),
    roleArn: await roleArn(aws),
  } as const;
  await refused(sfn(aws).send(new CreateStateMachineCommand(input)), 'InvalidDefinition');
});
