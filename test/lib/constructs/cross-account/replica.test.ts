import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import type { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Role, ServicePrincipal, User } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import {
  AlertTopic,
  BusForwarding,
  BusReplica,
  EventTopic,
  MessageBus,
  QueueConsumer,
  topologyOf,
} from '../../../../lib/constructs/index.ts';
import {
  aDatabase,
  codesOf,
  ENTRY,
  OrderPlaced,
  Orders,
  propertiesOf,
  queuePolicyOf,
  reference,
  statementsOf,
  testApp,
} from '../support.ts';
import { ABROAD, busWithReplica, HOME, SHOP, stackIn, WAREHOUSE } from './apps.ts';

const COMPANION = `Standby-${HOME}`;

beforeEach(() => {
  // Synth prints the warnings that some cases are about.
  jest.spyOn(console, 'error').mockImplementation(() => undefined);
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('a replica in another Region', () => {
  test('every new event of the bus is forwarded, what is replayed there is not', () => {
    const companion = templateOf(busWithReplica(), COMPANION);
    expect(propertiesOf(companion, 'AWS::Events::Rule', 'BusForwardingRule')).toMatchObject({
      State: 'ENABLED',
      EventPattern: { source: [{ prefix: '' }], 'replay-name': [{ exists: false }] },
      Targets: [
        {
          Arn: expect.stringMatching(`^arn:aws:events:${ABROAD}:${SHOP}:event-bus/Standby-Bus-`),
          RoleArn: reference('BusForwardingRole'),
          DeadLetterConfig: { Arn: reference('BusForwardingDeadLetterQueue') },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        },
      ],
    });
    expect(statementsOf(companion, 'BusForwardingRole')).toEqual([
      {
        Effect: 'Allow',
        Action: 'events:PutEvents',
        Resource: expect.stringMatching(`^arn:aws:events:${ABROAD}:${SHOP}:event-bus/Standby-Bus-`),
      },
    ]);
  });

  test('D14 what cannot be forwarded waits in the Region of the bus, with alarms there', () => {
    const companion = templateOf(busWithReplica(), COMPANION);
    expect(queuePolicyOf(companion, 'BusForwardingDeadLetterQueuePolicy')).toContainEqual(
      expect.objectContaining({
        Principal: { Service: 'events.amazonaws.com' },
        Condition: { ArnEquals: { 'aws:SourceArn': reference('BusForwardingRule') } },
      }),
    );
    const alarms = Object.values(companion.findResources('AWS::CloudWatch::Alarm'));
    expect(alarms.map(({ Properties }) => (Properties as { MetricName: string }).MetricName)).toEqual(
      expect.arrayContaining([
        'ApproximateNumberOfMessagesVisible',
        'FailedInvocations',
        'InvocationsFailedToBeSentToDlq',
      ]),
    );
  });

  test('in the same account the role is enough; another one has to let it in', () => {
    const same = templateOf(busWithReplica(), 'Standby');
    same.resourceCountIs('AWS::Events::EventBusPolicy', 0);

    const app = busWithReplica({ account: WAREHOUSE });
    const { RoleName } = propertiesOf(
      templateOf(app, `Standby-${SHOP}-${HOME}`),
      'AWS::IAM::Role',
      'BusForwardingRole',
    );
    expect(
      propertiesOf(templateOf(app, 'Standby'), 'AWS::Events::EventBusPolicy', 'Bus')['Statement'],
    ).toMatchObject({
      Effect: 'Allow',
      Action: 'events:PutEvents',
      Principal: { AWS: `arn:aws:iam::${SHOP}:root` },
      Condition: { ArnEquals: { 'aws:PrincipalArn': `arn:aws:iam::${SHOP}:role/${String(RoleName)}` } },
    });
  });

  test('it has an archive of its own, of every event: those of the other account too', () => {
    for (const account of [SHOP, WAREHOUSE]) {
      expect(
        propertiesOf(templateOf(busWithReplica({ account }), 'Standby'), 'AWS::Events::Archive', 'Bus'),
      ).toMatchObject({ EventPattern: { source: [{ prefix: '' }] }, RetentionDays: 7 });
    }
  });

  test.each([
    [undefined, 'DISABLED'],
    [false, 'DISABLED'],
    [true, 'ENABLED'],
  ])(
    'one switch for all its consumers: active %s, rules %s; the bus itself delivers always',
    (active, state) => {
      const app = busWithReplica(active === undefined ? {} : { active });
      expect(propertiesOf(templateOf(app, 'Standby'), 'AWS::Events::Rule', 'Billing')['State']).toBe(state);
      expect(propertiesOf(templateOf(app, 'Primary'), 'AWS::Events::Rule', 'Billing')['State']).toBe(
        'ENABLED',
      );
      expect(propertiesOf(templateOf(app, COMPANION), 'AWS::Events::Rule', 'Bus')['State']).toBe('ENABLED');
    },
  );

  test('the operator finds the command that switches in the outputs, without a deployment', () => {
    const outputs = templateOf(busWithReplica(), 'Standby').findOutputs('*');
    const values = Object.entries(outputs)
      .filter(([id]) => id.startsWith('BusSwitch'))
      .map(([, output]) => (output as { Value: string }).Value);
    const bus = expect.stringContaining(`--region ${ABROAD} --event-bus-name Standby-Bus-`);
    expect(values).toEqual([bus, bus]);
    expect(values.map((value) => /events (\S+-rule) /.exec(value)?.[1])).toEqual([
      'enable-rule',
      'disable-rule',
    ]);
  });

  test('the topology tells it, with accounts and Regions', () => {
    const app = busWithReplica({ account: WAREHOUSE });
    const { nodes, edges } = topologyOf(app);
    expect(edges.filter(({ kind }) => kind === 'forwards')).toEqual([
      expect.objectContaining({ from: 'Primary/Bus', to: 'Standby/Bus' }),
    ]);
    expect(nodes.filter(({ kind }) => kind === 'bus')).toEqual([
      expect.objectContaining({ id: 'Primary/Bus', account: SHOP, region: HOME }),
      expect.objectContaining({ id: 'Standby/Bus', account: WAREHOUSE, region: ABROAD }),
    ]);
  });
});

describe('a replica of another deployment', () => {
  const made = (busType: 'classic' | 'custom' = 'classic') => {
    const app = testApp();
    const stack = new Stack(app, 'First');
    new AlertTopic(stack, 'Alerts');
    const from = new MessageBus(stack, 'Bus', { busType, eventBusName: 'orders' });
    return { app, stack, forwarding: new BusForwarding(stack, 'ToStandby', { from, toRegion: ABROAD }) };
  };

  test('the bus of that name gets every new event, in an account that is not known', () => {
    const { app, forwarding } = made();
    expect(
      propertiesOf(templateOf(app, 'First'), 'AWS::Events::Rule', 'ToStandbyForwardingRule'),
    ).toMatchObject({
      State: 'ENABLED',
      EventPattern: { source: [{ prefix: '' }], 'replay-name': [{ exists: false }] },
      Targets: [
        {
          Arn: { 'Fn::Join': ['', expect.arrayContaining([`:events:${ABROAD}:`, ':event-bus/orders'])] },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
        },
      ],
    });
    expect(forwarding.alarms).toHaveLength(3);
  });

  test('the topology has it as a bus without a resource', () => {
    const { nodes, edges } = topologyOf(made().app);
    expect(nodes.find(({ id }) => id === 'First/ToStandby')).toMatchObject({
      kind: 'bus',
      name: `orders in ${ABROAD}`,
      logicalId: null,
    });
    expect(edges.find(({ kind }) => kind === 'forwards')).toMatchObject({
      from: 'First/Bus',
      to: 'First/ToStandby',
      via: 'First/ToStandby/ForwardingRule',
    });
  });

  test('it forwards nothing itself, and is switched by the same commands', () => {
    const app = testApp();
    const stack = new Stack(app, 'Standby');
    new AlertTopic(stack, 'Alerts');
    const replica = new BusReplica(stack, 'Bus', {
      eventBusName: 'orders',
      archiveRetention: Duration.days(1),
    });
    expect({ of: replica.of, rulesEnabled: replica.rulesEnabled }).toEqual({
      of: undefined,
      rulesEnabled: false,
    });
    const template = templateOf(app, 'Standby');
    template.resourceCountIs('AWS::Events::Rule', 0);
    template.resourceCountIs('AWS::Events::Archive', 1);
    const outputs = Object.keys(template.findOutputs('*'));
    expect(outputs.filter((id) => /Switch(On|Off)/.test(id))).toHaveLength(2);
  });

  test('WAYBILL_REPLICA_BUS_TYPE: a Custom Event Bus has no rules', () => {
    expect(codesOf(() => made('custom'))).toEqual(['WAYBILL_REPLICA_BUS_TYPE']);
  });
});

describe('the consumer of a replica', () => {
  test('may have the name of the one whose place it takes, so that both share an inbox', () => {
    expect(() => busWithReplica().synth()).not.toThrow();
  });

  test('two of one name in the Region of the replica are refused', () => {
    const { standby, replica } = aReplica();
    for (const id of ['One', 'Two']) {
      new QueueConsumer(standby, id, {
        subscribesTo: [replica.event(OrderPlaced)],
        entry: ENTRY,
        consumerName: 'billing',
      });
    }
    expect(() => (standby.node.root as App).synth()).toThrow('WAYBILL_CONSUMER_NAME_TAKEN');
  });

  test.each([
    ['without a database is warned of: it handles twice', false, 1],
    ['with one has an inbox', true, 0],
  ])('%s', (_, withDatabase, warnings) => {
    const { standby, replica } = aReplica();
    const consumer = new QueueConsumer(standby, 'Billing', {
      subscribesTo: [replica.event(OrderPlaced)],
      entry: ENTRY,
      ...(withDatabase ? { database: aDatabase(standby) } : {}),
    });
    const said = consumer.node.metadata.filter(
      ({ type, data }) => type === 'aws:cdk:warning' && String(data).includes('replicaWithoutInbox'),
    );
    expect(said).toHaveLength(warnings);
  });
});

describe('refused', () => {
  test('WAYBILL_REPLICA_NOT_ELSEWHERE: in the same Region', () => {
    const home = stackIn(testApp(), 'Home', SHOP, HOME);
    const bus = new MessageBus(home, 'Bus');
    expect(
      codesOf(() => new BusReplica(home, 'Replica', { of: bus, archiveRetention: Duration.days(1) })),
    ).toEqual(['WAYBILL_REPLICA_NOT_ELSEWHERE']);
  });

  test('WAYBILL_REPLICA_OF_REPLICA: EventBridge does not forward twice', () => {
    const { standby, replica } = aReplica();
    const third = stackIn(standby.node.root as App, 'Third', SHOP, 'eu-central-1');
    expect(
      codesOf(() => new BusReplica(third, 'Bus', { of: replica, archiveRetention: Duration.days(1) })),
    ).toEqual(['WAYBILL_REPLICA_OF_REPLICA']);
  });

  test('WAYBILL_REPLICA_BUS_TYPE: of a Custom Event Bus', () => {
    const app = testApp();
    const bus = new MessageBus(stackIn(app, 'Home', SHOP, HOME), 'Bus', { busType: 'custom' });
    const standby = stackIn(app, 'Standby', SHOP, ABROAD);
    expect(
      codesOf(() => new BusReplica(standby, 'Bus', { of: bus, archiveRetention: Duration.days(1) })),
    ).toEqual(['WAYBILL_REPLICA_BUS_TYPE']);
  });

  test('WAYBILL_BUS_IN_OTHER_REGION: a rule reaches queues of its Region only', () => {
    const app = testApp();
    const bus = new MessageBus(stackIn(app, 'Home', SHOP, HOME), 'Bus');
    const abroad = stackIn(app, 'Abroad', SHOP, ABROAD);
    expect(
      codesOf(() => new QueueConsumer(abroad, 'C', { subscribesTo: [bus.event(OrderPlaced)], entry: ENTRY })),
    ).toEqual(['WAYBILL_BUS_IN_OTHER_REGION']);
  });

  test('WAYBILL_PHYSICAL_NAME_MISSING: a topic of another account without a name', () => {
    const app = testApp();
    const home = stackIn(app, 'Home', SHOP, HOME);
    const orders = new EventTopic(home, 'Orders', { service: Orders, publishes: [OrderPlaced] });
    const there = stackIn(app, 'There', WAREHOUSE, HOME);
    expect(
      codesOf(() => new QueueConsumer(there, 'C', { subscribesTo: [orders.events()], entry: ENTRY })),
    ).toEqual(['WAYBILL_PHYSICAL_NAME_MISSING']);
  });

  test('WAYBILL_ENVIRONMENT_UNRESOLVED: one stack with an env, one without', () => {
    const app = testApp();
    const orders = new EventTopic(stackIn(app, 'Home', SHOP, HOME), 'Orders', {
      service: Orders,
      publishes: [OrderPlaced],
      topicName: 'orders',
    });
    const anywhere = new Stack(app, 'Anywhere');
    expect(
      codesOf(() => new QueueConsumer(anywhere, 'C', { subscribesTo: [orders.events()], entry: ENTRY })),
    ).toEqual(['WAYBILL_ENVIRONMENT_UNRESOLVED']);
  });

  test('WAYBILL_TOPIC_IMPORTED (W4): a topic of another account whose policy is not ours', () => {
    const app = testApp();
    const home = stackIn(app, 'Home', SHOP, HOME);
    const orders = new EventTopic(home, 'Orders', {
      service: Orders,
      publishes: [OrderPlaced],
      topicName: 'orders',
    });
    const topic = Topic.fromTopicArn(home, 'Imported', `arn:aws:sns:${HOME}:${SHOP}:imported`);
    const there = stackIn(app, 'There', WAREHOUSE, HOME);
    expect(
      codesOf(
        () => new QueueConsumer(there, 'C', { subscribesTo: [{ ...orders.events(), topic }], entry: ENTRY }),
      ),
    ).toEqual(['WAYBILL_TOPIC_IMPORTED']);
  });

  test('WAYBILL_PHYSICAL_NAME_MISSING: a publisher of another account whose role has no name', () => {
    const app = testApp();
    const home = stackIn(app, 'Home', SHOP, HOME);
    const bus = new MessageBus(home, 'Bus');
    const there = stackIn(app, 'There', WAREHOUSE, HOME);
    const task = new Role(there, 'Task', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
    expect(codesOf(() => bus.grants.publish(task))).toEqual(['WAYBILL_PHYSICAL_NAME_MISSING']);
  });

  test('WAYBILL_PUBLISHER_NOT_A_ROLE: a publisher of another account that is a user', () => {
    const app = testApp();
    const bus = new MessageBus(stackIn(app, 'Home', SHOP, HOME), 'Bus');
    const user = new User(stackIn(app, 'There', WAREHOUSE, HOME), 'User');
    expect(codesOf(() => bus.grants.publish(user))).toEqual(['WAYBILL_PUBLISHER_NOT_A_ROLE']);
  });
});

function aReplica() {
  const app = testApp();
  const bus = new MessageBus(stackIn(app, 'Primary', SHOP, HOME), 'Bus');
  const standby = stackIn(app, 'Standby', SHOP, ABROAD);
  return {
    standby,
    replica: new BusReplica(standby, 'Bus', { of: bus, archiveRetention: Duration.days(1) }),
  };
}

function templateOf(app: App, name: string): Template {
  const { template } = app.synth().getStackByName(name);
  return Template.fromJSON(template as Record<string, unknown>);
}
