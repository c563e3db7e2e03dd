import { afterEach, describe, expect, test } from '@jest/globals';

import {
  createHarness,
  executionArn,
  failure,
  functionArn,
  only,
  outputOf,
  ROLE,
  SECOND,
} from './harness.ts';
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

const JSONATA = { QueryLanguage: 'JSONata' };

describe('Pass', () => {
  test.each<[string, object, unknown, unknown]>([
    ['its input', {}, { a: 1 }, { a: 1 }],
    ['Result', { Result: [1] }, { a: 1 }, [1]],
    ['Result at ResultPath', { Result: 2, ResultPath: '$.x.y' }, { a: 1 }, { a: 1, x: { y: 2 } }],
    ['null ResultPath', { Result: 2, ResultPath: null }, { a: 1 }, { a: 1 }],
    ['InputPath', { InputPath: '$.a' }, { a: { b: 1 } }, { b: 1 }],
    ['null InputPath', { InputPath: null }, { a: 1 }, {}],
    ['OutputPath', { OutputPath: '$.a' }, { a: 5 }, 5],
    ['null OutputPath', { OutputPath: null }, { a: 5 }, {}],
    ['Parameters', { Parameters: { 'x.$': '$.a', y: 1 } }, { a: 5 }, { x: 5, y: 1 }],
    [
      'all of them: ResultPath is placed in the raw input',
      { InputPath: '$.in', Parameters: { 'v.$': '$.n' }, ResultPath: '$.out', OutputPath: '$' },
      { in: { n: 3 } },
      { in: { n: 3 }, out: { v: 3 } },
    ],
  ])('%s', async (_title, fields, input, output) => {
    const h = harness();
    expect(outputOf(await h.run(only({ Type: 'Pass', ...fields }), input))).toEqual(output);
  });

  test('a path that leads nowhere ends the execution with States.Runtime and says where', async () => {
    const h = harness();
    const execution = await h.run(only({ Type: 'Pass', Parameters: { 'x.$': '$.gone' } }), { a: 1 });
    expect(execution).toMatchObject({
      status: 'FAILED',
      error: 'States.Runtime',
      cause:
        "An error occurred while executing the state 'Only' (entered at the event id #2). The JSONPath '$.gone' specified for the field 'x.$' could not be found in the input '{\"a\":1}'",
    });
  });

  test('the context object', async () => {
    const h = harness();
    const machine = await h.machine(only({ Type: 'Pass', Parameters: { 'all.$': '$$' } }), { name: 'm' });
    const execution = await h.start(machine, { a: 1 }, 'run-1');
    expect(outputOf(execution)).toEqual({
      all: {
        Execution: {
          Id: executionArn('m', 'run-1'),
          Input: { a: 1 },
          Name: 'run-1',
          RoleArn: ROLE,
          StartTime: '2026-01-01T00:00:00.000Z',
          RedriveCount: 0,
        },
        StateMachine: { Id: machine, Name: 'm' },
        State: { Name: 'Only', EnteredTime: '2026-01-01T00:00:00.000Z', RetryCount: 0 },
      },
    });
  });
});

describe('Wait', () => {
  test.each<[string, object, object, number]>([
    ['Seconds', { Seconds: 5 }, {}, 5],
    ['SecondsPath', { SecondsPath: '$.s' }, { s: 7 }, 7],
    ['Timestamp', { Timestamp: '2026-01-01T00:00:09Z' }, {}, 9],
    ['TimestampPath', { TimestampPath: '$.t' }, { t: '2026-01-01T01:00:03+01:00' }, 3],
    ['Seconds of JSONata', { ...JSONATA, Seconds: '{% $states.input.s * 2 %}' }, { s: 2 }, 4],
    [
      'Timestamp of JSONata',
      { ...JSONATA, Timestamp: '{% $states.input.t %}' },
      { t: '2026-01-01T00:00:02Z' },
      2,
    ],
    ['a time that is past', { Timestamp: '2020-01-01T00:00:00Z' }, {}, 0],
    ['40 days', { Seconds: 40 * 86_400 }, {}, 40 * 86_400],
  ])('%s', async (_title, fields, input, seconds) => {
    const h = harness();
    const execution = await h.start(await h.machine(only({ Type: 'Wait', ...fields })), input);
    if (seconds > 0) {
      await h.clock.advance(seconds * SECOND - 1);
      expect(execution.status).toBe('RUNNING');
      await h.clock.advance(1);
    }
    expect(outputOf(execution)).toEqual(input);
  });

  test('SecondsPath that is no natural number is a States.Runtime', async () => {
    const h = harness();
    const execution = await h.run(only({ Type: 'Wait', SecondsPath: '$.s' }), { s: -1 });
    expect(execution.error).toBe('States.Runtime');
  });
});

describe('Succeed and Fail', () => {
  test('Succeed ends with what its paths leave', async () => {
    const h = harness();
    expect(outputOf(await h.run(only({ Type: 'Succeed', End: undefined, InputPath: '$.a' }), { a: 1 }))).toBe(
      1,
    );
  });

  test.each<[object, object, string | undefined, string | undefined]>([
    [{ Error: 'E', Cause: 'C' }, {}, 'E', 'C'],
    [{ ErrorPath: '$.e', CausePath: "States.Format('because {}', $.c)" }, { e: 'X', c: 1 }, 'X', 'because 1'],
    [{ ...JSONATA, Error: '{% $states.input.e %}', Cause: 'plain' }, { e: 'X' }, 'X', 'plain'],
    [{}, {}, '', undefined],
  ])('Fail %j', async (fields, input, error, cause) => {
    const h = harness();
    const execution = await h.run(only({ Type: 'Fail', End: undefined, ...fields }), input);
    expect([execution.status, execution.error, execution.cause]).toEqual(['FAILED', error, cause]);
    expect(h.types(execution)).toEqual(['ExecutionStarted', 'FailStateEntered', 'ExecutionFailed']);
  });
});

describe('Parallel', () => {
  const branch = (name: string, state: object) => ({
    StartAt: name,
    States: { [name]: { End: true, ...state } },
  });

  test('branches run at the same time; outputs are in the order of the branches', async () => {
    const h = harness();
    const slow = branch('Slow', { Type: 'Wait', Seconds: 10 });
    const quick = branch('Quick', { Type: 'Pass', Result: 'quick' });
    const execution = await h.run(
      only({
        Type: 'Parallel',
        Branches: [slow, quick, branch('Slower', { Type: 'Wait', Seconds: 10 })],
        ResultPath: '$.all',
      }),
      { a: 1 },
      10 * SECOND,
    );
    expect(outputOf(execution)).toEqual({ a: 1, all: [{ a: 1 }, 'quick', { a: 1 }] });
  });

  test('the first branch that fails stops the others', async () => {
    const h = harness();
    const failing = branch('Failing', { Type: 'Fail', End: undefined, Error: 'Broken', Cause: 'why' });
    const waiting = branch('Waiting', { Type: 'Wait', Seconds: 60 });
    const execution = await h.run({
      StartAt: 'Both',
      States: {
        Both: {
          Type: 'Parallel',
          Branches: [waiting, failing],
          Catch: [{ ErrorEquals: ['Broken'], ResultPath: '$.error', Next: 'Caught' }],
          End: true,
        },
        Caught: { Type: 'Pass', End: true },
      },
    });
    expect(outputOf(execution)).toEqual({ error: { Error: 'Broken', Cause: 'why' } });
    expect(h.types(execution)).toEqual([
      'ExecutionStarted',
      'ParallelStateEntered',
      'ParallelStateStarted',
      'WaitStateEntered',
      'FailStateEntered',
      'WaitStateAborted',
      'ParallelStateFailed',
      'ParallelStateExited',
      'PassStateEntered',
      'PassStateExited',
      'ExecutionSucceeded',
    ]);
  });
});

describe('Map', () => {
  const each = (state: object) => ({
    ItemProcessor: { StartAt: 'Each', States: { Each: { End: true, ...state } } },
  });

  test('items, selector, context and order', async () => {
    const h = harness();
    const map = {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: { 'i.$': '$$.Map.Item.Index', 'v.$': '$$.Map.Item.Value', 'common.$': '$.common' },
      ...each({ Type: 'Pass' }),
    };
    const execution = await h.run(only(map), { items: ['a', 'b'], common: 7 });
    expect(outputOf(execution)).toEqual([
      { i: 0, v: 'a', common: 7 },
      { i: 1, v: 'b', common: 7 },
    ]);
    expect(h.types(execution).filter((type) => type.startsWith('Map'))).toEqual([
      'MapStateEntered',
      'MapStateStarted',
      'MapIterationStarted',
      'MapIterationStarted',
      'MapIterationSucceeded',
      'MapIterationSucceeded',
      'MapStateSucceeded',
      'MapStateExited',
    ]);
  });

  test('MaxConcurrency bounds how many run at once, 40 is the most', async () => {
    const h = harness();
    const items = Array.from({ length: 90 }, (_, index) => index);
    const wait = each({ Type: 'Wait', Seconds: 10 });
    const two = await h.start(
      await h.machine(only({ Type: 'Map', MaxConcurrency: 2, ...wait })),
      items.slice(0, 6),
    );
    const unbounded = await h.start(await h.machine(only({ Type: 'Map', ...wait })), items);
    await h.clock.advance(30 * SECOND - 1);
    expect([two.status, unbounded.status]).toEqual(['RUNNING', 'RUNNING']);
    await h.clock.advance(1);
    expect([two.status, unbounded.status]).toEqual(['SUCCEEDED', 'SUCCEEDED']);
  });

  test('an iteration that fails ends the Map and stops the others', async () => {
    const h = harness({ work: (item) => (item === 2 ? Promise.reject(failure('Bad')) : item) });
    const map = { Type: 'Map', ...each({ Type: 'Task', Resource: functionArn('work') }) };
    const execution = await h.run(only(map), [1, 2, 3]);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Bad' });
    expect(h.types(execution)).toContain('MapIterationFailed');
    expect(h.types(execution).slice(-2)).toEqual(['MapStateFailed', 'ExecutionFailed']);
  });

  test('no items give no outputs; what is no array is refused', async () => {
    const h = harness();
    const machine = await h.machine(only({ Type: 'Map', ...each({ Type: 'Pass' }) }));
    expect(outputOf(await h.start(machine, []))).toEqual([]);
    expect((await h.start(machine, { a: 1 })).error).toBe('States.Runtime');
  });

  test('JSONata items and selector; the older Iterator and Parameters', async () => {
    const h = harness();
    const modern = {
      Type: 'Map',
      Items: '{% $states.input.n[$ > 1] %}',
      ItemSelector: { double: '{% $states.context.Map.Item.Value * 2 %}' },
      ...each({ Type: 'Pass' }),
    };
    expect(outputOf(await h.run(only(modern, JSONATA), { n: [1, 2, 3] }))).toEqual([
      { double: 4 },
      { double: 6 },
    ]);
    const older = {
      Type: 'Map',
      ItemsPath: '$.n',
      Parameters: { 'v.$': '$$.Map.Item.Value' },
      Iterator: { StartAt: 'Each', States: { Each: { Type: 'Pass', End: true } } },
    };
    expect(outputOf(await h.run(only(older), { n: [1] }))).toEqual([{ v: 1 }]);
  });

  test('a distributed Map runs child executions, in batches, and tolerates failures', async () => {
    const h = harness({
      work: (input) => {
        const { Items } = input as { Items: number[] };
        if (Items.includes(3)) throw failure('Bad');
        return Items;
      },
    });
    const map = (tolerated: number) => ({
      Type: 'Map',
      Label: 'Work',
      ItemBatcher: { MaxItemsPerBatch: 2 },
      ToleratedFailurePercentage: tolerated,
      ItemProcessor: {
        ProcessorConfig: { Mode: 'DISTRIBUTED', ExecutionType: 'STANDARD' },
        StartAt: 'Each',
        States: { Each: { Type: 'Task', Resource: functionArn('work'), End: true } },
      },
    });
    expect(outputOf(await h.run(only(map(40)), [1, 2, 3, 4, 5]))).toEqual([[1, 2], [5]]);
    const failed = await h.run(only(map(20)), [1, 2, 3, 4, 5]);
    expect(failed.error).toBe('States.ExceedToleratedFailureThreshold');
    expect(h.types(failed).slice(-3)).toEqual(['MapRunFailed', 'MapStateFailed', 'ExecutionFailed']);
  });
});

describe('variables', () => {
  test('JSONPath: Assign sees the result, later states read it, expressions see the values from before', async () => {
    const h = harness({ work: () => ({ price: 3 }) });
    const execution = await h.run(
      {
        StartAt: 'First',
        States: {
          First: {
            Type: 'Task',
            Resource: functionArn('work'),
            Assign: { 'price.$': '$.price', a: 1, 'b.$': '$$.State.Name' },
            ResultPath: null,
            Next: 'Second',
          },
          Second: { Type: 'Pass', Assign: { a: 2, 'b.$': '$a' }, Next: 'Third' },
          Third: { Type: 'Pass', Parameters: { 'all.$': 'States.Array($price, $a, $b)' }, End: true },
        },
      },
      {},
    );
    expect(outputOf(execution)).toEqual({ all: [3, 2, 1] });
    const [exited] = h.history(execution).filter(({ type }) => type === 'TaskStateExited');
    expect(exited?.['stateExitedEventDetails']).toMatchObject({
      assignedVariables: { price: '3', a: '1', b: '"First"' },
    });
  });

  test('a branch reads the outer variables; its own end with it', async () => {
    const h = harness();
    const branch = {
      StartAt: 'Inner',
      States: {
        Inner: { Type: 'Pass', Assign: { inner: 1 }, Output: '{% $outer %}', Next: 'More' },
        More: { Type: 'Pass', Output: '{% $states.input + $inner %}', End: true },
      },
    };
    const execution = await h.run({
      ...JSONATA,
      StartAt: 'Set',
      States: {
        Set: { Type: 'Pass', Assign: { outer: 10 }, Next: 'Both' },
        Both: { Type: 'Parallel', Branches: [branch], Next: 'After' },
        After: {
          Type: 'Pass',
          Output: '{% {"result": $states.input, "inner": $exists($inner)} %}',
          End: true,
        },
      },
    });
    expect(outputOf(execution)).toEqual({ result: [11], inner: false });
  });

  test('JSONata: Arguments, Output and Assign of a task', async () => {
    const h = harness({ work: (input) => ({ got: input }) });
    const execution = await h.run(
      {
        ...JSONATA,
        StartAt: 'Work',
        States: {
          Work: {
            Type: 'Task',
            Resource: 'arn:aws:states:::lambda:invoke',
            Arguments: { FunctionName: functionArn('work'), Payload: { n: '{% $states.input.n + 1 %}' } },
            Assign: { kept: '{% $states.result.Payload.got.n %}' },
            Output: '{% $states.result.Payload %}',
            Next: 'Show',
          },
          Show: { Type: 'Pass', Output: ['{% $kept %}', '{% $states.input %}'], End: true },
        },
      },
      { n: 1 },
    );
    expect(outputOf(execution)).toEqual([2, { got: { n: 2 } }]);
  });
});

describe('limits', () => {
  test('256 KiB of output is States.DataLimitExceeded, which States.ALL does not catch', async () => {
    const h = harness({ large: (size) => 'x'.repeat(Number(size)) });
    const definition = (ErrorEquals: string[]) => ({
      StartAt: 'Large',
      States: {
        Large: {
          Type: 'Task',
          Resource: functionArn('large'),
          Catch: [{ ErrorEquals, Next: 'Caught' }],
          Next: 'Caught',
        },
        Caught: { Type: 'Pass', Result: 'done', End: true },
      },
    });
    expect((await h.run(definition(['States.ALL']), 262_142)).status).toBe('SUCCEEDED');
    expect(await h.run(definition(['States.ALL']), 262_143)).toMatchObject({
      status: 'FAILED',
      error: 'States.DataLimitExceeded',
    });
    expect((await h.run(definition(['States.DataLimitExceeded']), 262_143)).status).toBe('SUCCEEDED');
  });

  test('event 25,000 is the failure of an endless Standard execution; others go on meanwhile', async () => {
    const h = harness();
    const loop = { StartAt: 'A', States: { A: { Type: 'Pass', Next: 'B' }, B: { Type: 'Pass', Next: 'A' } } };
    const endless = await h.start(await h.machine(loop));
    const other = await h.run(only({ Type: 'Pass' }), { a: 1 });
    expect([endless.status, other.status]).toEqual(['RUNNING', 'SUCCEEDED']);
    await h.states.outcome(endless.arn);
    expect(endless).toMatchObject({
      status: 'FAILED',
      cause: 'The execution reached the maximum number of history events (25000).',
    });
    expect(h.history(endless)).toHaveLength(25_000);
    expect(h.types(endless).at(-1)).toBe('ExecutionFailed');
  });

  test('TimeoutSeconds of the machine; five minutes for Express', async () => {
    const h = harness();
    const own = await h.run(only({ Type: 'Wait', Seconds: 60 }, { TimeoutSeconds: 10 }), {}, 10 * SECOND);
    expect(own.status).toBe('TIMED_OUT');
    expect(h.types(own).at(-1)).toBe('ExecutionTimedOut');
    const machine = await h.machine(only({ Type: 'Wait', Seconds: 400 }), { type: 'EXPRESS' });
    const express = await h.start(machine);
    await h.clock.advance(300 * SECOND);
    expect(express.status).toBe('TIMED_OUT');
  });
});
