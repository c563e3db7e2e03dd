/** Each verdict in both directions: what makes it speak, and the nearest thing that does not. */
import { describe, expect, test } from '@jest/globals';
import { assemblyOf } from '../../../lib/assembly/index.ts';
import { estimate, VERDICT_RULES } from '../../../lib/estimate/index.ts';
import type { EstimateOptions, Verdict, VerdictCode } from '../../../lib/estimate/index.ts';
import { node, shop } from './support.ts';
import type { Shop } from './support.ts';

interface Case {
  readonly code: VerdictCode;
  readonly severity: Verdict['severity'];
  readonly says: RegExp;
  readonly failing: Shop;
  readonly passing: Shop;
  readonly options?: EstimateOptions;
  /** The passing one is near enough for a lesser verdict. */
  readonly isNear?: boolean;
  /** Where it is told. @default - anywhere in the shop */
  readonly at?: string;
}

const consumer = { name: 'Invoices', events: ['OrderPlaced'] };
const at = (perSecond: number, bytes = 1000) => [{ name: 'OrderPlaced', perSecond, bytes }];
const many = (count: number, make: (index: number) => object): Shop['resources'] =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`Made${index}`, make(index)]),
  ) as Shop['resources'];
const statement = (sid: string) => ({ Sid: sid, Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' });
const policy = (type: string, statements: readonly object[]): Shop['resources'] =>
  ({
    Policy: { Type: type, Properties: { PolicyDocument: { Statement: statements } } },
  }) as Shop['resources'];
const statements = (count: number) => Array.from({ length: count }, (_, index) => statement(`s${index}`));
const subscription = (index: number, filtered: boolean) => ({
  Type: 'AWS::SNS::Subscription',
  Properties: {
    TopicArn: { Ref: 'Orders' },
    Protocol: 'sqs',
    ...(filtered ? { FilterPolicy: { eventType: [`e${index}`] } } : {}),
  },
});
const rule = (pattern: object, targets = 1) => ({
  Type: 'AWS::Events::Rule',
  Properties: {
    EventBusName: 'shop',
    EventPattern: pattern,
    Targets: Array.from({ length: targets }, (_, index) => ({
      Id: `t${index}`,
      Arn: 'arn:aws:sqs:us-east-1:1:q',
    })),
  },
});
const cluster = (minCapacity: number): Pick<Shop, 'resources' | 'nodes' | 'edges'> => ({
  resources: {
    Cluster: {
      Type: 'AWS::RDS::DBCluster',
      Properties: { ServerlessV2ScalingConfiguration: { MinCapacity: minCapacity, MaxCapacity: 1 } },
    },
  },
  nodes: [
    node('shop/Cluster', 'database', 'Cluster'),
    node('shop/Relay', 'relay', null),
    node('shop/Schedule', 'schedule', null),
  ],
  edges: [
    { kind: 'drains', from: 'shop/Cluster', to: 'shop/Relay' },
    { kind: 'invokes', from: 'shop/Schedule', to: 'shop/Relay', expression: 'rate(1 minute)' },
  ],
});
/** 1,501 KB a second of one tenant in ten, or of one key in a hundred. */
const busOf = (orderingKey: string | null): Shop => ({
  events: [{ name: 'OrderPlaced', perSecond: 10, bytes: 1501 * 1024, orderingKey }],
  topic: { MaximumMessageSize: 2_000_000 },
  bus: 'custom',
});
const key = { Key: { Type: 'AWS::KMS::Key', Properties: {} } };

const CASES: readonly Case[] = [
  {
    code: 'WAYBILL_CAPACITY_EVENT_TOO_LARGE',
    severity: 'error',
    says: /OrderPlaced has 262,145 bytes.*262,144 bytes/,
    failing: { events: at(1, 262_145) },
    passing: { events: at(1, 262_144) },
  },
  {
    code: 'WAYBILL_CAPACITY_EVENT_TOO_LARGE',
    severity: 'error',
    says: /allowed 1,000,000 bytes of one PutEvents/,
    failing: { events: at(1, 1_000_001), bus: true, topic: { MaximumMessageSize: 1_048_576 } },
    passing: { events: at(1, 1_000_000), bus: true, topic: { MaximumMessageSize: 1_048_576 } },
  },
  {
    // 1,000 a second in batches of 10: (10 + 10 x 20) ms / 10 each, that is 21 at once.
    code: 'WAYBILL_CAPACITY_CONCURRENCY_SHORT',
    severity: 'warning',
    says: /1,000 messages a second take 21 invocations at once, assuming 20 ms a message.*allowed 20/,
    failing: { events: at(1000), consumers: [{ ...consumer, maxConcurrency: 20 }] },
    passing: { events: at(1000), consumers: [{ ...consumer, maxConcurrency: 21 }] },
  },
  {
    code: 'WAYBILL_CAPACITY_BATCH_OVER_TIMEOUT',
    severity: 'warning',
    says: /a full batch of 500 takes 10 s.*allowed 10 s/,
    failing: { consumers: [{ ...consumer, batchSize: 500, window: 1, timeout: 10 }] },
    passing: { consumers: [{ ...consumer, batchSize: 499, window: 1, timeout: 10 }] },
  },
  {
    code: 'WAYBILL_CAPACITY_BATCH_OVER_PAYLOAD',
    severity: 'warning',
    says: /97 messages of 65,536 bytes are 6,356,992 bytes.*never holds more than 96/,
    failing: { events: at(1, 65_536), consumers: [{ ...consumer, batchSize: 97, window: 1 }] },
    passing: { events: at(1, 65_536), consumers: [{ ...consumer, batchSize: 96, window: 1 }] },
  },
  {
    // 15,000 a second take 315 at once: (315 - 5) / 300 minutes. 14,000 take 294.
    code: 'WAYBILL_CAPACITY_POLLERS_SLOW',
    severity: 'warning',
    says: /1.03 minutes until 315 invocations run at once/,
    failing: { events: at(15_000), consumers: [{ ...consumer, maxConcurrency: 1000 }] },
    passing: { events: at(14_000), consumers: [{ ...consumer, maxConcurrency: 1000 }] },
  },
  {
    code: 'WAYBILL_CAPACITY_POLLERS_SLOW',
    severity: 'warning',
    says: /minutes until/,
    failing: { events: at(15_000), consumers: [{ ...consumer, maxConcurrency: 1000 }] },
    passing: {
      events: at(15_000),
      consumers: [{ ...consumer, mapping: { ProvisionedPollerConfig: { MinimumPollers: 40 } } }],
    },
  },
  {
    code: 'WAYBILL_CAPACITY_IN_FLIGHT',
    severity: 'warning',
    says: /13 invocations of 10000 messages are 130,000 in flight.*120,000/,
    failing: { consumers: [{ ...consumer, batchSize: 10_000, window: 1, maxConcurrency: 13, timeout: 300 }] },
    passing: { consumers: [{ ...consumer, batchSize: 10_000, window: 1, maxConcurrency: 12, timeout: 300 }] },
  },
  {
    code: 'WAYBILL_CAPACITY_FIFO_QUEUE',
    severity: 'warning',
    says: /301 messages a second.*300 calls a second.*3,000 messages in full batches/,
    failing: { events: at(301), consumers: [{ ...consumer, fifo: true }] },
    passing: { events: at(300), consumers: [{ ...consumer, fifo: true }] },
  },
  {
    code: 'WAYBILL_CAPACITY_FIFO_QUEUE',
    severity: 'error',
    says: /3,001 messages a second/,
    failing: { events: at(3001), consumers: [{ ...consumer, fifo: true }] },
    passing: {
      events: at(3001),
      consumers: [
        {
          ...consumer,
          fifo: true,
          queue: { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' },
        },
      ],
    },
  },
  {
    code: 'WAYBILL_CAPACITY_FIFO_QUEUE',
    severity: 'error',
    says: /3,001 messages a second/,
    failing: { events: at(3001), consumers: [{ ...consumer, fifo: true }] },
    passing: { events: at(3000), consumers: [{ ...consumer, fifo: true }] },
    isNear: true,
  },
  {
    // Without an ordering key the group is the tenant, the busiest with a tenth: 51 against 50 at 20 ms each.
    code: 'WAYBILL_CAPACITY_FIFO_GROUP',
    severity: 'warning',
    says: /51 messages a second of the busiest tenant.*50 a second of one group, at 20 ms/,
    failing: { events: at(510), consumers: [{ ...consumer, fifo: true }] },
    passing: { events: at(500), consumers: [{ ...consumer, fifo: true }] },
  },
  {
    code: 'WAYBILL_CAPACITY_FIFO_GROUP',
    severity: 'warning',
    says: /busiest tenant/,
    failing: { events: at(510), consumers: [{ ...consumer, fifo: true }] },
    passing: {
      events: [{ name: 'OrderPlaced', perSecond: 510, orderingKey: 'orderId' }],
      consumers: [{ ...consumer, fifo: true }],
    },
  },
  {
    code: 'WAYBILL_CAPACITY_FIFO_TOPIC',
    severity: 'error',
    says: /3,001 messages a second.*3,000 messages a second/,
    failing: { events: at(3001), topic: { FifoTopic: true } },
    passing: { events: at(3001), topic: { FifoTopic: true, FifoThroughputScope: 'MessageGroup' } },
  },
  {
    code: 'WAYBILL_CAPACITY_FIFO_TOPIC',
    severity: 'error',
    says: /20,000,100 bytes a second/,
    failing: { events: at(100, 200_001), topic: { FifoTopic: true } },
    passing: { events: at(100, 200_000), topic: { FifoTopic: true } },
  },
  {
    code: 'WAYBILL_CAPACITY_SNS_PUBLISH',
    severity: 'warning',
    says: /30,001 messages a second into all topics.*30,000 .*us-east-1/,
    failing: { events: at(30_001) },
    passing: { events: at(30_000) },
  },
  {
    code: 'WAYBILL_CAPACITY_SNS_PUBLISH',
    severity: 'warning',
    says: /301 messages.*af-south-1.*from memory/,
    failing: { events: at(301), region: 'af-south-1' },
    passing: { events: at(301), region: 'eu-west-1' },
  },
  {
    code: 'WAYBILL_CAPACITY_PUT_EVENTS',
    severity: 'warning',
    says: /10,001 events a second.*10,000 PutEvents/,
    failing: { events: at(10_001), bus: true },
    passing: { events: at(10_000), bus: true },
  },
  {
    code: 'WAYBILL_CAPACITY_BUS_INVOCATIONS',
    severity: 'warning',
    says: /18,800 deliveries a second.*18,750/,
    failing: {
      events: at(9400),
      bus: true,
      consumers: [
        { ...consumer, from: 'bus' },
        { ...consumer, name: 'Audit', from: 'bus' },
      ],
    },
    passing: {
      events: at(9300),
      bus: true,
      consumers: [
        { ...consumer, from: 'bus' },
        { ...consumer, name: 'Audit', from: 'bus' },
      ],
    },
  },
  {
    code: 'WAYBILL_CAPACITY_LAMBDA_ACCOUNT',
    severity: 'warning',
    says: /1,001 invocations at once: 1001 of consumers, 0 reserved, 0 of HTTP requests.*1,000/,
    failing: {
      consumers: [
        { ...consumer, maxConcurrency: 500 },
        { ...consumer, name: 'Audit', maxConcurrency: 501 },
      ],
    },
    passing: {
      consumers: [
        { ...consumer, maxConcurrency: 500 },
        { ...consumer, name: 'Audit', maxConcurrency: 500 },
      ],
    },
  },
  {
    code: 'WAYBILL_CAPACITY_LAMBDA_ACCOUNT',
    severity: 'warning',
    says: /10 of consumers, 900 reserved, 91 of HTTP requests/,
    failing: apiShop(1820),
    passing: apiShop(1800),
  },
  {
    // Rare messages ask once each; so only a reuse period of a millisecond and many principals reach the quota.
    code: 'WAYBILL_CAPACITY_KMS_REQUESTS',
    severity: 'warning',
    says: /key requests a second.*100,000/,
    failing: {
      events: at(40_000),
      consumers: [
        { ...consumer, queue: { KmsMasterKeyId: { Ref: 'Key' }, KmsDataKeyReusePeriodSeconds: 0.000_01 } },
      ],
      resources: key,
    },
    passing: {
      events: at(40_000),
      consumers: [{ ...consumer, queue: { KmsMasterKeyId: { Ref: 'Key' } } }],
      resources: key,
    },
  },
  {
    code: 'WAYBILL_CAPACITY_QUEUE_POLICY',
    severity: 'error',
    says: /21 statements, 105 %; allowed 20 statements/,
    failing: { resources: policy('AWS::SQS::QueuePolicy', statements(21)) },
    passing: { resources: policy('AWS::SQS::QueuePolicy', statements(20)) },
    isNear: true,
  },
  {
    code: 'WAYBILL_CAPACITY_QUEUE_POLICY',
    severity: 'warning',
    says: /17 statements, 85 %/,
    failing: { resources: policy('AWS::SQS::QueuePolicy', statements(17)) },
    passing: { resources: policy('AWS::SQS::QueuePolicy', statements(16)) },
  },
  {
    code: 'WAYBILL_CAPACITY_QUEUE_POLICY',
    severity: 'error',
    says: /bytes.*8,192 bytes/,
    failing: { resources: policy('AWS::SQS::QueuePolicy', [statement('s'.repeat(9000))]) },
    passing: { resources: policy('AWS::SQS::QueuePolicy', [statement('s'.repeat(6000))]) },
  },
  {
    code: 'WAYBILL_CAPACITY_TOPIC_POLICY',
    severity: 'error',
    says: /101 statements/,
    failing: { resources: policy('AWS::SNS::TopicPolicy', statements(101)) },
    passing: { resources: policy('AWS::SNS::TopicPolicy', statements(80)) },
  },
  {
    code: 'WAYBILL_CAPACITY_FILTER_POLICIES',
    severity: 'warning',
    says: /201 filter policies of the topic.*200/,
    at: 'shop/Orders',
    failing: { resources: many(201, (index) => subscription(index, true)) },
    passing: { resources: many(201, (index) => subscription(index, index < 200)) },
  },
  {
    code: 'WAYBILL_CAPACITY_TOPIC_SUBSCRIPTIONS',
    severity: 'warning',
    says: /101 subscriptions of the FIFO topic/,
    failing: { topic: { FifoTopic: true }, resources: many(101, (index) => subscription(index, false)) },
    passing: { resources: many(101, (index) => subscription(index, false)) },
  },
  {
    code: 'WAYBILL_CAPACITY_BUS_RULES',
    severity: 'warning',
    says: /301 rules of the bus/,
    at: 'shop/Bus',
    failing: { bus: true, resources: many(301, () => rule({ source: ['orders'] })) },
    passing: { bus: true, resources: many(300, () => rule({ source: ['orders'] })) },
  },
  {
    code: 'WAYBILL_CAPACITY_RULE_TARGETS',
    severity: 'error',
    says: /6 targets/,
    failing: { bus: true, resources: many(1, () => rule({ source: ['orders'] }, 6)) },
    passing: { bus: true, resources: many(1, () => rule({ source: ['orders'] }, 5)) },
  },
  {
    code: 'WAYBILL_CAPACITY_WILDCARD_RULES',
    severity: 'error',
    says: /31 rules with wildcards/,
    failing: { bus: true, resources: many(31, () => rule({ source: [{ wildcard: 'a*b' }] })) },
    passing: { bus: true, resources: many(31, () => rule({ source: [{ prefix: 'a' }] })) },
  },
  {
    code: 'WAYBILL_CAPACITY_STACK_RESOURCES',
    severity: 'warning',
    says: /407 resources, 81 %; 46 more consumers fit, at 2 resources each/,
    failing: {
      consumers: [consumer, { ...consumer, name: 'Audit' }],
      resources: many(400, () => ({ Type: 'AWS::SSM::Parameter', Properties: {} })),
    },
    passing: {
      consumers: [consumer],
      resources: many(396, () => ({ Type: 'AWS::SSM::Parameter', Properties: {} })),
    },
  },
  {
    code: 'WAYBILL_CAPACITY_STACK_RESOURCES',
    severity: 'error',
    says: /501 resources/,
    failing: { resources: many(500, () => ({ Type: 'AWS::SSM::Parameter', Properties: {} })) },
    passing: { resources: many(399, () => ({ Type: 'AWS::SSM::Parameter', Properties: {} })) },
  },
  {
    code: 'WAYBILL_CAPACITY_DATABASE_NEVER_PAUSES',
    severity: 'info',
    says: /minCapacity 0, and an outbox relay/,
    failing: cluster(0),
    passing: cluster(0.5),
  },
  {
    code: 'WAYBILL_CAPACITY_BUS_GROUP',
    severity: 'warning',
    says: /1,501 a second of the busiest tenant, assuming that it has 10 %.*1,500 events, and KB/,
    failing: busOf(null),
    passing: busOf('orderId'),
  },
];

/** One function behind an API, at 50 ms a request, and one with reserved concurrency. */
function apiShop(perSecond: number): Shop {
  return {
    events: at(perSecond),
    consumers: [{ ...consumer, maxConcurrency: 10, batchSize: 10 }],
    resources: {
      Api: { Type: 'AWS::Lambda::Function', Properties: {} },
      Reserved: { Type: 'AWS::Lambda::Function', Properties: { ReservedConcurrentExecutions: 900 } },
      Permission: {
        Type: 'AWS::Lambda::Permission',
        Properties: { Principal: 'apigateway.amazonaws.com', FunctionName: { 'Fn::GetAtt': ['Api', 'Arn'] } },
      },
    },
    nodes: [{ ...node('shop/Api', 'function', 'Api'), owner: 'orders' }],
  };
}

function verdictsOf(
  values: Shop,
  options: EstimateOptions | undefined,
  code: VerdictCode,
): readonly Verdict[] {
  return estimate(shop(values), options).verdicts.filter((verdict) => verdict.code === code);
}

describe('capacity verdicts', () => {
  test.each(CASES)('$code $severity', ({ code, severity, says, failing, passing, options, isNear, at }) => {
    const found = verdictsOf(failing, options, code);

    expect(found.map((verdict) => verdict.severity)).toContain(severity);
    const said = found.find((verdict) => verdict.severity === severity)!;
    expect(`${said.received}; allowed ${said.allowed}; ${said.fix}; ${said.source}`).toMatch(says);
    expect(said).toMatchObject({
      id: VERDICT_RULES[code].id,
      constructPath: at ?? expect.stringMatching(/^shop/),
    });
    expect(said.source).not.toBe('');
    const passed = verdictsOf(passing, options, code);
    expect(passed.filter((verdict) => isNear !== true || verdict.severity === severity)).toEqual([]);
    expect(passed).toHaveLength(isNear === true ? 1 : 0);
  });

  test('every rule has a case', () => {
    // C25 and on have theirs in streams.test.ts.
    const elsewhere = Object.entries(VERDICT_RULES).flatMap(([code, { id }]) =>
      Number(id.slice(1)) >= 25 ? [code as VerdictCode] : [],
    );
    const covered = new Set([...CASES.map(({ code }) => code), ...elsewhere]);

    expect(Object.keys(VERDICT_RULES).filter((code) => !covered.has(code as VerdictCode))).toEqual([]);
  });

  test('a consumer of its own speed is judged by that', () => {
    const values: Shop = { events: at(1000), consumers: [{ ...consumer, maxConcurrency: 25 }] };
    const slow = { load: { messageMillisecondsOf: { Invoices: 100 } } };

    expect(verdictsOf(values, undefined, 'WAYBILL_CAPACITY_CONCURRENCY_SHORT')).toEqual([]);
    expect(verdictsOf(values, slow, 'WAYBILL_CAPACITY_CONCURRENCY_SHORT')).toHaveLength(1);
  });

  test('quotas are of the Region: those of two Regions do not add up', () => {
    const oneOfTwo = (region: string) => estimate(shop({ events: at(25_000), region })).verdicts;

    expect(oneOfTwo('us-east-1')).toEqual([]);
    expect(oneOfTwo('eu-west-1').map(({ code }) => code)).toEqual(['WAYBILL_CAPACITY_SNS_PUBLISH']);
    // A Region that is asked for counts instead of the stack's.
    expect(estimate(shop({ events: at(25_000) }), { region: 'eu-west-1' }).verdicts).toHaveLength(1);
  });

  test('a stack that fills up is named by its path in the construct tree', () => {
    const secret = (path: string) => ({
      Type: 'AWS::SecretsManager::Secret',
      Properties: {},
      Metadata: { 'aws:cdk:path': path },
    });
    const resources = Object.fromEntries(
      Array.from({ length: 401 }, (_, index) => [`S${index}`, secret(`Prod/Core/Secret${index}/Resource`)]),
    );
    const assembly = assemblyOf([
      { stackName: 'core', template: { Resources: resources } },
      { stackName: 'data', template: { Resources: { One: secret('Prod/Data/One/Resource') } } },
    ]);

    expect(estimate(assembly).verdicts.map(({ constructPath }) => constructPath)).toEqual(['Prod/Core']);
  });

  test('the gravest comes first, and several mistakes are all told at once', () => {
    const { verdicts } = estimate(
      shop({
        events: at(3001, 300_000),
        topic: { FifoTopic: true },
        consumers: [{ ...consumer, fifo: true, batchSize: 10, maxConcurrency: 2 }],
      }),
    );

    expect(verdicts.map(({ severity }) => severity)).toEqual(
      verdicts.map(({ severity }) => severity).toSorted((a, b) => (a === b ? 0 : a === 'error' ? -1 : 1)),
    );
    expect(new Set(verdicts.map(({ code }) => code)).size).toBeGreaterThanOrEqual(5);
  });
});
