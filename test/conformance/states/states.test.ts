/** What each state does. */
import { behavioursOf, expect } from '../harness.ts';
import { ended, GUIDE, historyOf, JSONATA, only, outputOf, run, workflow } from './workflows.ts';

const behaviour = behavioursOf('states');
const IO = `${GUIDE}/concepts-input-output-filtering.html`;

behaviour('a Pass state passes its input on', `${GUIDE}/state-pass.html`, async (aws) => {
  expect(await outputOf(aws, { Type: 'Pass' }, { a: 1 })).toEqual({ a: 1 });
});
behaviour('Result replaces the input', `${GUIDE}/state-pass.html`, async (aws) => {
  expect(await outputOf(aws, { Type: 'Pass', Result: { b: [1] } }, { a: 1 })).toEqual({ b: [1] });
});
behaviour(
  'ResultPath puts the result into the input',
  `${GUIDE}/input-output-resultpath.html`,
  async (aws) => {
    const state = { Type: 'Pass', Result: 2, ResultPath: '$.x.y' };
    expect(await outputOf(aws, state, { a: 1 })).toEqual({ a: 1, x: { y: 2 } });
  },
);
behaviour(
  'ResultPath null keeps the input and drops the result',
  `${GUIDE}/input-output-resultpath.html`,
  async (aws) => {
    expect(await outputOf(aws, { Type: 'Pass', Result: 2, ResultPath: null }, { a: 1 })).toEqual({ a: 1 });
  },
);
behaviour(
  'InputPath selects a part of the input',
  `${GUIDE}/input-output-inputpath-params.html`,
  async (aws) => {
    expect(await outputOf(aws, { Type: 'Pass', InputPath: '$.a' }, { a: { b: 1 }, c: 2 })).toEqual({ b: 1 });
  },
);
behaviour('InputPath null gives an empty object', IO, async (aws) => {
  expect(await outputOf(aws, { Type: 'Pass', InputPath: null }, { a: 1 })).toEqual({});
});
behaviour('OutputPath selects a part of the output', `${GUIDE}/input-output-example.html`, async (aws) => {
  expect(await outputOf(aws, { Type: 'Pass', OutputPath: '$.a' }, { a: 5 })).toBe(5);
});
behaviour('OutputPath null gives an empty object', IO, async (aws) => {
  expect(await outputOf(aws, { Type: 'Pass', OutputPath: null }, { a: 5 })).toEqual({});
});
behaviour(
  'Parameters fill members that end in .$',
  `${GUIDE}/input-output-inputpath-params.html`,
  async (aws) => {
    const state = { Type: 'Pass', Parameters: { 'v.$': '$.a', fixed: '$.a' } };
    expect(await outputOf(aws, state, { a: 5 })).toEqual({ v: 5, fixed: '$.a' });
  },
);
behaviour(
  'the context object names execution, state and state machine',
  `${GUIDE}/input-output-contextobject.html`,
  async (aws) => {
    const state = {
      Type: 'Pass',
      Parameters: {
        'id.$': '$$.Execution.Id',
        'input.$': '$$.Execution.Input',
        'state.$': '$$.State.Name',
        'machine.$': '$$.StateMachine.Id',
        'start.$': '$$.Execution.StartTime',
      },
    };
    const machine = await workflow(aws, only(state));
    const end = await machine.run({ a: 1 });
    expect(end.json).toEqual({
      id: end.executionArn,
      input: { a: 1 },
      state: 'Only',
      machine: machine.arn,
      start: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/),
    });
  },
);
behaviour(
  'a path that finds nothing fails the execution with States.Runtime and its place',
  `${GUIDE}/concepts-error-handling.html`,
  async (aws) => {
    const end = await run(aws, only({ Type: 'Pass', Parameters: { 'v.$': '$.gone' } }), { a: 1 });
    expect(end).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(end.cause).toContain(
      "An error occurred while executing the state 'Only' (entered at the event id #2). The JSONPath '$.gone' specified for the field 'v.$' could not be found in the input '{\"a\":1}'",
    );
  },
);

behaviour('Wait with Seconds', `${GUIDE}/state-wait.html`, async (aws) => {
  const machine = await workflow(aws, only({ Type: 'Wait', Seconds: 2 }));
  const arn = await machine.start({ a: 1 });
  await aws.wait(2);
  expect((await ended(aws, arn)).json).toEqual({ a: 1 });
});
behaviour('Wait with SecondsPath', `${GUIDE}/state-wait.html`, async (aws) => {
  const machine = await workflow(aws, only({ Type: 'Wait', SecondsPath: '$.s' }));
  const arn = await machine.start({ s: 1 });
  await aws.wait(1);
  expect((await ended(aws, arn)).status).toBe('SUCCEEDED');
});
behaviour('Wait until a timestamp that is past ends at once', `${GUIDE}/state-wait.html`, async (aws) => {
  expect(await outputOf(aws, { Type: 'Wait', TimestampPath: '$.t' }, { t: '2020-01-01T00:00:00Z' })).toEqual({
    t: '2020-01-01T00:00:00Z',
  });
});

const PASS = { Type: 'Pass', End: true };
const chooses = (rule: object) => ({
  StartAt: 'Choose',
  States: {
    Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
    Yes: { ...PASS, Result: 'yes' },
    No: { ...PASS, Result: 'no' },
  },
});
const RULES: readonly (readonly [title: string, rule: object, input: object, expected: 'yes' | 'no'])[] = [
  ['StringEquals', { Variable: '$.v', StringEquals: 'a' }, { v: 'a' }, 'yes'],
  ['StringGreaterThan orders by code', { Variable: '$.v', StringGreaterThan: 'B' }, { v: 'a' }, 'yes'],
  [
    'StringMatches has * as wildcard',
    { Variable: '$.v', StringMatches: 'log-*.txt' },
    { v: 'log-7.txt' },
    'yes',
  ],
  [
    'StringMatches has \\* for a star',
    { Variable: '$.v', StringMatches: String.raw`a\*` },
    { v: 'ab' },
    'no',
  ],
  ['NumericEquals does not match text', { Variable: '$.v', NumericEquals: 5 }, { v: '5' }, 'no'],
  [
    'NumericLessThanEqualsPath compares two paths',
    { Variable: '$.v', NumericLessThanEqualsPath: '$.w' },
    { v: 5, w: 5 },
    'yes',
  ],
  ['BooleanEquals', { Variable: '$.v', BooleanEquals: true }, { v: true }, 'yes'],
  [
    'TimestampEquals compares instants',
    { Variable: '$.v', TimestampEquals: '2026-01-01T08:00:00Z' },
    { v: '2026-01-01T10:00:00+02:00' },
    'yes',
  ],
  ['IsPresent false for what is not there', { Variable: '$.v', IsPresent: false }, {}, 'yes'],
  ['IsNull', { Variable: '$.v', IsNull: true }, { v: null }, 'yes'],
  ['IsTimestamp', { Variable: '$.v', IsTimestamp: true }, { v: 'today' }, 'no'],
  [
    'And',
    {
      And: [
        { Variable: '$.v', IsNumeric: true },
        { Variable: '$.v', NumericGreaterThan: 3 },
      ],
    },
    { v: 4 },
    'yes',
  ],
  [
    'Or',
    {
      Or: [
        { Variable: '$.v', NumericEquals: 1 },
        { Variable: '$.v', NumericEquals: 2 },
      ],
    },
    { v: 3 },
    'no',
  ],
  ['Not', { Not: { Variable: '$.v', NumericEquals: 1 } }, { v: 3 }, 'yes'],
];
for (const [title, rule, input, expected] of RULES) {
  behaviour(`Choice: ${title}`, `${GUIDE}/state-choice.html`, async (aws) => {
    expect((await run(aws, chooses(rule), input)).json).toBe(expected);
  });
}
behaviour(
  'Choice without a match and without Default fails with States.NoChoiceMatched',
  `${GUIDE}/state-choice.html`,
  async (aws) => {
    const definition = {
      StartAt: 'C',
      States: { C: { Type: 'Choice', Choices: [{ Variable: '$.v', NumericEquals: 1, Next: 'P' }] }, P: PASS },
    };
    expect((await run(aws, definition, { v: 2 })).error).toBe('States.NoChoiceMatched');
  },
);
behaviour(
  'Choice on what is not there fails with States.Runtime',
  `${GUIDE}/state-choice.html`,
  async (aws) => {
    expect((await run(aws, chooses({ Variable: '$.gone', NumericEquals: 1 }), {})).error).toBe(
      'States.Runtime',
    );
  },
);

behaviour('Succeed ends the execution', `${GUIDE}/state-succeed.html`, async (aws) => {
  const end = await run(aws, { StartAt: 'S', States: { S: { Type: 'Succeed' } } }, { a: 1 });
  expect([end.status, end.json]).toEqual(['SUCCEEDED', { a: 1 }]);
});
behaviour('Fail ends it with Error and Cause', `${GUIDE}/state-fail.html`, async (aws) => {
  const end = await run(aws, { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E', Cause: 'C' } } });
  expect([end.status, end.error, end.cause]).toEqual(['FAILED', 'E', 'C']);
});
behaviour('Fail takes both from paths and intrinsic functions', `${GUIDE}/state-fail.html`, async (aws) => {
  const state = { Type: 'Fail', ErrorPath: '$.e', CausePath: "States.Format('because {}', $.c)" };
  const end = await run(aws, { StartAt: 'F', States: { F: state } }, { e: 'X', c: 1 });
  expect([end.error, end.cause]).toEqual(['X', 'because 1']);
});

const branch = (name: string, state: object) => ({
  StartAt: name,
  States: { [name]: { End: true, ...state } },
});
behaviour(
  'Parallel gives the outputs of its branches in their order',
  `${GUIDE}/state-parallel.html`,
  async (aws) => {
    const Branches = [branch('A', { Type: 'Pass', Result: 1 }), branch('B', { Type: 'Pass' })];
    expect(await outputOf(aws, { Type: 'Parallel', Branches, ResultPath: '$.all' }, { a: 1 })).toEqual({
      a: 1,
      all: [1, { a: 1 }],
    });
  },
);
behaviour(
  'Parallel fails when a branch fails, and stops the others',
  `${GUIDE}/state-parallel.html`,
  async (aws) => {
    const Branches = [
      branch('A', { Type: 'Wait', Seconds: 600 }),
      { StartAt: 'B', States: { B: { Type: 'Fail', Error: 'E' } } },
    ];
    const end = await run(aws, only({ Type: 'Parallel', Branches }));
    expect([end.status, end.error]).toEqual(['FAILED', 'E']);
    const types = (await historyOf(aws, end.executionArn)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['ParallelStateFailed', 'ExecutionFailed']);
  },
);

const each = (state: object) => ({
  ItemProcessor: { StartAt: 'Each', States: { Each: { End: true, ...state } } },
});
behaviour(
  'Map runs its processor for each item and keeps their order',
  `${GUIDE}/state-map-inline.html`,
  async (aws) => {
    expect(
      await outputOf(aws, { Type: 'Map', ItemsPath: '$.l', ...each({ Type: 'Pass' }) }, { l: ['a', 'b'] }),
    ).toEqual(['a', 'b']);
  },
);
behaviour(
  'ItemSelector sees the item, its index and the input of the Map',
  `${GUIDE}/input-output-itemselector.html`,
  async (aws) => {
    const ItemSelector = { 'i.$': '$$.Map.Item.Index', 'v.$': '$$.Map.Item.Value', 'c.$': '$.c' };
    const state = { Type: 'Map', ItemsPath: '$.l', ItemSelector, ...each({ Type: 'Pass' }) };
    expect(await outputOf(aws, state, { l: ['a', 'b'], c: 1 })).toEqual([
      { i: 0, v: 'a', c: 1 },
      { i: 1, v: 'b', c: 1 },
    ]);
  },
);
behaviour('Map takes no items', `${GUIDE}/state-map-inline.html`, async (aws) => {
  expect(await outputOf(aws, { Type: 'Map', ...each({ Type: 'Pass' }) }, [])).toEqual([]);
});
behaviour('Map refuses items that are no array', `${GUIDE}/input-output-itemspath.html`, async (aws) => {
  expect(
    (await run(aws, only({ Type: 'Map', ItemsPath: '$.l', ...each({ Type: 'Pass' }) }), { l: 1 })).error,
  ).toBe('States.Runtime');
});
behaviour('an iteration that fails ends the Map', `${GUIDE}/state-map-inline.html`, async (aws) => {
  const processor = { StartAt: 'F', States: { F: { Type: 'Fail', Error: 'E' } } };
  const end = await run(aws, only({ Type: 'Map', ItemProcessor: processor }), [1]);
  expect(end.error).toBe('E');
  const types = (await historyOf(aws, end.executionArn)).map(({ type }) => type);
  expect(types).toEqual([
    'ExecutionStarted',
    'MapStateEntered',
    'MapStateStarted',
    'MapIterationStarted',
    'FailStateEntered',
    'MapIterationFailed',
    'MapStateFailed',
    'ExecutionFailed',
  ]);
});
behaviour('the older Iterator and Parameters of Map', `${GUIDE}/state-map-inline.html`, async (aws) => {
  const state = {
    Type: 'Map',
    Parameters: { 'v.$': '$$.Map.Item.Value' },
    Iterator: branch('Each', { Type: 'Pass' }),
  };
  expect(await outputOf(aws, state, [1])).toEqual([{ v: 1 }]);
});

behaviour(
  'variables: assigned in one state, read in later ones',
  `${GUIDE}/workflow-variables.html`,
  async (aws) => {
    const definition = {
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { x: 1, 'y.$': '$.v' }, Next: 'B' },
        B: { Type: 'Pass', Parameters: { 'sum.$': 'States.MathAdd($x, $y)' }, End: true },
      },
    };
    expect((await run(aws, definition, { v: 4 })).json).toEqual({ sum: 5 });
  },
);
behaviour(
  'variables: expressions of one Assign see the values from before',
  `${GUIDE}/workflow-variables.html`,
  async (aws) => {
    const definition = {
      StartAt: 'A',
      States: {
        A: { Type: 'Pass', Assign: { x: 1, y: 2 }, Next: 'B' },
        B: { Type: 'Pass', Assign: { 'x.$': '$y', 'y.$': '$x' }, Next: 'C' },
        C: { Type: 'Pass', Parameters: { 'v.$': 'States.Array($x, $y)' }, End: true },
      },
    };
    expect((await run(aws, definition)).json).toEqual({ v: [2, 1] });
  },
);
behaviour('variables of a branch end with it', `${GUIDE}/workflow-variables.html`, async (aws) => {
  const inner = {
    StartAt: 'X',
    States: { X: { Type: 'Pass', Assign: { inner: 1 }, Output: '{% $outer %}', End: true } },
  };
  const definition = {
    ...JSONATA,
    StartAt: 'A',
    States: {
      A: { Type: 'Pass', Assign: { outer: 3 }, Next: 'P' },
      P: { Type: 'Parallel', Branches: [inner], Next: 'Z' },
      Z: { Type: 'Pass', Output: ['{% $states.input[0] %}', '{% $exists($inner) %}'], End: true },
    },
  };
  expect((await run(aws, definition)).json).toEqual([3, false]);
});
