import { describe, expect, test } from '@jest/globals';

import { createHarness, outputOf } from './harness.ts';

const DATA = {
  text: 'my-file*.txt',
  number: 5,
  same: 5,
  yes: true,
  when: '2026-01-01T10:00:00+02:00',
  nothing: null,
  object: {},
};

async function chosen(rule: object, input: object = DATA): Promise<unknown> {
  const h = createHarness();
  const execution = await h.run(
    {
      StartAt: 'Choose',
      States: {
        Choose: { Type: 'Choice', Choices: [{ ...rule, Next: 'Yes' }], Default: 'No' },
        Yes: { Type: 'Pass', Result: true, End: true },
        No: { Type: 'Pass', Result: false, End: true },
      },
    },
    input,
  );
  await h.close();
  return execution.status === 'SUCCEEDED' ? outputOf(execution) : execution.error;
}

describe('Choice', () => {
  test.each<[object, unknown]>([
    [{ Variable: '$.text', StringEquals: 'my-file*.txt' }, true],
    [{ Variable: '$.number', StringEquals: '5' }, false],
    [{ Variable: '$.text', StringLessThan: 'n' }, true],
    [{ Variable: '$.text', StringGreaterThanEquals: 'n' }, false],
    [{ Variable: '$.text', StringMatches: 'my-*.txt' }, true],
    [{ Variable: '$.text', StringMatches: String.raw`my-file\*.txt` }, true],
    [{ Variable: '$.text', StringMatches: String.raw`my\*` }, false],
    [{ Variable: '$.text', StringMatches: 'my*file' }, false],
    [{ Variable: '$.number', NumericEquals: 5 }, true],
    [{ Variable: '$.number', NumericGreaterThan: 5 }, false],
    [{ Variable: '$.number', NumericGreaterThanEquals: 5 }, true],
    [{ Variable: '$.number', NumericLessThan: 6 }, true],
    [{ Variable: '$.number', NumericLessThanEquals: 4 }, false],
    [{ Variable: '$.number', NumericEqualsPath: '$.same' }, true],
    [{ Variable: '$.number', NumericLessThanPath: '$.same' }, false],
    [{ Variable: '$.yes', BooleanEquals: true }, true],
    [{ Variable: '$.yes', BooleanEqualsPath: '$.yes' }, true],
    [{ Variable: '$.when', TimestampEquals: '2026-01-01T08:00:00Z' }, true],
    [{ Variable: '$.when', TimestampLessThan: '2026-01-01T09:00:00Z' }, true],
    [{ Variable: '$.when', TimestampGreaterThanPath: '$.when' }, false],
    [{ Variable: '$.text', TimestampEquals: '2026-01-01T08:00:00Z' }, false],
    [{ Variable: '$.nothing', IsNull: true }, true],
    [{ Variable: '$.text', IsNull: false }, true],
    [{ Variable: '$.nowhere', IsPresent: false }, true],
    [{ Variable: '$.nothing', IsPresent: true }, true],
    [{ Variable: '$.number', IsNumeric: true }, true],
    [{ Variable: '$.number', IsString: true }, false],
    [{ Variable: '$.yes', IsBoolean: true }, true],
    [{ Variable: '$.when', IsTimestamp: true }, true],
    [{ Variable: '$.text', IsTimestamp: true }, false],
    [
      {
        And: [
          { Variable: '$.yes', BooleanEquals: true },
          { Variable: '$.number', NumericEquals: 4 },
        ],
      },
      false,
    ],
    [
      {
        Or: [
          { Variable: '$.yes', BooleanEquals: false },
          { Variable: '$.number', NumericEquals: 5 },
        ],
      },
      true,
    ],
    [{ Not: { Variable: '$.number', NumericEquals: 4 } }, true],
    [
      {
        And: [
          { Variable: '$.nowhere', IsPresent: true },
          { Variable: '$.nowhere', NumericEquals: 4 },
        ],
      },
      false,
    ],
    [{ Variable: '$.nowhere', NumericEquals: 4 }, 'States.Runtime'],
    [{ Variable: '$.number', NumericEqualsPath: '$.nowhere' }, 'States.Runtime'],
    [{ Variable: '$$.Execution.Name', IsString: true }, true],
  ])('%j -> %s', async (rule, expected) => {
    expect(await chosen(rule)).toBe(expected);
  });

  test('the first rule that holds wins; without one and without Default, States.NoChoiceMatched', async () => {
    const h = createHarness();
    const rules = [
      { Variable: '$.n', NumericGreaterThan: 0, Next: 'First' },
      { Variable: '$.n', NumericGreaterThan: 1, Next: 'Second' },
    ];
    const machine = await h.machine({
      StartAt: 'Choose',
      States: {
        Choose: { Type: 'Choice', Choices: rules },
        First: { Type: 'Pass', Result: 1, End: true },
        Second: { Type: 'Pass', Result: 2, End: true },
      },
    });
    expect(outputOf(await h.start(machine, { n: 5 }))).toBe(1);
    expect(await h.start(machine, { n: 0 })).toMatchObject({
      status: 'FAILED',
      error: 'States.NoChoiceMatched',
    });
  });

  test('JSONata conditions, with the output and variables of the rule that holds', async () => {
    const h = createHarness();
    const definition = {
      QueryLanguage: 'JSONata',
      StartAt: 'Choose',
      States: {
        Choose: {
          Type: 'Choice',
          Choices: [
            {
              Condition: '{% $states.input.n > 10 %}',
              Next: 'End',
              Assign: { size: 'big' },
              Output: { was: 'big' },
            },
            { Condition: '{% $states.input.n > 5 %}', Next: 'End', Assign: { size: 'middle' } },
          ],
          Assign: { size: 'small' },
          Output: { was: 'the default' },
          Default: 'End',
        },
        End: { Type: 'Pass', Output: { size: '{% $size %}', input: '{% $states.input %}' }, End: true },
      },
    };
    const machine = await h.machine(definition);
    const run = async (n: unknown) => h.start(machine, { n });
    expect(outputOf(await run(11))).toEqual({ size: 'big', input: { was: 'big' } });
    expect(outputOf(await run(6))).toEqual({ size: 'middle', input: { was: 'the default' } });
    expect(outputOf(await run(1))).toEqual({ size: 'small', input: { was: 'the default' } });
    expect(await run('text')).toMatchObject({ status: 'FAILED', error: 'States.QueryEvaluationError' });
  });
});
