import { describe, expect, test } from '@jest/globals';
import { estimate } from '../../../lib/estimate/index.ts';
import type { Estimate } from '../../../lib/estimate/index.ts';
import { PRICE_ITEMS, pricesOf } from '../../../lib/estimate/prices/index.ts';
import { node, shop } from './support.ts';

/** Of all lines of a service and item. */
function costOf({ lines }: Estimate, service: string, item: string): { idle: number; load: number } {
  const found = lines.filter((line) => line.service === service && line.item === item);
  return {
    idle: found.reduce((sum, { idle }) => sum + idle, 0),
    load: found.reduce((sum, { load }) => sum + load, 0),
  };
}

/** A month has 2,628,000 seconds. 100 a second at peak, a tenth of it on average: 26.28 million a month. */
const LOAD = { averageShare: 0.1 };
const EVENTS = [{ name: 'OrderPlaced', perSecond: 100, bytes: 1000 }];

describe('what a small shop costs, calculated by hand', () => {
  test('a standard topic with one consumer', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
        resources: {
          InvoicesLogs: {
            Type: 'AWS::Logs::LogGroup',
            Properties: { LogGroupName: '/aws/lambda/shop-InvoicesFunction', RetentionInDays: 365 },
          },
        },
      }),
      { load: LOAD },
    );

    // 26.28 million publishes at $0.50.
    expect(costOf(found, 'SNS', 'publishes')).toEqual({ idle: 0, load: expect.closeTo(13.14, 6) });
    // 26.28 million sends at $0.40; as many receives and as many deletes.
    expect(costOf(found, 'SQS', 'sends')).toEqual({ idle: 0, load: expect.closeTo(10.512, 6) });
    expect(costOf(found, 'SQS', 'receives and deletes')).toEqual({
      idle: 0,
      load: expect.closeTo(21.024, 6),
    });
    // 78.84 million requests with a group id at $0.10.
    expect(costOf(found, 'SQS', 'fair queue')).toEqual({ idle: 0, load: expect.closeTo(7.884, 6) });
    // 5 pollers, every 20 s: 657,000 a month.
    expect(costOf(found, 'SQS', 'polls that find nothing')).toEqual({
      idle: expect.closeTo(0.2628, 6),
      load: expect.closeTo(0.2628, 6),
    });
    // 26.28 million at $0.20; 30 ms each with half a gigabyte: 394,200 GB-s.
    expect(costOf(found, 'Lambda', 'requests').load).toBeCloseTo(5.256, 6);
    expect(costOf(found, 'Lambda', 'duration').load).toBeCloseTo(394_200 * 0.0000133334, 6);
    // 500 bytes an invocation: 13.14 GB at $0.50, kept for twelve months at $0.03.
    expect(costOf(found, 'CloudWatch', 'logs written').load).toBeCloseTo(6.57, 6);
    expect(costOf(found, 'CloudWatch', 'logs kept').load).toBeCloseTo(13.14 * 12 * 0.03, 6);
    expect(found.total.idle).toBeCloseTo(0.2628, 6);
    expect(found.total.load).toBeCloseTo(
      13.14 + 10.512 + 21.024 + 7.884 + 0.2628 + 5.256 + 5.2560262 + 6.57 + 4.7304,
      4,
    );
  });

  test('FIFO has prices of its own, and no fair queue', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        topic: { FifoTopic: true },
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'], fifo: true }],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'SNS', 'publishes').load).toBeCloseTo(26.28 * 0.3, 6);
    expect(costOf(found, 'SNS', 'bytes published').load).toBeCloseTo(26.28 * 0.017, 6);
    expect(costOf(found, 'SNS', 'deliveries').load).toBeCloseTo(26.28 * 0.01, 6);
    expect(costOf(found, 'SNS', 'bytes delivered').load).toBeCloseTo(26.28 * 0.001, 6);
    expect(costOf(found, 'SQS', 'sends').load).toBeCloseTo(26.28 * 0.5, 6);
    expect(costOf(found, 'SQS', 'polls that find nothing').idle).toBeCloseTo(0.657 * 0.5, 6);
    expect(costOf(found, 'SQS', 'fair queue').load).toBe(0);
  });

  test('a window fills batches: fewer receives, deletes and invocations', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'], batchSize: 100, window: 5 }],
      }),
      { load: LOAD },
    );

    // 10 a second for 5 seconds: 50 of a batch of 100. A batch of 50,000 bytes is one request.
    expect(costOf(found, 'Lambda', 'requests').load).toBeCloseTo((26.28 / 50) * 0.2, 6);
    expect(costOf(found, 'SQS', 'receives and deletes').load).toBeCloseTo((26.28 / 50) * 2 * 0.4, 6);
    expect(costOf(found, 'Lambda', 'duration').load).toBeCloseTo(
      0.2 * 1.01 * 2_628_000 * 0.5 * 0.0000133334,
      6,
    );
  });

  test('messages above 64 KB are several requests', () => {
    const found = estimate(
      shop({
        events: [{ name: 'OrderPlaced', perSecond: 100, bytes: 100_000 }],
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'SNS', 'publishes').load).toBeCloseTo(26.28 * 2 * 0.5, 6);
    expect(costOf(found, 'SQS', 'sends').load).toBeCloseTo(26.28 * 2 * 0.4, 6);
    // A receive of two, a delete of one.
    expect(costOf(found, 'SQS', 'receives and deletes').load).toBeCloseTo(26.28 * 3 * 0.4, 6);
  });

  test('a bus with an archive of 73 days', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        bus: true,
        resources: {
          Archive: {
            Type: 'AWS::Events::Archive',
            Properties: { RetentionDays: 73, SourceArn: { 'Fn::GetAtt': ['Bus', 'Arn'] } },
          },
        },
        nodes: [node('shop/Archive', 'archive', 'Archive')],
        edges: [{ kind: 'archives', from: 'shop/Bus', to: 'shop/Archive', retentionDays: 73 }],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'EventBridge', 'events').load).toBeCloseTo(26.28, 6);
    expect(costOf(found, 'EventBridge', 'archiving').load).toBeCloseTo(26.28 * 0.1, 6);
    // 73 days are 2.4 months.
    expect(costOf(found, 'EventBridge', 'archive storage').load).toBeCloseTo(26.28 * 2.4 * 0.023, 6);
  });

  test('a custom bus: by the byte, each event at least a kilobyte, and kept for 74 days', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        bus: 'custom',
        consumers: [
          { name: 'Stock', events: ['OrderPlaced'], from: 'bus' },
          { name: 'Audit', events: ['OrderPlaced'], from: 'bus' },
        ],
        edges: [{ kind: 'archives', from: 'shop/Bus', to: 'shop/Bus', retentionDays: 74 }],
      }),
      { load: LOAD },
    );

    const ingested = 26.28 * 1.024;
    expect(costOf(found, 'EventBridge', 'custom bus, in').load).toBeCloseTo(ingested * 0.18, 6);
    expect(costOf(found, 'EventBridge', 'custom bus, out').load).toBeCloseTo(26.28 * 2 * 0.05, 6);
    // The first day is free; 73 days are 2.4 months.
    expect(costOf(found, 'EventBridge', 'custom bus, kept').load).toBeCloseTo(ingested * 2.4 * 0.08, 6);
    expect(costOf(found, 'EventBridge', 'custom bus, filters').load).toBeCloseTo(26.28 * 2 * 0.15, 6);
    expect(costOf(found, 'EventBridge', 'events').load).toBe(0);
    expect(costOf(found, 'EventBridge', 'archiving').load).toBe(0);
  });

  test('a replica: its events are paid there, the bytes between the Regions by the rule; rules that are off cost nothing', () => {
    const ruleOf = (state: string) => ({ Type: 'AWS::Events::Rule', Properties: { State: state } });
    const found = estimate(
      shop({
        events: EVENTS,
        bus: true,
        resources: {
          Replica: { Type: 'AWS::Events::EventBus', Properties: { Name: 'replica' } },
          Forward: ruleOf('ENABLED'),
          StandbyRule: ruleOf('DISABLED'),
          Standby: { Type: 'AWS::SQS::Queue', Properties: {} },
        },
        nodes: [
          node('shop/Replica', 'bus', 'Replica'),
          node('shop/Forward', 'rule', 'Forward'),
          node('shop/StandbyRule', 'rule', 'StandbyRule'),
          node('shop/Standby', 'queue', 'Standby'),
        ],
        edges: [
          { kind: 'forwards', from: 'shop/Bus', to: 'shop/Replica', via: 'shop/Forward', pattern: {} },
          {
            kind: 'routes',
            from: 'shop/Replica',
            to: 'shop/Standby',
            via: 'shop/StandbyRule',
            events: ['OrderPlaced'],
            pattern: {},
            inputPath: null,
          },
        ],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'EventBridge', 'events').load).toBeCloseTo(26.28 * 2, 6);
    expect(costOf(found, 'Network', 'bytes to another Region').load).toBeCloseTo(26.28 * 0.02, 6);
    expect(costOf(found, 'SQS', 'sends').load).toBe(0);
  });

  test('what is paid for being there: alarms, keys, secrets, network, database', () => {
    const metric = (id: string) => ({ Id: id, MetricStat: { Metric: {}, Period: 60, Stat: 'Sum' } });
    const found = estimate(
      shop({
        events: EVENTS,
        resources: {
          Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Period: 60 } },
          FastAlarm: { Type: 'AWS::CloudWatch::Alarm', Properties: { Period: 10 } },
          RatioAlarm: {
            Type: 'AWS::CloudWatch::Alarm',
            Properties: { Metrics: [metric('a'), metric('b'), { Id: 'c', Expression: 'a / b' }] },
          },
          Both: { Type: 'AWS::CloudWatch::CompositeAlarm', Properties: {} },
          Board: { Type: 'AWS::CloudWatch::Dashboard', Properties: {} },
          Key: { Type: 'AWS::KMS::Key', Properties: {} },
          Secret: { Type: 'AWS::SecretsManager::Secret', Properties: {} },
          Nat: { Type: 'AWS::EC2::NatGateway', Properties: {} },
          Address: { Type: 'AWS::EC2::EIP', Properties: {} },
          Endpoint: {
            Type: 'AWS::EC2::VPCEndpoint',
            Properties: { VpcEndpointType: 'Interface', SubnetIds: ['a', 'b', 'c'] },
          },
          Gateway: { Type: 'AWS::EC2::VPCEndpoint', Properties: { VpcEndpointType: 'Gateway' } },
          Cluster: {
            Type: 'AWS::RDS::DBCluster',
            Properties: { ServerlessV2ScalingConfiguration: { MinCapacity: 0.5, MaxCapacity: 4 } },
          },
          Writer: {
            Type: 'AWS::RDS::DBInstance',
            Properties: { DBClusterIdentifier: { Ref: 'Cluster' }, DBInstanceClass: 'db.serverless' },
          },
          Reader: {
            Type: 'AWS::RDS::DBInstance',
            Properties: { DBClusterIdentifier: { Ref: 'Cluster' }, DBInstanceClass: 'db.serverless' },
          },
        },
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'CloudWatch', 'alarms').idle).toBeCloseTo(0.1 + 0.3 + 0.2, 6);
    expect(costOf(found, 'CloudWatch', 'composite alarms').idle).toBe(0.5);
    expect(costOf(found, 'CloudWatch', 'dashboards').idle).toBe(3);
    expect(costOf(found, 'KMS', 'keys').idle).toBe(1);
    expect(costOf(found, 'Secrets Manager', 'secrets').idle).toBe(0.4);
    expect(costOf(found, 'Network', 'NAT gateways').idle).toBeCloseTo(32.85, 6);
    expect(costOf(found, 'Network', 'public addresses').idle).toBeCloseTo(3.65, 6);
    expect(costOf(found, 'Network', 'endpoints').idle).toBeCloseTo(21.9, 6);
    expect(costOf(found, 'Aurora', 'capacity units').idle).toBeCloseTo(0.5 * 2 * 730 * 0.12, 6);
    expect(found.total.idle).toBeCloseTo(0.6 + 0.5 + 3 + 1 + 0.4 + 32.85 + 3.65 + 21.9 + 87.6, 6);
  });

  test('a key costs requests by the reuse of data keys, not by the message', () => {
    const key = { 'Fn::GetAtt': ['Key', 'Arn'] };
    const found = estimate(
      shop({
        events: EVENTS,
        topic: { KmsMasterKeyId: key },
        consumers: [
          {
            name: 'Invoices',
            events: ['OrderPlaced'],
            queue: { KmsMasterKeyId: key, KmsDataKeyReusePeriodSeconds: 3600 },
          },
        ],
        resources: { Key: { Type: 'AWS::KMS::Key', Properties: {} } },
        nodes: [node('shop/Relay', 'relay', null), node('shop/Second', 'relay', null)],
        edges: [
          {
            kind: 'publishes',
            from: 'shop/Second',
            to: 'shop/Orders',
            events: ['OrderPlaced'],
            source: 'orders',
          },
          {
            kind: 'publishes',
            from: 'shop/Relay',
            to: 'shop/Orders',
            events: ['OrderPlaced'],
            source: 'orders',
          },
        ],
      }),
      { load: LOAD },
    );

    // The queue: (2 x 1 topic + 1 consumer) an hour. The topic: 2 x 2 relays every 300 s.
    const requests = 730 * 3 + 8760 * 4;
    expect(costOf(found, 'KMS', 'key requests').load).toBeCloseTo((requests / 10_000) * 0.03, 6);
  });

  test('an outbox: the relay, its nudges, the database, and what leaves the network', () => {
    const vpc = { VpcConfig: { SubnetIds: ['a'] } };
    const found = estimate(
      shop({
        events: EVENTS,
        bus: true,
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'], function: vpc }],
        resources: {
          Cluster: {
            Type: 'AWS::RDS::DBCluster',
            Properties: { ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 4 } },
          },
          Writer: {
            Type: 'AWS::RDS::DBInstance',
            Properties: { DBClusterIdentifier: { Ref: 'Cluster' }, DBInstanceClass: 'db.serverless' },
          },
          Nudges: { Type: 'AWS::SQS::Queue', Properties: {} },
          Relay: {
            Type: 'AWS::Lambda::Function',
            Properties: { MemorySize: 1024, Architectures: ['x86_64'], ...vpc },
          },
          Waking: {
            Type: 'AWS::Lambda::EventSourceMapping',
            Properties: {
              EventSourceArn: { 'Fn::GetAtt': ['Nudges', 'Arn'] },
              FunctionName: { Ref: 'Relay' },
            },
          },
          Endpoint: {
            Type: 'AWS::EC2::VPCEndpoint',
            Properties: {
              VpcEndpointType: 'Interface',
              ServiceName: 'com.amazonaws.us-east-1.sns',
              SubnetIds: ['a'],
            },
          },
          Nat: { Type: 'AWS::EC2::NatGateway', Properties: {} },
        },
        nodes: [
          node('shop/Cluster', 'database', 'Cluster'),
          node('shop/Relay', 'relay', 'Relay'),
          node('shop/Nudges', 'queue', 'Nudges'),
          node('shop/Schedule', 'schedule', null),
          node('shop/Api', 'function', null),
        ],
        edges: [
          { kind: 'drains', from: 'shop/Cluster', to: 'shop/Relay' },
          { kind: 'invokes', from: 'shop/Schedule', to: 'shop/Relay', expression: 'rate(1 minute)' },
          { kind: 'nudges', from: 'shop/Api', to: 'shop/Nudges' },
          {
            kind: 'publishes',
            from: 'shop/Relay',
            to: 'shop/Orders',
            events: ['OrderPlaced'],
            source: 'orders',
          },
          {
            kind: 'publishes',
            from: 'shop/Relay',
            to: 'shop/Bus',
            events: ['OrderPlaced'],
            source: 'orders',
          },
          {
            kind: 'consumes',
            from: 'shop/Nudges',
            to: 'shop/Relay',
            consumer: 'relay',
            events: [],
            batchSize: 10,
            maxBatchingWindowSeconds: 0,
            maxConcurrency: 2,
            visibilityTimeoutSeconds: 60,
            timeoutSeconds: 10,
          },
        ],
      }),
      { load: { ...LOAD, averageShare: 1 } },
    );

    // 100 a second in the outbox, twice each, and 100 handled: one unit of 300, for a whole month.
    expect(costOf(found, 'Aurora', 'capacity units')).toEqual({
      idle: expect.closeTo(0.5 * 730 * 0.12, 6),
      load: expect.closeTo(730 * 0.12, 6),
    });
    expect(costOf(found, 'Aurora', 'storage requests').load).toBeCloseTo(300 * 4 * 2.628 * 0.2, 6);
    // The topic has an endpoint, the bus has none: 262.8 GB each.
    const published = found.lines.filter(({ item }) => item === 'bytes published');
    expect(published.map(({ constructPath, load }) => [constructPath, load])).toEqual([
      ['shop/Endpoint', expect.closeTo(262.8 * 0.01, 6)],
      ['shop/Nat', expect.closeTo(262.8 * 0.045, 6)],
    ]);
    // A nudge per event: 10 ms, and 2 ms for the event, with a gigabyte on x86.
    const duration = found.lines.find(
      ({ item, constructPath }) => item === 'duration' && constructPath === 'shop/Relay',
    )!;
    expect(duration.load).toBeCloseTo(1.2 * 2_628_000 * 0.0000166667, 4);
    const sends = found.lines.find(
      ({ item, constructPath }) => item === 'sends' && constructPath === 'shop/Nudges',
    )!;
    expect(sends.load).toBeCloseTo(262.8 * 0.4, 6);
    // Nudges carry no group id.
    expect(
      found.lines.some(({ item, constructPath }) => item === 'fair queue' && constructPath === 'shop/Nudges'),
    ).toBe(false);
  });

  test('a database that pauses, and nothing asks it: no capacity while idle', () => {
    const found = estimate(
      shop({
        resources: {
          Cluster: {
            Type: 'AWS::RDS::DBCluster',
            Properties: { ServerlessV2ScalingConfiguration: { MinCapacity: 0, MaxCapacity: 4 } },
          },
          Writer: {
            Type: 'AWS::RDS::DBInstance',
            Properties: { DBClusterIdentifier: { Ref: 'Cluster' }, DBInstanceClass: 'db.serverless' },
          },
        },
        nodes: [node('shop/Cluster', 'database', 'Cluster')],
      }),
    );

    expect(costOf(found, 'Aurora', 'capacity units').idle).toBe(0);
  });

  test('a filter on the body is paid for by the bytes that it reads', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        consumers: [
          { name: 'Invoices', events: ['OrderPlaced'], filterPolicyScope: 'MessageBody' },
          { name: 'Audit', events: ['OrderPlaced'] },
        ],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'SNS', 'filtering by body').load).toBeCloseTo(26.28 * 0.09, 6);
  });

  test('an HTTP API: a request per event of its service, and its access log', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        resources: {
          Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: {} },
          Stage: {
            Type: 'AWS::ApiGatewayV2::Stage',
            Properties: { AccessLogSettings: { DestinationArn: { 'Fn::GetAtt': ['AccessLog', 'Arn'] } } },
          },
          AccessLog: { Type: 'AWS::Logs::LogGroup', Properties: { RetentionInDays: 73 } },
          Handler: { Type: 'AWS::Lambda::Function', Properties: { MemorySize: 256 } },
          Permission: {
            Type: 'AWS::Lambda::Permission',
            Properties: {
              Principal: 'apigateway.amazonaws.com',
              FunctionName: { 'Fn::GetAtt': ['Handler', 'Arn'] },
            },
          },
        },
        nodes: [{ ...node('shop/Handler', 'function', 'Handler'), owner: 'orders' }],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'API Gateway', 'requests').load).toBeCloseTo(26.28, 6);
    expect(costOf(found, 'Lambda', 'requests').load).toBeCloseTo(26.28 * 0.2, 6);
    expect(costOf(found, 'Lambda', 'duration').load).toBeCloseTo(0.5 * 2_628_000 * 0.25 * 0.0000166667, 6);
    const kept = found.lines.find(
      ({ item, constructPath }) => item === 'logs kept' && constructPath === 'shop/Api',
    )!;
    // 300 bytes a request: 7.884 GB a month, for 2.4 months.
    expect(kept.load).toBeCloseTo(7.884 * 2.4 * 0.03, 6);
  });

  test('a function behind an API that tells what it writes to an outbox: a request per event of these, whatever their source', () => {
    const behind = (name: string) => ({
      [name]: { Type: 'AWS::Lambda::Function', Properties: { MemorySize: 256 } },
      [`${name}Permission`]: {
        Type: 'AWS::Lambda::Permission',
        Properties: {
          Principal: 'apigateway.amazonaws.com',
          FunctionName: { 'Fn::GetAtt': [name, 'Arn'] },
        },
      },
    });
    const found = estimate(
      shop({
        events: [...EVENTS, { name: 'OrderShipped', perSecond: 50 }],
        resources: {
          Api: { Type: 'AWS::ApiGatewayV2::Api', Properties: {} },
          Nudges: { Type: 'AWS::SQS::Queue', Properties: {} },
          ...behind('Handler'),
          ...behind('Authorizer'),
        },
        nodes: [
          { ...node('shop/Handler', 'function', 'Handler'), owner: 'handler' },
          { ...node('shop/Authorizer', 'function', 'Authorizer'), owner: 'authorizer' },
          node('shop/Nudges', 'queue', 'Nudges'),
        ],
        edges: [{ kind: 'nudges', from: 'shop/Handler', to: 'shop/Nudges', events: ['OrderPlaced'] }],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'API Gateway', 'requests').load).toBeCloseTo(26.28, 6);
    expect(costOf(found, 'Lambda', 'requests').load).toBeCloseTo(26.28 * 0.2, 6);
  });

  test('a table on demand: each message makes every call that its function may make, and writes to each index, too', () => {
    const table = (more: object) => ({
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: { BillingMode: 'PAY_PER_REQUEST', ...more },
    });
    const found = estimate(
      shop({
        events: EVENTS,
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
        resources: {
          Jobs: table({ GlobalSecondaryIndexes: [{ IndexName: 'byCreation' }, { IndexName: 'open' }] }),
          Unused: table({}),
          Provisioned: { Type: 'AWS::DynamoDB::Table', Properties: { BillingMode: 'PROVISIONED' } },
        },
        nodes: [
          node('shop/Jobs', 'table', 'Jobs'),
          node('shop/Unused', 'table', 'Unused'),
          node('shop/Provisioned', 'table', 'Provisioned'),
        ],
        edges: ['shop/Jobs', 'shop/Provisioned'].map((to) => ({
          kind: 'accesses',
          from: 'shop/InvoicesFunction',
          to,
          actions: ['GetItem', 'UpdateItem'],
          indexes: ['open'],
        })),
      }),
      { load: LOAD },
    );

    // A read of the table and one of the index; a write of the table and of both indexes.
    expect(costOf(found, 'DynamoDB', 'reads')).toEqual({
      idle: 0,
      load: expect.closeTo(26.28 * 2 * 0.125, 6),
    });
    expect(costOf(found, 'DynamoDB', 'writes')).toEqual({
      idle: 0,
      load: expect.closeTo(26.28 * 3 * 0.625, 6),
    });
  });

  test('logs are kept as long as the group of the function says, not another', () => {
    const group = (name: string, days: number) => ({
      Type: 'AWS::Logs::LogGroup',
      Properties: { LogGroupName: name, RetentionInDays: days },
    });
    const found = estimate(
      shop({
        events: EVENTS,
        consumers: [
          {
            name: 'Invoices',
            events: ['OrderPlaced'],
            function: { LoggingConfig: { LogGroup: { Ref: 'Mine' } } },
          },
        ],
        resources: { Other: group('other', 731), Mine: group('mine', 73) },
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'CloudWatch', 'logs kept').load).toBeCloseTo(13.14 * 2.4 * 0.03, 6);
  });

  test('a schedule and what it invokes are paid for while nothing happens', () => {
    const found = estimate(
      shop({
        consumers: [{ name: 'Invoices', events: ['OrderPlaced'] }],
        events: [{ name: 'OrderPlaced', perSecond: 0.000_001 }],
        resources: {
          Schedule: {
            Type: 'AWS::Scheduler::Schedule',
            Properties: {
              ScheduleExpression: 'rate(1 minute)',
              Target: { Arn: { 'Fn::GetAtt': ['InvoicesFunction', 'Arn'] } },
            },
          },
        },
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'EventBridge', 'schedule').idle).toBeCloseTo(0.0438, 6);
    expect(costOf(found, 'Lambda', 'requests').idle).toBeCloseTo(0.0438 * 0.2, 6);
    // 10 ms each.
    expect(costOf(found, 'Lambda', 'duration').idle).toBeCloseTo(438 * 0.5 * 0.0000133334, 8);
  });

  test('provisioned pollers are paid by the hour, and poll', () => {
    const found = estimate(
      shop({
        consumers: [
          {
            name: 'Invoices',
            events: ['OrderPlaced'],
            mapping: { ProvisionedPollerConfig: { MinimumPollers: 3 } },
          },
        ],
      }),
      { load: LOAD },
    );

    expect(costOf(found, 'Lambda', 'provisioned pollers').idle).toBeCloseTo(3 * 730 * 0.00925, 6);
    expect(costOf(found, 'SQS', 'polls that find nothing').idle).toBeCloseTo(0.3942 * 0.4, 6);
  });

  test('costs are told by system, by service and by consumer, and the sums agree', () => {
    const found = estimate(
      shop({
        events: EVENTS,
        consumers: [
          { name: 'Invoices', events: ['OrderPlaced'] },
          { name: 'Audit', events: ['OrderPlaced'] },
        ],
        resources: { Board: { Type: 'AWS::CloudWatch::Dashboard', Properties: {} } },
      }),
      { load: LOAD },
    );

    for (const group of [found.systems, found.services, found.owners]) {
      expect(group.reduce((sum, { load }) => sum + load, 0)).toBeCloseTo(found.total.load, 6);
      expect(group.reduce((sum, { idle }) => sum + idle, 0)).toBeCloseTo(found.total.idle, 6);
    }
    expect(found.owners.map(({ name }) => name).toSorted()).toEqual([
      'Audit',
      'Invoices',
      'orders',
      'shared',
    ]);
    expect(found.owners.find(({ name }) => name === 'shared')?.idle).toBe(3);
  });

  test('what is not priced is named', () => {
    const found = estimate(
      shop({ resources: { Cache: { Type: 'AWS::ElastiCache::CacheCluster', Properties: {} } } }),
    );

    expect(found.unpriced).toEqual(['AWS::ElastiCache::CacheCluster']);
  });
});

describe('prices', () => {
  test('every item has a figure, a source and a date', () => {
    const { prices } = pricesOf('us-east-1');

    for (const item of PRICE_ITEMS) {
      expect(prices[item].usd).toBeGreaterThan(0);
      expect(prices[item].source).not.toBe('');
      expect(prices[item].date).toMatch(/^20\d\d(-\d\d){0,2}$/);
    }
  });

  test('the estimate says how old its prices are, and how many nobody has looked up', () => {
    expect(estimate(shop({})).prices).toEqual({
      region: 'us-east-1',
      note: undefined,
      oldest: '2025-08',
      newest: '2026-11',
      fromMemory: 22,
    });
  });

  test.each([
    ['eu-west-1', 'there is no price list for eu-west-1 here: prices of us-east-1'],
    [undefined, 'the stacks name no Region: prices of us-east-1'],
    ['us-east-1', undefined],
  ])('%s: says where its prices are from', (region, note) => {
    expect(pricesOf(region).note).toBe(note);
  });
});
