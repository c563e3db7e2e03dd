import { afterEach, describe, expect, test } from '@jest/globals';

import { createHarness, failure, functionArn, outputOf, SECOND } from './harness.ts';
import type { Handler, Harness } from './harness.ts';

const open: Harness[] = [];
afterEach(async () => {
  for (const h of open.splice(0)) await h.close();
});

function harness(handlers: Readonly<Record<string, Handler>>): Harness {
  const h = createHarness({ handlers });
  open.push(h);
  return h;
}

/** A task with these fields, then a state that shows what came of it. */
function task(fields: object, more: object = {}) {
  return {
    StartAt: 'Work',
    States: {
      Work: { Type: 'Task', Resource: functionArn('work'), Next: 'Done', ...fields },
      Done: { Type: 'Succeed' },
      ...more,
    },
  };
}

/** Fails so many times, then gives its count. */
function failing(
  times: number,
  name = 'Flaky',
): { readonly handler: Handler; readonly at: number[] } & { clock?: () => number } {
  const at: number[] = [];
  const state = {
    at,
    clock: undefined as (() => number) | undefined,
    handler: () => {
      at.push(state.clock?.() ?? 0);
      if (at.length <= times) throw failure(name, `attempt ${at.length}`);
      return at.length;
    },
  };
  return state as ReturnType<typeof failing>;
}

describe('Retry', () => {
  test.each<[string, object, number[]]>([
    ['three times after 1, 2, 4 seconds unless it says otherwise', {}, [0, 1, 3, 7]],
    ['IntervalSeconds and BackoffRate', { IntervalSeconds: 2, BackoffRate: 1.5 }, [0, 2, 5, 9.5]],
    [
      'MaxDelaySeconds',
      { IntervalSeconds: 2, BackoffRate: 10, MaxDelaySeconds: 5, MaxAttempts: 3 },
      [0, 2, 7, 12],
    ],
    ['MaxAttempts', { MaxAttempts: 1 }, [0, 1]],
    ['none with MaxAttempts 0', { MaxAttempts: 0 }, [0]],
  ])('%s', async (_title, fields, seconds) => {
    const flaky = failing(9);
    const h = harness({ work: flaky.handler });
    flaky.clock = () => h.clock.now();
    const start = h.clock.now();
    const execution = await h.run(task({ Retry: [{ ErrorEquals: ['Flaky'], ...fields }] }), {}, 100 * SECOND);
    expect(flaky.at.map((time) => (time - start) / SECOND)).toEqual(seconds);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'Flaky' });
  });

  test('JitterStrategy FULL waits for a part of the delay, repeatable by the seed', async () => {
    const flaky = failing(9);
    const h = harness({ work: flaky.handler });
    flaky.clock = () => h.clock.now();
    const start = h.clock.now();
    await h.run(
      task({ Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 10, JitterStrategy: 'FULL' }] }),
      {},
      200 * SECOND,
    );
    const [first = 0, second = 0, third = 0, fourth = 0] = flaky.at.map((time) => time - start);
    expect(first).toBe(0);
    for (const [delay, bound] of [
      [second, 10],
      [third - second, 20],
      [fourth - third, 40],
    ] as const) {
      expect(delay).toBeGreaterThan(0);
      expect(delay).toBeLessThan(bound * SECOND);
    }
  });

  test('retriers count for themselves, and the context object counts all', async () => {
    const errors = ['A', 'B', 'A'];
    const counts: unknown[] = [];
    const h = harness({
      work: (input) => {
        counts.push(input);
        const name = errors.shift();
        if (name !== undefined) throw failure(name);
        return 'done';
      },
    });
    const Retry = [
      { ErrorEquals: ['A'], MaxAttempts: 2, IntervalSeconds: 1 },
      { ErrorEquals: ['B'], MaxAttempts: 1, IntervalSeconds: 1 },
    ];
    const execution = await h.run(
      task({ Retry, Parameters: { 'n.$': '$$.State.RetryCount' } }),
      {},
      60 * SECOND,
    );
    expect(outputOf(execution)).toBe('done');
    expect(counts).toEqual([{ n: 0 }, { n: 1 }, { n: 2 }, { n: 3 }]);
  });

  test('a retry enters the state once and schedules again', async () => {
    const h = harness({ work: failing(1).handler });
    const execution = await h.run(task({ Retry: [{ ErrorEquals: ['Flaky'] }] }), {}, 5 * SECOND);
    expect(h.types(execution)).toEqual([
      'ExecutionStarted',
      'TaskStateEntered',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionFailed',
      'LambdaFunctionScheduled',
      'LambdaFunctionStarted',
      'LambdaFunctionSucceeded',
      'TaskStateExited',
      'SucceedStateEntered',
      'SucceedStateExited',
      'ExecutionSucceeded',
    ]);
  });

  test('attempts are counted anew each time the state is entered', async () => {
    let calls = 0;
    const h = harness({
      work: () => {
        calls++;
        if (calls % 2 === 1) throw failure('Flaky');
        return { calls };
      },
    });
    const execution = await h.run(
      {
        StartAt: 'Work',
        States: {
          Work: {
            Type: 'Task',
            Resource: functionArn('work'),
            Retry: [{ ErrorEquals: ['Flaky'], MaxAttempts: 1 }],
            Next: 'Again',
          },
          Again: {
            Type: 'Choice',
            Choices: [{ Variable: '$.calls', NumericLessThan: 6, Next: 'Work' }],
            Default: 'Done',
          },
          Done: { Type: 'Succeed' },
        },
      },
      {},
      10 * SECOND,
    );
    expect(outputOf(execution)).toEqual({ calls: 6 });
  });

  test('a Parallel is retried as a whole', async () => {
    const flaky = failing(1);
    let others = 0;
    const h = harness({ work: flaky.handler, other: () => ++others });
    const branch = (name: string) => ({
      StartAt: name,
      States: { [name]: { Type: 'Task', Resource: functionArn(name), End: true } },
    });
    const both = {
      Type: 'Parallel',
      Branches: [branch('other'), branch('work')],
      Retry: [{ ErrorEquals: ['Flaky'] }],
      End: true,
    };
    const execution = await h.run({ StartAt: 'Both', States: { Both: both } }, {}, 5 * SECOND);
    expect(outputOf(execution)).toEqual([2, 2]);
  });
});

describe('Catch', () => {
  test.each<[string, object, unknown]>([
    ['the error replaces the input', {}, { Error: 'Flaky', Cause: expect.stringContaining('attempt 1') }],
    [
      'ResultPath keeps the input',
      { ResultPath: '$.e' },
      { in: 1, e: { Error: 'Flaky', Cause: expect.any(String) } },
    ],
    ['null ResultPath drops the error', { ResultPath: null }, { in: 1 }],
  ])('%s', async (_title, fields, output) => {
    const h = harness({ work: failing(9).handler });
    const definition = task(
      { Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Caught', ...fields }] },
      { Caught: { Type: 'Succeed' } },
    );
    expect(outputOf(await h.run(definition, { in: 1 }))).toEqual(output);
  });

  test('Retry comes first; the first Catch that matches takes what is left', async () => {
    const flaky = failing(9);
    const h = harness({ work: flaky.handler });
    const definition = task(
      {
        Retry: [{ ErrorEquals: ['Flaky'], MaxAttempts: 2 }],
        Catch: [
          { ErrorEquals: ['Other'], Next: 'Done' },
          { ErrorEquals: ['Flaky'], Next: 'Mine' },
          { ErrorEquals: ['States.ALL'], Next: 'Done' },
        ],
      },
      { Mine: { Type: 'Pass', Result: 'mine', End: true } },
    );
    expect(outputOf(await h.run(definition, {}, 60 * SECOND))).toBe('mine');
    expect(flaky.at).toHaveLength(3);
  });

  test('JSONata: Output and Assign see $states.errorOutput', async () => {
    const h = harness({ work: failing(9).handler });
    const definition = {
      QueryLanguage: 'JSONata',
      ...task(
        {
          Catch: [
            {
              ErrorEquals: ['States.TaskFailed'],
              Assign: { failure: '{% $states.errorOutput.Error %}' },
              Output: { was: '{% $states.input.in %}' },
              Next: 'Caught',
            },
          ],
        },
        { Caught: { Type: 'Pass', Output: ['{% $failure %}', '{% $states.input.was %}'], End: true } },
      ),
    };
    expect(outputOf(await h.run(definition, { in: 1 }))).toEqual(['Flaky', 1]);
  });

  test('a failing query after the task is an error of the state, which Catch sees', async () => {
    const h = harness({ work: () => 1 });
    const definition = {
      QueryLanguage: 'JSONata',
      ...task(
        {
          Output: '{% $nothing %}',
          Catch: [{ ErrorEquals: ['States.QueryEvaluationError'], Next: 'Caught' }],
        },
        { Caught: { Type: 'Pass', End: true } },
      ),
    };
    const execution = await h.run(definition);
    expect(outputOf(execution)).toMatchObject({ Error: 'States.QueryEvaluationError' });
    expect(h.types(execution)).toContain('EvaluationFailed');
  });

  test('States.Runtime is not caught', async () => {
    const h = harness({ work: () => 1 });
    const definition = task({
      Parameters: { 'x.$': '$.gone' },
      Retry: [{ ErrorEquals: ['States.ALL'] }],
      Catch: [{ ErrorEquals: ['States.ALL'], Next: 'Done' }],
    });
    expect(await h.run(definition)).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
  });

  test.each([
    ['States.Timeout', 'States.Timeout', true],
    ['States.TaskFailed', 'States.Timeout', false],
    ['States.ALL', 'States.Timeout', true],
    ['States.TaskFailed', 'Flaky', true],
  ])('%s catches %s: %s', async (name, error, matches) => {
    const h = harness({ work: error === 'Flaky' ? failing(9).handler : () => new Promise(() => undefined) });
    const definition = task({ TimeoutSeconds: 5, Catch: [{ ErrorEquals: [name], Next: 'Done' }] });
    const execution = await h.run(definition, {}, 5 * SECOND);
    expect(execution.status).toBe(matches ? 'SUCCEEDED' : 'FAILED');
    if (!matches) expect(execution.error).toBe(error);
  });
});

describe('errors of functions', () => {
  test('by their type, with the payload as cause', async () => {
    const h = harness({ work: () => Promise.reject(failure('OutOfStock', 'none left')) });
    const execution = await h.run(task({}));
    expect(execution.error).toBe('OutOfStock');
    expect(JSON.parse(execution.cause ?? '')).toEqual({ errorType: 'OutOfStock', errorMessage: 'none left' });
  });

  test('a function that is not there', async () => {
    const h = harness({});
    expect((await h.run(task({}))).error).toBe('Lambda.ResourceNotFoundException');
  });

  test('TimeoutSeconds: States.Timeout after its time', async () => {
    const h = harness({ work: () => new Promise(() => undefined) });
    const execution = await h.start(await h.machine(task({ TimeoutSeconds: 5 })));
    await h.clock.advance(5 * SECOND - 1);
    expect(execution.status).toBe('RUNNING');
    await h.clock.advance(1);
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(h.types(execution).slice(-2)).toEqual(['LambdaFunctionTimedOut', 'ExecutionFailed']);
  });
});

describe('a saga', () => {
  const step = (name: string, next: string, compensation: string) => ({
    Type: 'Task',
    Resource: functionArn(name),
    ResultPath: `$.${name}`,
    Retry: [{ ErrorEquals: ['Lambda.ServiceException'], MaxAttempts: 2 }],
    Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.error', Next: compensation }],
    Next: next,
  });
  const undo = (name: string, next: string) => ({
    Type: 'Task',
    Resource: functionArn(name),
    ResultPath: null,
    Next: next,
  });
  const SAGA = {
    StartAt: 'Payment',
    States: {
      Payment: step('payment', 'Inventory', 'Failed'),
      Inventory: step('inventory', 'Shipping', 'RefundPayment'),
      Shipping: step('shipping', 'Notification', 'ReleaseInventory'),
      Notification: step('notification', 'Done', 'CancelShipping'),
      CancelShipping: undo('cancelShipping', 'ReleaseInventory'),
      ReleaseInventory: undo('releaseInventory', 'RefundPayment'),
      RefundPayment: undo('refundPayment', 'Failed'),
      Failed: { Type: 'Fail', ErrorPath: '$.error.Error', CausePath: '$.error.Cause' },
      Done: { Type: 'Succeed' },
    },
  };

  test.each([
    ['payment', ['payment']],
    ['inventory', ['payment', 'inventory', 'refundPayment']],
    ['shipping', ['payment', 'inventory', 'shipping', 'releaseInventory', 'refundPayment']],
    [
      'notification',
      [
        'payment',
        'inventory',
        'shipping',
        'notification',
        'cancelShipping',
        'releaseInventory',
        'refundPayment',
      ],
    ],
    ['nothing', ['payment', 'inventory', 'shipping', 'notification']],
  ])('%s fails: what was done is undone in reverse', async (broken, expected) => {
    const calls: string[] = [];
    const names = [
      'payment',
      'inventory',
      'shipping',
      'notification',
      'cancelShipping',
      'releaseInventory',
      'refundPayment',
    ];
    const h = harness(
      Object.fromEntries(
        names.map((name): [string, Handler] => [
          name,
          () => {
            calls.push(name);
            if (name === broken) throw failure('Declined', name);
            return { [name]: 'ok' };
          },
        ]),
      ),
    );
    const execution = await h.run(SAGA, { orderId: 'o-1' });
    expect(calls).toEqual(expected);
    if (broken === 'nothing')
      expect(outputOf(execution)).toMatchObject({ orderId: 'o-1', shipping: { shipping: 'ok' } });
    else expect(execution).toMatchObject({ status: 'FAILED', error: 'Declined' });
  });
});
