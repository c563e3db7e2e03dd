import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { Duration, Stack, Stage } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  AlertTopic,
  ENVIRONMENT_CONTEXT_KEY,
  EventFunction,
  EventTopic,
  MessageBus,
  MessagingKey,
  OutboxRelay,
  QueueConsumer,
} from '../../../lib/constructs/index.ts';
import { readTopology, subscribersOf, TOPOLOGY_FILE_NAME } from '../../../lib/topology/index.ts';
import { aDatabase, ENTRY, OrderCancelled, OrderPlaced, Orders, StockReserved, testApp } from './support.ts';
import type { App } from 'aws-cdk-lib';

function exampleApp(): App {
  const app = testApp({ [ENVIRONMENT_CONTEXT_KEY]: 'staging' });
  const foundation = new Stack(app, 'Foundation');
  const key = new MessagingKey(foundation, 'Key');
  new AlertTopic(foundation, 'Alerts', { encryptionKey: key });
  const bus = new MessageBus(foundation, 'Bus', { encryptionKey: key, archiveRetention: Duration.days(7) });
  const system = new Stack(app, 'System', { stackName: 'waybill-staging-system' });
  const orders = new EventTopic(system, 'Orders', {
    service: Orders,
    publishes: [OrderPlaced, OrderCancelled],
  });
  const relay = new OutboxRelay(system, 'Relay', {
    database: aDatabase(system),
    publishesTo: [orders, bus.publishing([StockReserved])],
    entry: ENTRY,
  });
  new EventFunction(system, 'Api', { service: Orders, entry: ENTRY, outbox: relay });
  new QueueConsumer(system, 'Fulfilment', {
    subscribesTo: [orders.event(OrderPlaced, { tenants: ['acme'] }), bus.event(StockReserved)],
    entry: ENTRY,
  });
  const task = new Role(system, 'Task', { assumedBy: new ServicePrincipal('ecs-tasks.amazonaws.com') });
  orders.grants.publish(task);
  return app;
}

describe('the artifact of a synthesized application', () => {
  const { directory } = exampleApp().synth();
  const topology = readTopology(directory);
  const edges = (kind: string) => topology.edges.filter((edge) => edge.kind === kind);
  const node = (id: string) => topology.nodes.find((candidate) => candidate.id === id);

  test('it names the environment and says of each event what its contract says', () => {
    expect(topology.environment).toBe('staging');
    expect(topology.events.map(({ name }) => name)).toEqual([
      'OrderCancelled',
      'OrderPlaced',
      'StockReserved',
    ]);
    expect(topology.events[1]).toEqual({
      name: 'OrderPlaced',
      version: '1.0',
      source: 'orders',
      orderingKey: 'orderId',
      pii: ['customer.email'],
      priority: 'normal',
      traffic: { peakPerSecond: 300, averageBytes: 900 },
      description: 'A customer has ordered',
      examples: [{ orderId: 'o-1', customer: { email: 'someone@example.com' } }],
    });
  });

  test('a node says where its resource is', () => {
    expect(node('System/Fulfilment/Queue')).toEqual({
      id: 'System/Fulfilment/Queue',
      kind: 'queue',
      name: 'Fulfilment/Queue',
      stack: 'waybill-staging-system',
      logicalId: expect.stringMatching(/^FulfilmentQueue[0-9A-F]{8}$/),
      resourceType: 'AWS::SQS::Queue',
      physicalName: expect.stringMatching(/^waybill-staging-system-Fulfilment-/),
      owner: 'fulfilment',
      fifo: false,
    });
    const template = JSON.parse(readFileSync(join(directory, 'System.template.json'), 'utf8')) as {
      Resources: Record<string, { Type: string }>;
    };
    for (const { stack, logicalId, resourceType } of topology.nodes) {
      if (stack !== 'waybill-staging-system' || logicalId === null) continue;
      expect(template.Resources[logicalId]?.Type).toBe(resourceType);
    }
    expect(node('System/Fulfilment/Handler')?.entry).toBe(ENTRY);
    expect(node('service:orders')).toMatchObject({ kind: 'service', stack: null, owner: 'orders' });
  });

  test('who publishes: the service, the relay, and a role that is not ours', () => {
    expect(edges('publishes').map(({ from, to }) => [from, to])).toEqual([
      ['System/Relay/Handler', 'Foundation/Bus'],
      ['System/Relay/Handler', 'System/Orders'],
      ['System/Task', 'System/Orders'],
      ['service:orders', 'System/Orders'],
    ]);
    expect(node('System/Task')?.kind).toBe('principal');
  });

  test('who gets an event, by which path', () => {
    const [placed] = subscribersOf(topology, 'OrderPlaced');
    expect(placed).toMatchObject({
      consumer: 'fulfilment',
      path: {
        kind: 'subscribes',
        via: 'System/Fulfilment/FromOrders',
        filterPolicy: { eventType: ['OrderPlaced'], tenantId: ['acme'] },
        rawMessageDelivery: true,
      },
      consumes: {
        to: 'System/Fulfilment/Handler',
        batchSize: 10,
        visibilityTimeoutSeconds: 180,
        timeoutSeconds: 30,
      },
    });
    const [reserved] = subscribersOf(topology, 'StockReserved');
    expect(reserved?.path).toMatchObject({
      kind: 'routes',
      pattern: { source: ['inventory'], 'detail-type': ['StockReserved'] },
      inputPath: '$.detail',
    });
    expect(subscribersOf(topology, 'OrderCancelled')).toEqual([]);
  });

  test('D14 every hop leads to a dead-letter queue, and every dead-letter queue to an alert', () => {
    const hops = edges('deadLetters') as { from: string; to: string; hop: string }[];
    expect(hops.map(({ from, hop }) => `${hop} ${from}`).toSorted()).toEqual([
      'asyncInvocation System/Relay/Handler',
      'bus Foundation/Bus',
      'queue System/Fulfilment/Queue',
      'queue System/Relay/NudgeQueue',
      'rule System/Fulfilment/FromBusInventory',
      'schedule System/Relay/Schedule',
      'subscription System/Fulfilment/FromOrders',
    ]);
    const alerted = new Set(edges('alerts').map(({ from }) => from));
    for (const { to } of hops) expect(alerted).toContain(to);
  });

  test('the outbox: drained by the relay, which the schedule invokes and the writer nudges', () => {
    expect(edges('drains')).toEqual([
      { kind: 'drains', from: 'System/DatabaseSecret', to: 'System/Relay/Handler' },
    ]);
    expect(node('System/DatabaseSecret')?.kind).toBe('database');
    expect(edges('invokes')).toEqual([
      {
        kind: 'invokes',
        from: 'System/Relay/Schedule',
        to: 'System/Relay/Handler',
        expression: 'rate(1 minute)',
      },
    ]);
    expect(edges('nudges')).toEqual([{ kind: 'nudges', from: 'System/Api', to: 'System/Relay/NudgeQueue' }]);
    expect(edges('archives')).toEqual([
      { kind: 'archives', from: 'Foundation/Bus', to: 'Foundation/Bus/Archive', retentionDays: 7 },
    ]);
  });

  test('the same application gives the same bytes', () => {
    const again = readFileSync(join(exampleApp().synth().directory, TOPOLOGY_FILE_NAME), 'utf8');
    expect(again).toBe(readFileSync(join(directory, TOPOLOGY_FILE_NAME), 'utf8'));
  });
});

test('a stage has a cloud assembly of its own, and a topology in it', () => {
  const app = testApp();
  const stage = new Stage(app, 'Prod');
  const stack = new Stack(stage, 'System');
  new EventTopic(stack, 'Orders', { service: Orders, publishes: [OrderPlaced] });

  const assembly = app.synth();
  const nested = assembly.getNestedAssembly('assembly-Prod').directory;
  expect(readTopology(nested).nodes.map(({ id }) => id)).toContain('Prod/System/Orders');
});
