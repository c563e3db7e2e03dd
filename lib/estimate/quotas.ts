/**
 * AWS's quotas, gathered on 2026-11-21: the value, whether AWS raises it on request, and the page it is from. `(from memory)`
 * marks what nobody has read there.
 */

export interface Quota {
  readonly value: number;
  readonly unit: string;
  /** Fixed ones refuse the synth, adjustable ones warn: the account may have been given more. */
  readonly isFixed: boolean;
  readonly source: string;
}

const fixed = (value: number, unit: string, source: string): Quota => ({
  value,
  unit,
  isFixed: true,
  source,
});
const adjustable = (value: number, unit: string, source: string): Quota => ({
  value,
  unit,
  isFixed: false,
  source,
});

const SQS_MESSAGES = 'SQSDeveloperGuide/quotas-messages.html';
const SQS_FIFO = 'SQSDeveloperGuide/quotas-fifo.html';
const SNS = 'general/latest/gr/sns.html';
const EVENT_BRIDGE = 'eventbridge/latest/userguide/eb-quota.html';
const LAMBDA = 'lambda/latest/dg/gettingstarted-limits.html';
const KINESIS = 'streams/latest/dev/service-sizes-and-limits.html (from memory)';
const MSK = 'msk/latest/developerguide/limits.html (from memory)';
const API_GATEWAY = 'apigateway/latest/developerguide/limits.html (from memory)';
const WEB_SOCKET =
  'apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html (from memory)';
const LAMBDA_SQS = 'lambda/latest/dg/services-sqs-scaling.html';

export const QUOTAS = {
  sqsMessageBytes: fixed(1_048_576, 'bytes', SQS_MESSAGES),
  snsMessageBytes: fixed(
    262_144,
    'bytes, where the topic sets no MaximumMessageSize',
    'sns/latest/api/API_CreateTopic.html',
  ),
  putEventsBytes: fixed(1_000_000, 'bytes of one PutEvents', EVENT_BRIDGE),
  invocationPayloadBytes: fixed(6_291_456, 'bytes of one invocation', LAMBDA),
  sqsInFlight: fixed(120_000, 'messages in flight', SQS_MESSAGES),
  queuePolicyStatements: fixed(20, 'statements', SQS_MESSAGES),
  queuePolicyBytes: fixed(8192, 'bytes', SQS_MESSAGES),
  topicPolicyStatements: fixed(
    100,
    'statements',
    'sns/latest/dg/sns-access-policy-language-api-permissions-reference.html',
  ),
  topicPolicyBytes: fixed(
    30_720,
    'bytes',
    'sns/latest/dg/sns-access-policy-language-api-permissions-reference.html',
  ),
  filterPoliciesPerTopic: adjustable(200, 'filter policies of a topic', SNS),
  filterPoliciesPerAccount: adjustable(10_000, 'filter policies of the account and Region', SNS),
  fifoTopicSubscriptions: adjustable(100, 'subscriptions of a FIFO topic', SNS),
  fifoTopicMessages: fixed(3000, 'messages a second of a FIFO topic with FifoThroughputScope Topic', SNS),
  fifoTopicBytes: fixed(20_000_000, 'bytes a second of a FIFO topic with FifoThroughputScope Topic', SNS),
  fifoGroupMessages: fixed(300, 'messages a second of one message group (third party)', SNS),
  fifoQueueCalls: fixed(300, 'calls a second of one API action, without high throughput', SQS_FIFO),
  customBusGroupEvents: fixed(
    1500,
    'events, and KB, a second of one event group of a Custom Event Bus',
    'eventbridge/latest/userguide/eb-custom-bus-ordering.html',
  ),
  rulesPerBus: adjustable(300, 'rules of a bus', EVENT_BRIDGE),
  targetsPerRule: fixed(5, 'targets of a rule', EVENT_BRIDGE),
  wildcardRulesPerBus: fixed(30, 'rules with wildcards of a bus', EVENT_BRIDGE),
  lambdaConcurrency: adjustable(1000, 'invocations at once in the account and Region', LAMBDA),
  mappingConcurrency: fixed(1250, 'invocations at once of a mapping without provisioned pollers', LAMBDA_SQS),
  mappingMaximumConcurrency: fixed(1000, 'as MaximumConcurrency of a mapping', LAMBDA_SQS),
  mappingStartConcurrency: fixed(5, 'invocations at once when messages begin to arrive', LAMBDA_SQS),
  mappingGrowthPerMinute: fixed(300, 'more invocations at once a minute', LAMBDA_SQS),
  shardRecords: fixed(1000, 'records a second of a shard', KINESIS),
  shardBytes: fixed(1_000_000, 'bytes a second of a shard', KINESIS),
  onDemandStartRecords: fixed(4000, 'records a second of a stream on demand that is new', KINESIS),
  onDemandStartBytes: fixed(4_000_000, 'bytes a second of a stream on demand that is new', KINESIS),
  onDemandBytes: adjustable(200_000_000, 'bytes a second of a stream on demand', KINESIS),
  kafkaServerlessIn: adjustable(200_000_000, 'bytes a second into a serverless cluster', MSK),
  kafkaServerlessOut: adjustable(400_000_000, 'bytes a second out of a serverless cluster', MSK),
  kafkaPartitionIn: fixed(5_000_000, 'bytes a second into a partition of a serverless cluster', MSK),
  kafkaExpressIn: fixed(15_600_000, 'bytes a second into an express.m7g.large (from memory)', MSK),
  apiGatewayRequests: adjustable(
    10_000,
    'requests a second of the account and Region, over all APIs',
    API_GATEWAY,
  ),
  webSocketConnects: adjustable(
    500,
    'new connections a second of the account and Region, over all WebSocket APIs',
    WEB_SOCKET,
  ),
  stackResources: fixed(
    500,
    'resources of a stack',
    'AWSCloudFormation/latest/UserGuide/cloudformation-limits.html',
  ),
} as const satisfies Record<string, Quota>;

/** Messages that one call of SendMessageBatch, PublishBatch or PutEvents carries. */
export const ENTRIES_PER_CALL = 10;

interface RegionalQuota {
  readonly byRegion: Readonly<Record<string, number>>;
  readonly elsewhere: number;
  readonly unit: string;
  readonly source: string;
  /** Regions whose figure was read in the source; the rest is from memory. */
  readonly readFor: readonly string[];
  /** Regions whose figure is from a dated text of somebody else. */
  readonly thirdPartyFor?: readonly string[];
}

const each = (regions: readonly string[], value: number): Record<string, number> =>
  Object.fromEntries(regions.map((region) => [region, value]));

const LARGEST = ['us-east-1', 'us-west-2', 'eu-west-1'];

/** Regions whose figures of EventBridge were read on its page. */
const EVENT_BRIDGE_READ = [
  ...LARGEST,
  'us-east-2',
  'eu-central-1',
  'eu-west-2',
  'ap-northeast-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'us-west-1',
];

const REGIONAL = {
  snsPublishes: {
    byRegion: {
      'us-east-1': 30_000,
      ...each(['us-west-2', 'eu-west-1'], 9000),
      ...each(
        [
          'us-east-2',
          'us-west-1',
          'eu-central-1',
          'ap-south-1',
          'ap-northeast-1',
          'ap-northeast-2',
          'ap-southeast-1',
          'ap-southeast-2',
        ],
        3000,
      ),
    },
    elsewhere: 300,
    unit: 'messages a second published in the account and Region',
    source: SNS,
    readFor: [],
    thirdPartyFor: ['us-east-1'],
  },
  putEvents: {
    byRegion: {
      ...each(LARGEST, 10_000),
      ...each(['us-east-2', 'eu-central-1'], 2400),
      ...each(['eu-west-2', 'ap-northeast-1', 'ap-southeast-1', 'ap-southeast-2', 'us-west-1'], 1200),
    },
    elsewhere: 400,
    unit: 'PutEvents calls a second in the account and Region',
    source: EVENT_BRIDGE,
    readFor: EVENT_BRIDGE_READ,
  },
  eventBridgeInvocations: {
    byRegion: {
      ...each(LARGEST, 18_750),
      ...each(['us-east-2', 'eu-central-1'], 4500),
      ...each(['eu-west-2', 'ap-northeast-1', 'ap-southeast-1', 'ap-southeast-2', 'us-west-1'], 2250),
    },
    elsewhere: 750,
    unit: 'deliveries to targets a second in the account and Region',
    source: EVENT_BRIDGE,
    readFor: EVENT_BRIDGE_READ,
  },
  fifoQueueTransactions: {
    byRegion: {
      ...each(LARGEST, 70_000),
      ...each(['us-east-2', 'eu-central-1'], 19_000),
      ...each(['ap-south-1', 'ap-southeast-1', 'ap-southeast-2', 'ap-northeast-1'], 9000),
    },
    elsewhere: 2400,
    unit: 'calls a second of one API action, with high throughput',
    source: SQS_FIFO,
    readFor: [...LARGEST, 'us-east-2', 'eu-central-1'],
  },
  startExecution: {
    byRegion: each(LARGEST, 300),
    elsewhere: 150,
    unit: 'standard executions started a second, beyond a burst, in the account and Region',
    source: 'step-functions/latest/dg/service-quotas.html',
    readFor: [],
  },
  stateTransitions: {
    byRegion: each(LARGEST, 5000),
    elsewhere: 800,
    unit: 'state transitions a second of standard executions in the account and Region',
    source: 'step-functions/latest/dg/service-quotas.html',
    readFor: [],
  },
  kmsRequests: {
    byRegion: {
      ...each(LARGEST, 100_000),
      ...each(
        ['us-east-2', 'eu-central-1', 'eu-west-2', 'ap-northeast-1', 'ap-southeast-1', 'ap-southeast-2'],
        20_000,
      ),
    },
    elsewhere: 10_000,
    unit: 'symmetric cryptographic operations a second in the account and Region',
    source: 'kms/latest/developerguide/requests-per-second.html',
    readFor: [
      ...LARGEST,
      'us-east-2',
      'eu-central-1',
      'eu-west-2',
      'ap-northeast-1',
      'ap-southeast-1',
      'ap-southeast-2',
      'other',
    ],
  },
} as const satisfies Record<string, RegionalQuota>;

export type RegionalQuotaName = keyof typeof REGIONAL;

/** @param region undefined counts as us-east-1, as for prices */
export function regionalQuota(name: RegionalQuotaName, region: string | undefined): Quota {
  const { byRegion, elsewhere, unit, source, readFor, thirdPartyFor = [] }: RegionalQuota = REGIONAL[name];
  const place = region ?? 'us-east-1';
  const isRead = readFor.includes(place) || (!(place in byRegion) && readFor.includes('other'));
  return {
    value: byRegion[place] ?? elsewhere,
    unit: `${unit} ${place}`,
    isFixed: false,
    source: isRead ? source : `${source} (${thirdPartyFor.includes(place) ? 'third party' : 'from memory'})`,
  };
}
