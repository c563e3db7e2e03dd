import { afterEach, describe, expect, test } from '@jest/globals';

import type { MetricSample } from '../../../../local/aws/metrics.ts';
import { createLogsService } from '../../../../local/aws/logs/index.ts';
import { createHarness, failure, functionArn, only, outputOf, ROLE, SECOND } from './harness.ts';
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

const PASS = only({ Type: 'Pass' });
const DAY = 86_400 * SECOND;
const refused = (code: string) => expect.objectContaining({ code });

describe('state machines', () => {
  test('the same request again gives the same machine, a different one is refused', async () => {
    const h = harness();
    const first = await h.machine(PASS, { name: 'm' });
    expect(await h.machine(PASS, { name: 'm' })).toBe(first);
    await expect(h.machine(only({ Type: 'Succeed', End: undefined }), { name: 'm' })).rejects.toEqual(
      refused('StateMachineAlreadyExists'),
    );
  });

  test.each(['', 'a b', 'a/b', 'a:b', 'a#b', 'a*', 'x'.repeat(81)])(
    'the name %j is refused',
    async (name) => {
      const codes = name === '' ? 'ValidationException' : 'InvalidName';
      await expect(harness().machine(PASS, { name })).rejects.toEqual(refused(codes));
    },
  );

  test('described, updated, listed, deleted', async () => {
    const h = harness();
    const stateMachineArn = await h.machine(PASS, { name: 'm' });
    const before = await h.call('DescribeStateMachine', { stateMachineArn });
    expect(before).toMatchObject({ name: 'm', status: 'ACTIVE', type: 'STANDARD', roleArn: ROLE });
    const running = await h.start(await h.machine(only({ Type: 'Wait', Seconds: 5 }), { name: 'slow' }));
    await h.call('UpdateStateMachine', {
      stateMachineArn: running.machineArn,
      definition: JSON.stringify(PASS),
    });
    await h.clock.advance(5 * SECOND);
    expect(h.types(running)).toContain('WaitStateExited');

    await h.call('UpdateStateMachine', {
      stateMachineArn,
      definition: JSON.stringify(only({ Type: 'Pass', Result: 1 })),
    });
    expect(outputOf(await h.start(stateMachineArn))).toBe(1);
    expect((await h.call('DescribeStateMachine', { stateMachineArn }))['revisionId']).not.toBe(
      before['revisionId'],
    );
    expect(await h.call('ListStateMachines', { maxResults: 1 })).toMatchObject({
      stateMachines: [{ name: 'm' }],
      nextToken: expect.any(String),
    });
    await h.call('DeleteStateMachine', { stateMachineArn });
    await h.call('DeleteStateMachine', { stateMachineArn });
    await expect(h.call('DescribeStateMachine', { stateMachineArn })).rejects.toEqual(
      refused('StateMachineDoesNotExist'),
    );
    await expect(h.call('StartExecution', { stateMachineArn })).rejects.toEqual(
      refused('StateMachineDoesNotExist'),
    );
  });

  test('versions and aliases send executions where they point', async () => {
    const h = harness();
    const stateMachineArn = await h.machine(only({ Type: 'Pass', Result: 1 }), { name: 'm' });
    const { stateMachineVersionArn: one } = await h.call('PublishStateMachineVersion', { stateMachineArn });
    const again = await h.call('PublishStateMachineVersion', { stateMachineArn });
    expect(again['stateMachineVersionArn']).toBe(one);
    const { stateMachineVersionArn: two } = await h.call('UpdateStateMachine', {
      stateMachineArn,
      definition: JSON.stringify(only({ Type: 'Pass', Result: 2 })),
      publish: true,
    });
    expect([one, two]).toEqual([`${stateMachineArn}:1`, `${stateMachineArn}:2`]);
    const route = (arn: unknown) => [{ stateMachineVersionArn: arn, weight: 100 }];
    const { stateMachineAliasArn } = await h.call('CreateStateMachineAlias', {
      name: 'live',
      routingConfiguration: route(one),
    });
    const run = async (arn: unknown) => outputOf(await h.start(String(arn)));
    expect([await run(one), await run(two), await run(stateMachineAliasArn)]).toEqual([1, 2, 1]);
    await h.call('UpdateStateMachineAlias', { stateMachineAliasArn, routingConfiguration: route(two) });
    expect(await run(stateMachineAliasArn)).toBe(2);
    await expect(h.call('DeleteStateMachineVersion', { stateMachineVersionArn: two })).rejects.toEqual(
      refused('ConflictException'),
    );
    await expect(h.call('StartExecution', { stateMachineArn: `${stateMachineArn}:9` })).rejects.toEqual(
      refused('ResourceNotFound'),
    );
  });

  test('tags', async () => {
    const h = harness();
    const resourceArn = await h.machine(PASS, { tags: [{ key: 'a', value: '1' }] });
    await h.call('TagResource', { resourceArn, tags: [{ key: 'b', value: '2' }] });
    await h.call('UntagResource', { resourceArn, tagKeys: ['a'] });
    expect(await h.call('ListTagsForResource', { resourceArn })).toEqual({
      tags: [{ key: 'b', value: '2' }],
    });
  });
});

describe('definitions that are refused, with the place', () => {
  const pass = { Type: 'Pass', End: true };
  test.each<[string, object, string]>([
    ['no StartAt', { States: { A: pass } }, 'The field is required and must be a string. at /StartAt'],
    [
      'StartAt that leads nowhere',
      { StartAt: 'B', States: { A: pass } },
      "Missing 'StartAt' target: B at /StartAt",
    ],
    [
      'Next that leads nowhere',
      { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' } } },
      "Missing 'Next' target: B at /States/A/Next",
    ],
    ['neither Next nor End', { StartAt: 'A', States: { A: { Type: 'Pass' } } }, 'at /States/A'],
    [
      'a state that nothing reaches',
      { StartAt: 'A', States: { A: pass, B: pass } },
      'MISSING_TRANSITION_TARGET: State "B" is not reachable. at /States/B',
    ],
    ['an unknown type', { StartAt: 'A', States: { A: { Type: 'Nope', End: true } } }, 'at /States/A/Type'],
    [
      'an unknown field',
      { StartAt: 'A', States: { A: { ...pass, Foo: 1 } } },
      'Field "Foo" is not supported. at /States/A/Foo',
    ],
    ['no states', { StartAt: 'A', States: {} }, 'at /States'],
    [
      'a name of 81 characters',
      { StartAt: 'x'.repeat(81), States: { ['x'.repeat(81)]: pass } },
      '1 to 80 characters',
    ],
    ['an invalid path', only({ Type: 'Pass', InputPath: 'a.b' }), 'at /States/Only/InputPath'],
    [
      'a ResultPath with a wildcard',
      only({ Type: 'Pass', ResultPath: '$.a[*]' }),
      'valid Reference Path. at /States/Only/ResultPath',
    ],
    [
      'a .$ member that is no path',
      only({ Type: 'Pass', Parameters: { 'a.$': 'text' } }),
      "The value for the field 'a.$' must be a valid JSONPath or a valid intrinsic function call. at /States/Only/Parameters/a.$",
    ],
    [
      'an unknown intrinsic',
      only({ Type: 'Pass', Parameters: { 'a.$': 'States.Nope()' } }),
      'at /States/Only/Parameters/a.$',
    ],
    [
      'two kinds of wait',
      only({ Type: 'Wait', Seconds: 1, Timestamp: '2026-01-01T00:00:00Z' }),
      'at /States/Only',
    ],
    ['a bad timestamp', only({ Type: 'Wait', Timestamp: 'tomorrow' }), 'at /States/Only/Timestamp'],
    ['a resource that is none', only({ Type: 'Task', Resource: 'nope' }), 'at /States/Only/Resource'],
    [
      'an integration that does not run here',
      only({ Type: 'Task', Resource: 'arn:aws:states:::glue:startJobRun.sync' }),
      'glue:startJobRun',
    ],
    [
      'a pattern that the service has not',
      only({ Type: 'Task', Resource: 'arn:aws:states:::sqs:sendMessage.sync' }),
      "has no '.sync'",
    ],
    ['no choices', only({ Type: 'Choice', End: undefined, Choices: [] }), 'at /States/Only/Choices'],
    [
      'two operators',
      {
        StartAt: 'A',
        States: {
          A: { Type: 'Choice', Choices: [{ Variable: '$.a', IsNull: true, IsString: true, Next: 'B' }] },
          B: pass,
        },
      },
      'exactly one comparison operator. at /States/A/Choices[0]',
    ],
    [
      'an operand of another type',
      {
        StartAt: 'A',
        States: {
          A: { Type: 'Choice', Choices: [{ Variable: '$.a', NumericEquals: '1', Next: 'B' }] },
          B: pass,
        },
      },
      'at /States/A/Choices[0]/NumericEquals',
    ],
    [
      'States.ALL beside others',
      only({ Type: 'Task', Resource: functionArn('f'), Retry: [{ ErrorEquals: ['States.ALL', 'X'] }] }),
      'must appear alone. at /States/Only/Retry[0]/ErrorEquals',
    ],
    [
      'States.ALL that is not last',
      only({
        Type: 'Task',
        Resource: functionArn('f'),
        Retry: [{ ErrorEquals: ['States.ALL'] }, { ErrorEquals: ['X'] }],
      }),
      'last element. at /States/Only/Retry[0]/ErrorEquals',
    ],
    [
      'a BackoffRate below 1',
      only({ Type: 'Task', Resource: functionArn('f'), Retry: [{ ErrorEquals: ['X'], BackoffRate: 0.5 }] }),
      'at /States/Only/Retry[0]/BackoffRate',
    ],
    [
      'a heartbeat that is not shorter',
      only({ Type: 'Task', Resource: functionArn('f'), TimeoutSeconds: 5, HeartbeatSeconds: 5 }),
      'at /States/Only/HeartbeatSeconds',
    ],
    ['no branches', only({ Type: 'Parallel', Branches: [] }), 'at /States/Only/Branches'],
    [
      'a mistake in a branch',
      only({ Type: 'Parallel', Branches: [{ StartAt: 'X', States: { X: { Type: 'Pass' } } }] }),
      'at /States/Only/Branches[0]/States/X',
    ],
    [
      'a name that is taken in another branch',
      only({ Type: 'Parallel', Branches: [{ StartAt: 'Only', States: { Only: pass } }] }),
      'Duplicate state name: Only',
    ],
    ['no processor', only({ Type: 'Map' }), "'ItemProcessor'"],
    [
      'an ItemReader',
      only({ Type: 'Map', ItemReader: {}, ItemProcessor: { StartAt: 'X', States: { X: pass } } }),
      'The embedded AWS does not support ItemReader',
    ],
    [
      'JSONPath fields in JSONata',
      only({ Type: 'Pass', InputPath: '$' }, { QueryLanguage: 'JSONata' }),
      'Field "InputPath" is not supported',
    ],
    ['JSONata fields in JSONPath', only({ Type: 'Pass', Output: 1 }), 'Field "Output" is not supported'],
    [
      'JSONPath in a JSONata machine',
      only({ Type: 'Pass', QueryLanguage: 'JSONPath' }, { QueryLanguage: 'JSONata' }),
      "'QueryLanguage' can not be 'JSONPath'",
    ],
    [
      'a JSONata expression that does not parse',
      only({ Type: 'Pass', Output: '{% 1 + %}' }, { QueryLanguage: 'JSONata' }),
      'at /States/Only/Output',
    ],
    [
      'an inner Assign of an outer variable',
      only({
        Type: 'Parallel',
        Assign: { v: 1 },
        Branches: [{ StartAt: 'X', States: { X: { ...pass, Assign: { v: 2 } } } }],
      }),
      'belongs to an outer scope',
    ],
    [
      'a variable named states',
      only({ Type: 'Pass', Assign: { states: 1 } }),
      'at /States/Only/Assign/states',
    ],
  ])('%s', async (_title, definition, problem) => {
    const h = harness();
    await expect(h.machine(definition)).rejects.toEqual(refused('InvalidDefinition'));
    await expect(h.machine(definition)).rejects.toThrow(problem);
    const { result, diagnostics } = await h.call('ValidateStateMachineDefinition', {
      definition: JSON.stringify(definition),
    });
    expect([result, (diagnostics as object[]).length > 0]).toEqual(['FAIL', true]);
  });

  test('text that is no JSON', async () => {
    const h = harness();
    await expect(h.call('CreateStateMachine', { name: 'm', roleArn: ROLE, definition: '{' })).rejects.toThrow(
      'INVALID_JSON_DESCRIPTION',
    );
  });

  test.each([
    'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
    'arn:aws:states:::states:startExecution.sync:2',
    'arn:aws:states:us-east-1:000000000000:activity:a',
  ])('%s in an Express machine', async (Resource) => {
    const definition = only({ Type: 'Task', Resource });
    await expect(harness().machine(definition, { type: 'EXPRESS' })).rejects.toThrow(
      'Express state machine does not support',
    );
  });
});

describe('executions', () => {
  test('a name is idempotent while it runs with the same input, then taken for 90 days', async () => {
    const h = harness();
    const machine = await h.machine(only({ Type: 'Wait', Seconds: 10 }));
    const first = await h.start(machine, { a: 1 }, 'n');
    expect(await h.start(machine, { a: 1 }, 'n')).toBe(first);
    const again = (input: string) => h.call('StartExecution', { stateMachineArn: machine, name: 'n', input });
    await expect(again('{"a":2}')).rejects.toEqual(refused('ExecutionAlreadyExists'));
    await h.clock.advance(10 * SECOND);
    await expect(again('{"a":1}')).rejects.toEqual(refused('ExecutionAlreadyExists'));
    await h.clock.advance(90 * DAY);
    expect(await again('{"a":1}')).toMatchObject({ executionArn: first.arn });
  });

  test('input that is no JSON or too large, and names that are none', async () => {
    const h = harness();
    const stateMachineArn = await h.machine(PASS);
    const start = (more: object) => h.call('StartExecution', { stateMachineArn, ...more });
    await expect(start({ input: '{' })).rejects.toEqual(refused('InvalidExecutionInput'));
    await expect(start({ input: JSON.stringify('x'.repeat(262_143)) })).rejects.toEqual(
      refused('ValidationException'),
    );
    await expect(start({ name: 'a b' })).rejects.toEqual(refused('InvalidName'));
    await expect(h.call('StartExecution', { stateMachineArn: 'nope' })).rejects.toEqual(
      refused('InvalidArn'),
    );
  });

  test('listed newest first, by status and page; described; history in both orders', async () => {
    const h = harness();
    const machine = await h.machine({
      StartAt: 'C',
      States: {
        C: { Type: 'Choice', Choices: [{ Variable: '$.ok', BooleanEquals: true, Next: 'Y' }], Default: 'N' },
        Y: { Type: 'Succeed' },
        N: { Type: 'Fail', Error: 'E' },
      },
    });
    for (const [name, ok] of [
      ['a', true],
      ['b', false],
      ['c', true],
    ] as const)
      await h.start(machine, { ok }, name);
    const list = async (more: object) => {
      const { executions, nextToken } = await h.call('ListExecutions', { stateMachineArn: machine, ...more });
      return { names: (executions as { name: string }[]).map(({ name }) => name), nextToken };
    };
    expect((await list({})).names).toEqual(['c', 'b', 'a']);
    expect((await list({ statusFilter: 'SUCCEEDED' })).names).toEqual(['c', 'a']);
    const { names, nextToken } = await list({ maxResults: 2 });
    expect(names).toEqual(['c', 'b']);
    expect((await list({ maxResults: 2, nextToken })).names).toEqual(['a']);

    const executionArn = h.states.executions(machine)[1]?.arn;
    expect(await h.call('DescribeExecution', { executionArn })).toMatchObject({
      status: 'FAILED',
      error: 'E',
      redriveStatus: 'REDRIVABLE',
    });
    const { events } = await h.call('GetExecutionHistory', { executionArn });
    const { events: reversed } = await h.call('GetExecutionHistory', { executionArn, reverseOrder: true });
    expect(reversed).toEqual((events as object[]).toReversed());
    expect(
      (events as { id: number; previousEventId: number }[]).map(({ id, previousEventId }) => [
        id,
        previousEventId,
      ]),
    ).toEqual([
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 3],
      [5, 4],
    ]);
    const { events: bare } = await h.call('GetExecutionHistory', {
      executionArn,
      includeExecutionData: false,
    });
    expect(JSON.stringify(bare)).not.toContain('"ok"');
  });

  test('StopExecution aborts at once', async () => {
    const h = harness();
    const execution = await h.start(await h.machine(only({ Type: 'Wait', Seconds: 10 })));
    await h.call('StopExecution', { executionArn: execution.arn, error: 'Mine', cause: 'enough' });
    expect(execution).toMatchObject({ status: 'ABORTED', error: 'Mine', cause: 'enough' });
    expect(h.types(execution).slice(-2)).toEqual(['WaitStateAborted', 'ExecutionAborted']);
    await h.clock.advance(60 * SECOND);
    expect(h.types(execution).at(-1)).toBe('ExecutionAborted');
  });

  test('RedriveExecution goes on at the state that failed, with attempts counted anew', async () => {
    let failures = 3;
    const calls: unknown[] = [];
    const h = harness({
      first: (input) => {
        calls.push('first');
        return input;
      },
      second: () => {
        calls.push('second');
        if (failures-- > 0) throw failure('Broken');
        return 'done';
      },
    });
    const machine = await h.machine({
      StartAt: 'First',
      States: {
        First: { Type: 'Task', Resource: functionArn('first'), Next: 'Both' },
        Both: {
          Type: 'Parallel',
          Branches: [
            { StartAt: 'Ok', States: { Ok: { Type: 'Task', Resource: functionArn('first'), End: true } } },
            {
              StartAt: 'Second',
              States: {
                Second: {
                  Type: 'Task',
                  Resource: functionArn('second'),
                  Retry: [{ ErrorEquals: ['Broken'], MaxAttempts: 1 }],
                  End: true,
                },
              },
            },
          ],
          End: true,
        },
      },
    });
    const execution = await h.start(machine, { a: 1 });
    await h.clock.advance(5 * SECOND);
    expect(execution.status).toBe('FAILED');
    await h.call('RedriveExecution', { executionArn: execution.arn });
    await h.clock.advance(5 * SECOND);
    expect(outputOf(execution)).toEqual([{ a: 1 }, 'done']);
    expect(execution.redriveCount).toBe(1);
    expect(calls).toEqual(['first', 'first', 'second', 'second', 'second', 'second']);
    expect(h.types(execution)).toContain('ExecutionRedriven');
    await expect(h.call('RedriveExecution', { executionArn: execution.arn })).rejects.toEqual(
      refused('ExecutionNotRedrivable'),
    );
  });

  test('no redrive after 14 days', async () => {
    const h = harness();
    const execution = await h.run(only({ Type: 'Fail', End: undefined, Error: 'E' }));
    await h.clock.advance(14 * DAY + 1);
    await expect(h.call('RedriveExecution', { executionArn: execution.arn })).rejects.toEqual(
      refused('ExecutionNotRedrivable'),
    );
  });
});

describe('Express', () => {
  test('StartSyncExecution answers when it has ended; names may repeat', async () => {
    const h = harness();
    const stateMachineArn = await h.machine(only({ Type: 'Wait', Seconds: 2 }), { type: 'EXPRESS' });
    const answer = h.call('StartSyncExecution', { stateMachineArn, input: '{"a":1}', name: 'n' });
    const second = h.call('StartSyncExecution', { stateMachineArn, input: '{"a":1}', name: 'n' });
    await h.settle();
    await h.clock.advance(2 * SECOND);
    expect(await answer).toMatchObject({ status: 'SUCCEEDED', output: '{"a":1}', name: 'n' });
    expect((await second)['executionArn']).not.toBe((await answer)['executionArn']);
  });

  test('a Standard machine has no StartSyncExecution; an Express one no list, description or history', async () => {
    const h = harness();
    const standard = await h.machine(PASS);
    await expect(h.call('StartSyncExecution', { stateMachineArn: standard })).rejects.toEqual(
      refused('StateMachineTypeNotSupported'),
    );
    const express = await h.start(await h.machine(PASS, { type: 'EXPRESS' }));
    expect(express.arn).toContain(':express:');
    await expect(h.call('ListExecutions', { stateMachineArn: express.machineArn })).rejects.toEqual(
      refused('StateMachineTypeNotSupported'),
    );
    await expect(h.call('DescribeExecution', { executionArn: express.arn })).rejects.toEqual(
      refused('InvalidArn'),
    );
  });
});

describe('what the world hears', () => {
  test('metrics of the machine and its tasks', async () => {
    const h = harness({ work: () => 1 });
    const samples: MetricSample[] = [];
    h.context.metrics.observe((sample) => samples.push(sample));
    const execution = await h.run(only({ Type: 'Task', Resource: functionArn('work') }));
    const names = samples.filter(({ namespace }) => namespace === 'AWS/States').map(({ name }) => name);
    expect(names).toEqual([
      'ExecutionsStarted',
      'LambdaFunctionsScheduled',
      'LambdaFunctionsStarted',
      'LambdaFunctionsSucceeded',
      'LambdaFunctionRunTime',
      'ExecutionsSucceeded',
      'ExecutionTime',
    ]);
    expect(samples[0]?.dimensions).toEqual({ StateMachineArn: execution.machineArn });
  });

  test('events on the default bus, for Standard only', async () => {
    const h = harness();
    const { QueueUrl } = await h.callOf('sqs', 'CreateQueue', { QueueName: 'q' });
    await h.callOf('events', 'PutRule', { Name: 'r', EventPattern: '{"source":["aws.states"]}' });
    await h.callOf('events', 'PutTargets', {
      Rule: 'r',
      Targets: [{ Id: '1', Arn: 'arn:aws:sqs:us-east-1:000000000000:q' }],
    });
    const execution = await h.run(only({ Type: 'Fail', End: undefined, Error: 'E' }), { a: 1 });
    await h.start(await h.machine(PASS, { type: 'EXPRESS' }));
    const { Messages } = await h.callOf('sqs', 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 });
    const events = (Messages as { Body: string }[]).map(({ Body }) => JSON.parse(Body) as object);
    expect(events).toMatchObject([
      {
        'detail-type': 'Step Functions Execution Status Change',
        resources: [execution.arn],
        detail: { status: 'RUNNING', input: '{"a":1}' },
      },
      { detail: { status: 'FAILED', error: 'E', executionArn: execution.arn } },
    ]);
  });

  test.each([
    ['ALL', true, ['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed']],
    ['ERROR', false, ['ExecutionFailed']],
    ['OFF', true, []],
  ])('a log group, at level %s', async (level, includeExecutionData, types) => {
    const h = harness();
    const logs = createLogsService(h.context);
    h.context.services.register(logs);
    const logGroupArn = 'arn:aws:logs:us-east-1:000000000000:log-group:/flows:*';
    const machine = await h.machine(only({ Type: 'Fail', End: undefined, Error: 'E' }), {
      loggingConfiguration: {
        level,
        includeExecutionData,
        destinations: [{ cloudWatchLogsLogGroup: { logGroupArn } }],
      },
    });
    await h.start(machine, { secret: 1 });
    const messages = logs.logs('/flows').map(({ message }) => JSON.parse(message) as { type: string });
    expect(messages.map(({ type }) => type)).toEqual(types);
    expect(JSON.stringify(messages).includes('secret')).toBe(level === 'ALL');
  });

  test('the permissions that calls need', async () => {
    const h = harness();
    const execution = await h.run(PASS);
    const needed = (action: string, input: Record<string, unknown>) =>
      h.states.authorization?.(action, input);
    expect(needed('StartExecution', { stateMachineArn: execution.machineArn })).toEqual([
      { action: 'states:StartExecution', resourceArn: execution.machineArn },
    ]);
    expect(needed('DescribeExecution', { executionArn: execution.arn })).toMatchObject([
      { resourceArn: execution.arn },
    ]);
    expect(needed('CreateStateMachine', { name: 'x', roleArn: ROLE })?.[1]).toEqual({
      action: 'iam:PassRole',
      resourceArn: ROLE,
      conditionKeys: { 'iam:PassedToService': 'states.amazonaws.com' },
    });
    expect(needed('ListStateMachines', {})).toMatchObject([{ resourceArn: '*' }]);
    expect(needed('CreateStateMachine', { name: 'x' })).toMatchObject([
      { resourceArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:x' },
    ]);
  });
});
