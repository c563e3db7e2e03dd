/** Functions that a schedule runs, and tables with grants by action. */
import { describe, expect, test } from '@jest/globals';
import { Duration } from 'aws-cdk-lib';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { DataTable, EventFunction, MessagingKey, ScheduledFunction } from '../../../lib/constructs/index.ts';
import { topologyOf } from '../../../lib/constructs/topology-recorder.ts';
import { ENTRY, testStack } from './support.ts';

describe('a scheduled function', () => {
  test('runs each minute; what fails is kept, and an alarm tells of it and of silence', () => {
    const stack = testStack();
    const sweep = new ScheduledFunction(stack, 'Sweep', { entry: ENTRY });
    const template = Template.fromStack(stack);

    template.hasResourceProperties('AWS::Scheduler::Schedule', {
      ScheduleExpression: 'rate(1 minute)',
      Target: { DeadLetterConfig: Match.anyValue(), RetryPolicy: { MaximumRetryAttempts: 2 } },
    });
    template.hasResourceProperties('AWS::Lambda::EventInvokeConfig', {
      MaximumRetryAttempts: 0,
      DestinationConfig: { OnFailure: Match.anyValue() },
    });
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: Match.objectLike({ WAYBILL_SERVICE: 'sweep' }) },
    });
    const descriptions = JSON.stringify(template.findResources('AWS::CloudWatch::Alarm'));
    expect(descriptions).toContain('scheduled-function.md');
    expect(descriptions).not.toContain('outbox-relay.md');
    expect(sweep.alarms.length).toBeGreaterThanOrEqual(8);
    expect(topologyOf(stack).edges.filter(({ kind }) => kind === 'invokes')).toMatchObject([
      { from: 'Test/Sweep/Schedule', to: 'Test/Sweep/Handler', expression: 'rate(1 minute)' },
    ]);
  });

  test('half a minute is refused', () => {
    expect(
      () =>
        new ScheduledFunction(testStack(), 'Sweep', {
          entry: ENTRY,
          interval: Duration.seconds(30),
          alarms: 'none',
        }),
    ).toThrow('WAYBILL_SCHEDULE_OUT_OF_RANGE');
  });
});

test('a table grants single actions, the query of an index and the use of its key, and says so in the topology', () => {
  const stack = testStack();
  const key = new MessagingKey(stack, 'Key');
  const carts = new DataTable(stack, 'Carts', { variable: 'CARTS_TABLE_NAME', encryptionKey: key });
  const api = new EventFunction(stack, 'Api', { entry: ENTRY, alarms: 'none' });
  carts.grants.access(api, ['GetItem', 'PutItem'], ['byDate']);
  const template = Template.fromStack(stack);

  template.hasResource('AWS::DynamoDB::GlobalTable', {
    DeletionPolicy: 'Retain',
    Properties: {
      BillingMode: 'PAY_PER_REQUEST',
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    },
  });
  const policies = JSON.stringify(template.findResources('AWS::IAM::Policy'));
  for (const granted of ['dynamodb:GetItem', 'dynamodb:PutItem', '/index/byDate', 'kms:ViaService']) {
    expect(policies).toContain(granted);
  }
  expect(policies).not.toMatch(/DeleteItem|dynamodb:\*|kms:GenerateDataKey/);
  expect(topologyOf(stack).edges.filter(({ kind }) => kind === 'accesses')).toEqual([
    {
      kind: 'accesses',
      from: 'Test/Api',
      to: 'Test/Carts',
      actions: ['GetItem', 'PutItem'],
      indexes: ['byDate'],
    },
  ]);
});
