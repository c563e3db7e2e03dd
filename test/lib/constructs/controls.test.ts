/** ControlsTable, and what `controls` makes of a consumer and a function: its own part of the table, parking, alarms. */
import { expect, test } from '@jest/globals';
import { Stack } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions';
import {
  AlertTopic,
  ControlsTable,
  EventFunction,
  EventQueue,
  EventTopic,
} from '../../../lib/constructs/index.ts';
import { MAX_RECEIVES_WITH_CONTROLS, MessagingKey, QueueConsumer } from '../../../lib/constructs/index.ts';
import type { QueueConsumerProps } from '../../../lib/constructs/index.ts';
import { messagingOf, readAssembly } from '../../../lib/assembly/index.ts';
import { conditionKeys, evaluate, readPolicy } from '../../../lib/policies/index.ts';
import { principalOf } from '../../../lib/access/actor.ts';
import { checkAssembly } from '../../../lib/guards/index.ts';
import { excessOf } from '../../../lib/access/index.ts';
import {
  codesOf,
  ENTRY,
  OrderPlaced,
  Orders,
  propertiesOf,
  statementsOf,
  testApp,
  testStack,
} from './support.ts';

function consumerIn(stack: Stack, props: Partial<QueueConsumerProps> & { readonly fifo?: boolean } = {}) {
  const { fifo = false, ...more } = props;
  const orders = new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced], fifo });
  new EventFunction(stack, 'Publisher', { entry: ENTRY, publishesTo: [orders] });
  return new QueueConsumer(stack, 'Payments', { subscribesTo: [orders.events()], entry: ENTRY, ...more });
}

test('the table is on demand, recoverable, kept, encrypted with the key and replicated to the standby Region', () => {
  const stack = new Stack(testApp(), 'Test', { env: { account: '111122223333', region: 'eu-west-1' } });
  const key = new MessagingKey(stack, 'Key');
  const standbyKeyArn = 'arn:aws:kms:eu-central-1:111122223333:key/standby';
  new ControlsTable(stack, 'Controls', { encryptionKey: key, standbyRegion: 'eu-central-1', standbyKeyArn });

  const template = Template.fromStack(stack);
  const replica = { PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true } };
  template.hasResource('AWS::DynamoDB::GlobalTable', { DeletionPolicy: 'Retain' });
  template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
    BillingMode: 'PAY_PER_REQUEST',
    TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    Replicas: Match.arrayWith([
      Match.objectLike({ ...replica, Region: 'eu-west-1', DeletionProtectionEnabled: true }),
      Match.objectLike({
        ...replica,
        Region: 'eu-central-1',
        SSESpecification: { KMSMasterKeyId: standbyKeyArn },
      }),
    ]),
  });
});

test('with a key, in a stack whose Region is not known', () => {
  const stack = testStack();
  new ControlsTable(stack, 'Controls', { encryptionKey: new MessagingKey(stack, 'Key') });
  Template.fromStack(stack).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
    SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
    Replicas: [
      {
        Region: { Ref: 'AWS::Region' },
        SSESpecification: { KMSMasterKeyId: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] } },
        PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        DeletionProtectionEnabled: true,
      },
    ],
  });
});

test('a replica without a key of its own is refused', () => {
  const stack = new Stack(testApp(), 'Test', { env: { account: '111122223333', region: 'eu-west-1' } });
  const encryptionKey = new MessagingKey(stack, 'Key');
  expect(
    codesOf(() => new ControlsTable(stack, 'C', { encryptionKey, standbyRegion: 'eu-central-1' })),
  ).toEqual(['WAYBILL_STANDBY_KEY_MISSING']);
});

test('a consumer may read the switches, and write its own part and the breakers it declares, nothing else', () => {
  const stack = testStack();
  consumerIn(stack, { controls: new ControlsTable(stack, 'Controls'), dependencies: ['payment-gateway'] });

  const statements = statementsOf(Template.fromStack(stack), 'PaymentsHandlerRole').filter(({ Action }) =>
    [Action].flat().some((action) => action.startsWith('dynamodb:')),
  );
  const allowed = statements.map(({ Action, Condition }) => [
    [Action].flat().map((action) => action.slice('dynamodb:'.length)),
    (Condition as Record<string, Record<string, unknown>>)['ForAllValues:StringEquals']![
      'dynamodb:LeadingKeys'
    ],
  ]);
  expect(allowed).toEqual([
    [['GetItem'], ['breaker#payment-gateway']],
    [['Query'], ['switches', 'parked#payments']],
    [['UpdateItem'], ['breaker#payment-gateway', 'failures#payments']],
    [['DeleteItem', 'PutItem'], ['parked#payments']],
  ]);
  expect(statements.every(({ Condition }) => 'Null' in (Condition as object))).toBe(true);
});

test('a function without a queue may read the switches and write the breakers it declares', () => {
  const stack = testStack();
  const controls = new ControlsTable(stack, 'Controls');
  new EventFunction(stack, 'Api', { entry: ENTRY, controls, dependencies: ['search'] });

  const template = Template.fromStack(stack);
  const actions = statementsOf(template, 'ApiRole').flatMap(({ Action }) => Action);
  expect(actions.filter((action) => action.startsWith('dynamodb:')).toSorted()).toEqual([
    'dynamodb:GetItem',
    'dynamodb:Query',
    'dynamodb:UpdateItem',
  ]);
  expect(propertiesOf(template, 'AWS::Lambda::Function', 'ApiFunction')).toMatchObject({
    Environment: { Variables: { WAYBILL_DEPENDENCIES: 'search' } },
  });
});

test.each([
  [false, '5'],
  [true, '10'],
])(
  'a message may be received a thousand times, and fail as often as without controls (FIFO: %s)',
  (fifo, failures) => {
    const stack = testStack();
    consumerIn(stack, { fifo, controls: new ControlsTable(stack, 'Controls') });

    const template = Template.fromStack(stack);
    expect(propertiesOf(template, 'AWS::SQS::Queue', 'PaymentsQueue')).toMatchObject({
      RedrivePolicy: { maxReceiveCount: MAX_RECEIVES_WITH_CONTROLS },
    });
    expect(propertiesOf(template, 'AWS::Lambda::Function', 'PaymentsHandlerFunction')).toMatchObject({
      Environment: { Variables: { WAYBILL_MAX_FAILURES: failures, WAYBILL_MAX_RECEIVE_COUNT: '1000' } },
    });
  },
);

test('the parking queue is of the kind of its consumer, kept for two weeks, and has alarms with a runbook', () => {
  const stack = testStack();
  const consumer = consumerIn(stack, { fifo: true, controls: new ControlsTable(stack, 'Controls') });

  const template = Template.fromStack(stack);
  expect(propertiesOf(template, 'AWS::SQS::Queue', 'PaymentsParkingQueue')).toMatchObject({
    FifoQueue: true,
    MessageRetentionPeriod: 1_209_600,
    RedriveAllowPolicy: { redrivePermission: 'denyAll' },
  });
  expect(consumer.parkingQueue).toBeDefined();
  for (const [id, severity] of [
    ['PaymentsParkedAlarm', 'WARNING'],
    ['PaymentsParkedTooLongAlarm', 'CRITICAL'],
  ] as const) {
    const { AlarmDescription: text } = propertiesOf(template, 'AWS::CloudWatch::Alarm', id);
    expect(text).toMatch(new RegExp(`^${severity}: .* Runbook: docs/runbooks/parked-messages.md$`));
  }
});

test('without controls nothing of it is there', () => {
  const stack = testStack();
  const consumer = consumerIn(stack);
  const template = Template.fromStack(stack);
  expect(consumer.parkingQueue).toBeUndefined();
  expect(JSON.stringify(template.toJSON())).not.toMatch(/WAYBILL_(CONTROLS|PARKING|MAX_FAILURES)/);
});

test('an EventQueue that allows few receives is told of', () => {
  const stack = testStack();
  const controls = new ControlsTable(stack, 'Controls');
  for (const [id, maxReceiveCount] of [
    ['Few', 5],
    ['Many', MAX_RECEIVES_WITH_CONTROLS],
  ] as const) {
    const queue = new EventQueue(stack, `${id}Queue`, { publishes: [OrderPlaced], maxReceiveCount });
    new QueueConsumer(stack, id, { subscribesTo: [queue.events()], entry: ENTRY, controls });
  }
  const annotations = Annotations.fromStack(stack);
  annotations.hasWarning('/Test/Few', Match.stringLikeRegexp('MAX_RECEIVES_WITH_CONTROLS'));
  annotations.hasNoWarning('/Test/Many', Match.stringLikeRegexp('MAX_RECEIVES_WITH_CONTROLS'));
});

test('dependencies have names and a table', () => {
  const stack = testStack();
  const controls = new ControlsTable(stack, 'Controls');
  const codes = (id: string, props: Partial<QueueConsumerProps>) =>
    codesOf(() => new EventFunction(stack, id, { entry: ENTRY, ...props }));
  expect(codes('A', { dependencies: ['payment-gateway'] })).toEqual(['WAYBILL_DEPENDENCIES_INVALID']);
  expect(codes('B', { controls, dependencies: ['Payment Gateway'] })).toEqual([
    'WAYBILL_DEPENDENCIES_INVALID',
  ]);
  expect(codes('C', { controls, dependencies: ['payment-gateway'] })).toEqual([]);
});

test.each([
  ['known', { account: '111122223333', region: 'eu-west-1' }],
  ['not known', {}],
])(
  'the guards have nothing to say against it, in a Region that is %s, with a key of another stack',
  (_name, env) => {
    const app = testApp();
    const shared = new Stack(app, 'Shared', { env });
    const encryptionKey = new MessagingKey(shared, 'Key');
    const controls = new ControlsTable(shared, 'Controls', { encryptionKey });
    const plain = new ControlsTable(shared, 'Plain');
    const stack = new Stack(app, 'Test', { env });
    new AlertTopic(stack, 'Alerts');
    const dependencies = ['payment-gateway'];
    consumerIn(stack, { controls, dependencies, encryptionKey });
    new EventFunction(stack, 'Api', { entry: ENTRY, controls, dependencies });
    new EventFunction(stack, 'Job', { entry: ENTRY, controls: plain, dependencies });

    const assembly = readAssembly(app.synth().directory);
    const messaging = messagingOf(assembly);
    expect(messaging.functions).toHaveLength(4);
    expect(excessOf(messaging).map(({ message }) => message)).toEqual([]);
    const findings = checkAssembly(assembly).map(
      ({ guard, finding }) => `${guard.id} ${finding.resource.constructPath}: ${finding.received}`,
    );
    expect(findings).toEqual([]);
  },
);

test.each([
  ['dynamodb:Query', 'switches', true],
  ['dynamodb:Query', 'parked#payments', true],
  ['dynamodb:GetItem', 'breaker#payment-gateway', true],
  ['dynamodb:UpdateItem', 'breaker#payment-gateway', true],
  ['dynamodb:UpdateItem', 'failures#payments', true],
  ['dynamodb:PutItem', 'parked#payments', true],
  ['dynamodb:DeleteItem', 'parked#payments', true],
  ['dynamodb:PutItem', 'switches', false],
  ['dynamodb:UpdateItem', 'switches', false],
  ['dynamodb:UpdateItem', 'breaker#carrier', false],
  ['dynamodb:Query', 'parked#shipping', false],
  ['dynamodb:PutItem', 'parked#shipping', false],
  ['dynamodb:UpdateItem', 'failures#shipping', false],
  ['dynamodb:PutItem', 'audit', false],
  ['dynamodb:Scan', undefined, false],
  ['dynamodb:Query', undefined, false],
])('what the runtime does is allowed, and nothing else: %s of %s is %s', (action, partition, allowed) => {
  const stack = testStack();
  consumerIn(stack, { controls: new ControlsTable(stack, 'Controls'), dependencies: ['payment-gateway'] });
  const assembly = readAssembly((stack.node.root as App).synth().directory);
  const { roles } = messagingOf(assembly);
  const role = roles.find(({ resource }) => resource.constructPath === 'Test/Payments/Handler/Role')!;
  const [table] = assembly.ofType('AWS::DynamoDB::GlobalTable');

  const decision = evaluate({
    principal: principalOf({ kind: 'role', role }, role.accountId),
    action,
    resourceArn: table!.arn!,
    resourceAccountId: role.accountId,
    keys: conditionKeys({ 'dynamodb:LeadingKeys': partition }),
    policies: {
      identity: role.policies.map(({ statements }) =>
        readPolicy({ Version: '2012-10-17', Statement: [...statements] }),
      ),
    },
  });

  expect(decision.allowed).toBe(allowed);
});
