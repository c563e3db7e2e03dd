/**
 * Mutations that can neither lose, delay nor leak a message, with the reason of each. Everything else counts: what is
 * found neither here nor by a guard or proof has escaped.
 */
import type { Mutation } from './mutations.ts';

interface Harmless {
  readonly type: RegExp;
  readonly path: RegExp;
  /** @default - every change */
  readonly change?: RegExp;
  readonly reason: string;
}

const HARMLESS: readonly Harmless[] = [
  {
    type: /./,
    path: /(^|\.)(Tags|Description|AlarmDescription|Sid|Name|Id|PolicyName|Version)(\.|$)/,
    reason: 'text for people, or a name that nothing else writes down',
  },
  {
    type: /Alarm$/,
    path: /^(AlarmName|OKActions|InsufficientDataActions)/,
    reason: 'the name, or what is told when all is well',
  },
  {
    type: /Lambda::Function/,
    path: /^(Code|Runtime|Architectures|Handler|MemorySize|LoggingConfig|Environment\.Variables\.(NODE_EXTRA_CA_CERTS|WAYBILL_ENVIRONMENT|WAYBILL_SERVICE))/,
    reason:
      'the code and its surroundings: what goes wrong there fails at every invocation, comes back, and is dead-lettered with alarms',
  },
  {
    type: /Lambda::Function/,
    path: /^VpcConfig/,
    reason:
      'the network: what goes wrong there fails at every invocation, comes back, and is dead-lettered with alarms',
  },
  {
    type: /KMS::Key/,
    path: /^(EnableKeyRotation|PendingWindowInDays)/,
    reason: 'how old the key gets; no message depends on it',
  },
  {
    type: /KMS::Key/,
    path: /^KeyPolicy\.Statement\.0(\.|$)/,
    reason: 'who administers the key; CloudFormation refuses a key without',
  },
  {
    type: /SQS::Queue$/,
    path: /^(ReceiveMessageWaitTimeSeconds|KmsDataKeyReusePeriodSeconds)/,
    reason: 'the number of calls, and so the cost',
  },
  {
    type: /SNS::Topic$/,
    path: /^(SignatureVersion|TopicName)/,
    reason: 'signatures of HTTP deliveries, which there are none of; a name',
  },
  { type: /SQS::Queue$/, path: /^QueueName/, reason: 'a name; what writes it down elsewhere is found' },
  {
    type: /TopicPolicy/,
    path: /^PolicyDocument\.Statement\.0(\.|$)/,
    reason: "lets the topic's own account in, whose identities their own policies let in already",
  },
  {
    type: /KMS::Key/,
    path: /Condition\.StringEquals(\.aws:SourceAccount)?$/,
    change: /removed/,
    reason: 'the condition on the source ARN beside it names the account too',
  },
  {
    type: /EventSourceMapping/,
    path: /^MaximumBatchingWindowInSeconds$/,
    change: /removed/,
    reason: 'zero is what Lambda takes without it',
  },
  {
    type: /(QueuePolicy|TopicPolicy)$/,
    path: /Statement\.\d+\.Principal\.AWS$/,
    change: /is "\*"/,
    reason: 'of a Deny, which means everybody already',
  },
  { type: /Events::EventBus$/, path: /^LogConfig/, reason: 'what is logged' },
];

/** Why the mutation is harmless; undefined where it is not. */
export function harmlessBecause({ type, path, change }: Mutation): string | undefined {
  return HARMLESS.find(
    (one) => one.type.test(type) && one.path.test(path) && (one.change?.test(change) ?? true),
  )?.reason;
}
