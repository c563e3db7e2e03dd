/**
 * Mutations that can neither lose, delay nor leak a message, with the reason of each. Everything else counts: what is
 * found neither here nor by a guard or proof has escaped.
 */
import type { Template } from '../../lib/assembly/index.ts';
import type { Mutation } from './mutations.ts';

interface Harmless {
  readonly type: RegExp;
  readonly path: RegExp;
  /** @default - every resource of the type */
  readonly logicalId?: RegExp;
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
    type: /EventSourceMapping/,
    path: /^ProvisionedPollerConfig\.(PollerGroupName|MinimumPollers|MaximumPollers)$/,
    reason: 'who shares the pollers, and how many there are: the cost, and the pace between the bounds',
  },
  {
    type: /Lambda::Function/,
    path: /^Environment\.Variables\.WAYBILL_BROKER_DELIVERY_LIMIT$/,
    reason: 'how often a message is tried before it is put aside: a matter of pace',
  },
  {
    type: /(QueuePolicy|TopicPolicy)$/,
    path: /Statement\.\d+\.Principal\.AWS$/,
    change: /is "\*"/,
    reason: 'of a Deny, which means everybody already',
  },
  {
    type: /IAM::Role/,
    path: /^AssumeRolePolicyDocument\.Statement\.0\.Condition\.ArnLike/,
    change: /removed/,
    reason:
      'the condition on the account beside it says as much: the pattern means every schedule group of the account',
  },
  {
    type: /SQS::Queue$/,
    path: /^MessageRetentionPeriod$/,
    logicalId: /^(?!.*DeadLetter).*Queue[0-9A-F]{8}$/,
    change: /removed/,
    reason: 'four days is what SQS takes without it, and what the queue of a consumer has',
  },
  {
    type: /Lambda::Function/,
    path: /^Role$/,
    change: /removed/,
    reason: 'CloudFormation refuses a function without a role',
  },
  {
    type: /SQS::Queue$|SNS::Topic$/,
    path: /^ContentBasedDeduplication$/,
    reason: 'every sender gives a deduplication id (D8), which comes before the content',
  },
  {
    type: /CloudWatch::Alarm/,
    path: /^DatapointsToAlarm$/,
    change: /removed/,
    reason: 'as many as evaluation periods is what CloudWatch takes without it',
  },
  {
    type: /Lambda::Function/,
    path: /^Timeout$/,
    logicalId:
      /^(CoreApi|FeedbackApi|ControlPlane|WebhookEndpoints|GitHubWebhook|HttpAuthorizer|Migration|JobsApi|Authorizer|GenerationApi|Tickets|PushWebSocket)/,
    reason: 'the function answers a caller, who sees the failure; it handles no messages',
  },
  { type: /Events::EventBus$/, path: /^LogConfig/, reason: 'what is logged' },
  {
    type: /Lambda::Function/,
    path: /^Environment\.Variables\.(JOBS_|AI_JOB_|PUSH_|API_TOKEN_)/,
    change: /removed|x"$|refers to/,
    reason:
      'the function refuses to begin without it, or with what is no number, and its role may use no other table, queue or secret: that fails at every invocation, comes back, and is dead-lettered with alarms, as wrong code does',
  },
  {
    type: /Scheduler::Schedule/,
    path: /^FlexibleTimeWindow(\.Mode)?$/,
    change: /removed|x"$/,
    reason: 'CloudFormation refuses a schedule without it',
  },
  {
    type: /Scheduler::Schedule/,
    path: /^Target\.RetryPolicy\.MaximumEventAgeInSeconds$/,
    logicalId: /^EventStoreMaintenance/,
    reason:
      'how long a run is tried again: partitions are made a week ahead, and the next run looks at everything anew',
  },
  {
    type: /Lambda::Function/,
    path: /^(Timeout|Environment\.Variables\.(WAYBILL_TRANSPORT|WAYBILL_EVENT_RETENTION_DAYS|WAYBILL_DATABASE_SCHEMA))$/,
    logicalId: /^(EventMeasuring|EventStoreMaintenance)/,
    reason:
      'a schedule starts it, and it handles no messages: what is too short, missing or not to be read fails at every run, as wrong code does, and its alarms tell',
  },
  {
    type: /Lambda::Function/,
    path: /^Environment\.Variables\.(WAYBILL_TRANSPORT|WAYBILL_DATABASE_SCHEMA)$/,
    logicalId: /^FeedbackApi/,
    reason: 'the function answers a caller, who sees the failure; it handles no messages',
  },
  {
    type: /CloudWatch::Alarm/,
    path: /^(Statistic|Dimensions\.\d+\.(Name|Value)|Metrics\.\d+\.(Id|MetricStat\.(Metric|Period|Stat|Metric\.Dimensions\.\d+\.(Name|Value))))$/,
    change: /removed/,
    reason: 'CloudFormation refuses an alarm without it',
  },
  {
    type: /CloudWatch::Alarm/,
    path: /(^|\.)Period$/,
    change: /is ([1-46-9]|5)$/,
    reason: 'CloudWatch refuses a period below ten seconds',
  },
  {
    type: /CloudWatch::Alarm/,
    path: /^Metrics\.\d+\.ReturnData$/,
    change: /is true/,
    reason: 'CloudWatch refuses an alarm with two metrics that return data',
  },
  {
    type: /Lambda::EventInvokeConfig/,
    path: /^(Qualifier|FunctionName)$/,
    change: /removed/,
    reason: 'CloudFormation refuses it',
  },
  {
    type: /Lambda::EventInvokeConfig/,
    path: /^MaximumEventAgeInSeconds$/,
    logicalId: /Timeouts/,
    reason:
      'how long a run of a schedule is tried again: the next run, a minute later, looks at everything anew',
  },
  {
    type: /SQS::Queue$/,
    path: /^MessageRetentionPeriod$/,
    logicalId: /^RelayNudge/,
    change: /is \d{4,}$/,
    reason: 'a nudge is a hint: the relay looks for itself each minute',
  },
];

/** Why the mutation is harmless; undefined where it is not. */
export function harmlessBecause(mutation: Mutation, template: Template): string | undefined {
  if (hasTwin(mutation, template)) return 'another resource says the very same';
  if (isAllowedBeside(mutation, template)) {
    return 'another statement of the same policy lets the role use the key without that condition already';
  }
  if (isDefault(mutation, template)) return 'it says what the service takes without it';
  if (saysAccountTwice(mutation, template)) {
    return 'the condition on the account beside it says as much: the pattern means every alarm of the account';
  }
  const { type, path, change, logicalId } = mutation;
  return HARMLESS.find(
    (one) =>
      one.type.test(type) &&
      one.path.test(path) &&
      (one.logicalId?.test(logicalId) ?? true) &&
      (one.change?.test(change) ?? true),
  )?.reason;
}

/** What is removed said `missing`, which CloudWatch takes where nothing is said. */
function isDefault({ type, logicalId, path, change }: Mutation, { Resources = {} }: Template): boolean {
  return (
    type === 'AWS::CloudWatch::Alarm' &&
    path === 'TreatMissingData' &&
    change === 'removed' &&
    Resources[logicalId]?.Properties?.['TreatMissingData'] === 'missing'
  );
}

/** CloudWatch acts for its alarms alone, and only for those of the condition's account. */
function saysAccountTwice({ logicalId, path, change }: Mutation, { Resources = {} }: Template): boolean {
  const [, document, index] =
    /^(KeyPolicy|PolicyDocument)\.Statement\.(\d+)\.Condition\.ArnLike(?:\.aws:SourceArn)?$/.exec(path) ?? [];
  if (document === undefined || change !== 'removed') return false;
  const policy = Resources[logicalId]?.Properties?.[document] as
    | { readonly Statement: readonly { readonly Condition?: Readonly<Record<string, object>> }[] }
    | undefined;
  const { ArnLike, StringEquals = {} } = policy?.Statement[Number(index)]?.Condition ?? {};
  return 'aws:SourceAccount' in StringEquals && JSON.stringify(ArnLike).endsWith(':alarm:*"]]}}');
}

/** CDK gives a permission for each method of a path, with one source ARN for all methods. */
function hasTwin({ type, logicalId }: Mutation, { Resources: resources = {} }: Template): boolean {
  if (type !== 'AWS::Lambda::Permission') return false;
  const own = JSON.stringify(resources[logicalId]?.Properties);
  return Object.entries(resources).some(
    ([id, { Properties }]) => id !== logicalId && JSON.stringify(Properties) === own,
  );
}

/**
 * The key of the controls table is that of the queues too: a consumer decrypts its messages with it, so that the
 * condition on DynamoDB beside that limits nothing. kms:DescribeKey tells no content.
 */
function isAllowedBeside(
  { type, logicalId, path, change }: Mutation,
  { Resources: resources = {} }: Template,
): boolean {
  const [, index] = /^PolicyDocument\.Statement\.(\d+)\.Condition(?:\.|$)/.exec(path) ?? [];
  if (type !== 'AWS::IAM::Policy' || change !== 'removed' || index === undefined) return false;
  const document = resources[logicalId]?.Properties?.['PolicyDocument'] as
    | { readonly Statement: readonly Readonly<Record<string, unknown>>[] }
    | undefined;
  const statements = document?.Statement ?? [];
  const own = statements[Number(index)];
  const actionsOf = (statement: Readonly<Record<string, unknown>> | undefined): readonly unknown[] =>
    [statement?.['Action'] ?? []].flat();
  const beside = statements
    .filter(
      (statement) =>
        statement['Effect'] === 'Allow' &&
        statement['Condition'] === undefined &&
        JSON.stringify(statement['Resource']) === JSON.stringify(own?.['Resource']),
    )
    .flatMap(actionsOf);
  return actionsOf(own).every((action) => action === 'kms:DescribeKey' || beside.includes(action));
}
