/** Whatever is sent, the answer is Step Functions' own: an error of the caller, never of the service. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';

import { AwsError } from '../../../../local/aws/errors.ts';
import { validateDefinition } from '../../../../local/aws/states/language/validate.ts';
import { createHarness, functionArn, outputOf, ROLE } from './harness.ts';

const VALID = {
  StartAt: 'Choose',
  TimeoutSeconds: 100,
  States: {
    Choose: {
      Type: 'Choice',
      Choices: [
        {
          And: [{ Variable: '$.a', NumericEquals: 1 }, { Not: { Variable: '$.b', IsNull: true } }],
          Next: 'Each',
        },
      ],
      Default: 'Both',
    },
    Each: {
      Type: 'Map',
      ItemsPath: '$.items',
      ItemSelector: { 'v.$': "States.Format('{}', $$.Map.Item.Value)" },
      ItemProcessor: { StartAt: 'Wait', States: { Wait: { Type: 'Wait', SecondsPath: '$.s', End: true } } },
      Next: 'Both',
    },
    Both: {
      Type: 'Parallel',
      Branches: [
        {
          StartAt: 'Work',
          States: {
            Work: {
              Type: 'Task',
              Resource: functionArn('work'),
              TimeoutSeconds: 5,
              Retry: [{ ErrorEquals: ['States.ALL'], IntervalSeconds: 1 }],
              Catch: [{ ErrorEquals: ['States.ALL'], ResultPath: '$.e', Next: 'Failed' }],
              End: true,
            },
            Failed: { Type: 'Fail', ErrorPath: '$.e.Error' },
          },
        },
      ],
      Next: 'Query',
    },
    Query: {
      Type: 'Pass',
      QueryLanguage: 'JSONata',
      Assign: { v: '{% 1 %}' },
      Output: '{% $states.input %}',
      End: true,
    },
  },
};

/** The words of a text. */
function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** The value with one part of it replaced; `choices` says which. */
function mutated(value: unknown, choices: readonly number[], replacement: unknown): unknown {
  const [choice, ...rest] = choices;
  if (typeof value !== 'object' || value === null || choice === undefined) return replacement;
  const names = Object.keys(value);
  const name = names[choice % names.length];
  if (name === undefined) return replacement;
  const changed = mutated((value as Record<string, unknown>)[name], rest, replacement);
  return Array.isArray(value) ? value.with(Number(name), changed) : { ...value, [name]: changed };
}

const definition = fc
  .tuple(
    fc.array(fc.nat(20), { minLength: 1, maxLength: 9 }),
    fc.oneof(
      fc.jsonValue({ maxDepth: 3 }),
      fc.constantFrom('$', '{%', '{% %}', 'States.ALL', -1, 0.5, [], {}, 'Both', '__proto__'),
    ),
  )
  .map(([choices, replacement]) => mutated(VALID, choices, replacement));

test('the definition that the others are made from is valid', () => {
  expect(validateDefinition(JSON.stringify(VALID), 'STANDARD').diagnostics).toEqual([]);
});

test('any definition is accepted or refused, and what is accepted runs to an end of its own', async () => {
  const h = createHarness({ handlers: { work: () => 1 } });
  await fc.assert(
    fc.asyncProperty(definition, async (changed) => {
      const { diagnostics, definition: accepted } = validateDefinition(JSON.stringify(changed), 'STANDARD');
      expect(accepted === undefined).toBe(diagnostics.length > 0);
      if (!accepted) return;
      const execution = await h.start(await h.machine(changed as object), {
        a: 1,
        b: 2,
        items: [1, 2],
        s: 0,
      });
      await h.clock.advance(200_000);
      if (execution.status === 'SUCCEEDED') outputOf(execution);
      else expect(execution.error ?? '').toMatch(/^(?:States\.\w+|)$/);
    }),
    { numRuns: 400 },
  );
  await h.close();
});

test('any input of any action gives an answer or an AwsError below 500', async () => {
  const h = createHarness();
  const machine = await h.machine(VALID);
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(machine, `${machine}:1`, ROLE, JSON.stringify(VALID)),
  );
  const member = fc.constantFrom(
    ...words(`
      name definition roleArn type stateMachineArn executionArn input taskToken output
      resourceArn tags tagKeys routingConfiguration stateMachineAliasArn stateMachineVersionArn
      maxResults nextToken loggingConfiguration publish activityArn statusFilter
    `),
  );
  const action = fc.constantFrom(
    ...words(`
      CreateStateMachine UpdateStateMachine DescribeStateMachine ListStateMachines
      StartExecution StartSyncExecution StopExecution DescribeExecution ListExecutions
      GetExecutionHistory RedriveExecution SendTaskSuccess SendTaskFailure CreateActivity
      DescribeActivity TagResource UntagResource CreateStateMachineAlias UpdateStateMachineAlias
      PublishStateMachineVersion Nope
    `),
  );
  await fc.assert(
    fc.asyncProperty(action, fc.dictionary(member, value), async (name, input) => {
      try {
        await h.call(name, input as Record<string, unknown>);
      } catch (error) {
        if (!(error instanceof AwsError) || error.httpStatus >= 500) throw error;
      }
    }),
    { numRuns: 2_000 },
  );
  await h.close();
});

test('nesting without end is refused, not followed', async () => {
  const h = createHarness();
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const definition = `{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":${deep},"End":true}}}`;
  await expect(
    h.call('CreateStateMachine', { name: 'deep', roleArn: ROLE, definition }),
  ).rejects.toMatchObject({
    code: 'InvalidDefinition',
  });
  const stateMachineArn = await h.machine({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } });
  const { executionArn } = await h.call('StartExecution', { stateMachineArn, input: deep });
  expect(await h.states.outcome(String(executionArn))).toMatchObject({
    status: 'FAILED',
    error: 'States.Runtime',
  });
  await h.close();
});
