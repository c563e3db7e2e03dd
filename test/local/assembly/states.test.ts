/** AWS::StepFunctions::* from a template into the embedded AWS. */
import { afterEach, expect, test } from '@jest/globals';

import { awsUnderTest, deploy } from './assembly-under-test.ts';
import type { AwsUnderTest } from './assembly-under-test.ts';

const open: AwsUnderTest[] = [];
afterEach(async () => {
  for (const under of open.splice(0)) await under.close();
});

const ROLE = 'arn:aws:iam::000000000000:role/workflow';
const DEFINITION = {
  StartAt: 'Give',
  States: { Give: { Type: 'Pass', Result: '${answer}', End: true } },
};

function template(definition: object, more: object = {}) {
  return {
    Resources: {
      Machine: {
        Type: 'AWS::StepFunctions::StateMachine',
        Properties: { RoleArn: ROLE, DefinitionSubstitutions: { answer: 'forty-two' }, ...definition },
      },
      Ask: { Type: 'AWS::StepFunctions::Activity', Properties: { Name: 'ask' } },
      ...more,
    },
    Outputs: {
      Arn: { Value: { Ref: 'Machine' } },
      Name: { Value: { 'Fn::GetAtt': ['Machine', 'Name'] } },
      Activity: { Value: { Ref: 'Ask' } },
    },
  };
}

async function outputOf(under: AwsUnderTest, stateMachineArn: string): Promise<string | undefined> {
  const { states } = under.aws.services;
  const caller = { accountId: '000000000000', arn: 'arn:aws:iam::000000000000:root' };
  const { executionArn } = (await states.handle('StartExecution', { stateMachineArn }, caller)) as {
    executionArn: string;
  };
  return (await states.outcome(executionArn)).output;
}

test.each([
  ['DefinitionString', { DefinitionString: JSON.stringify(DEFINITION) }],
  ['Definition', { Definition: DEFINITION }],
])('%s, with substitutions', async (_title, definition) => {
  const under = await awsUnderTest();
  open.push(under);
  await deploy(under, { app: { template: template(definition) } });
  const [machine] = under.aws.services.states.machines();
  expect(await outputOf(under, machine?.arn ?? '')).toBe('"forty-two"');
});

test('a DefinitionS3Location that is no asset is refused by name', async () => {
  const under = await awsUnderTest();
  open.push(under);
  const location = { DefinitionS3Location: { Bucket: 'elsewhere', Key: 'machine.json' } };
  const deployed = await deploy(under, { app: { template: template(location) } });
  expect(JSON.stringify(deployed)).toContain('its DefinitionS3Location elsewhere/machine.json is no asset');
});

test('a version and an alias of the machine, and an activity', async () => {
  const under = await awsUnderTest();
  open.push(under);
  await deploy(under, {
    app: {
      template: template(
        { Definition: DEFINITION, StateMachineName: 'answers', StateMachineType: 'EXPRESS' },
        {
          Version: {
            Type: 'AWS::StepFunctions::StateMachineVersion',
            Properties: {
              StateMachineArn: { Ref: 'Machine' },
              StateMachineRevisionId: { 'Fn::GetAtt': ['Machine', 'StateMachineRevisionId'] },
            },
          },
          Alias: {
            Type: 'AWS::StepFunctions::StateMachineAlias',
            Properties: {
              Name: 'live',
              DeploymentPreference: { StateMachineVersionArn: { Ref: 'Version' }, Type: 'ALL_AT_ONCE' },
            },
          },
        },
      ),
    },
  });
  const arn = 'arn:aws:states:us-east-1:000000000000:stateMachine:answers:live';
  expect(await outputOf(under, arn)).toBe('"forty-two"');
  expect(under.aws.services.states.machines()).toMatchObject([{ name: 'answers', type: 'EXPRESS' }]);
});
