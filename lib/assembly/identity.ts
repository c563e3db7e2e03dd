/**
 * What a resource would be called in AWS. Nothing is deployed: a resource without a name of its own gets
 * `STACK-LOGICALID`, and from there an ARN in the right form, so that policies, filters and references can be
 * evaluated as AWS would.
 */
import { formatArn, partitionOf, urlSuffixOf } from './arn.ts';
import type { Place } from './arn.ts';
import { belowCluster } from './streams.ts';
import { isUnknown, unknownValue } from './unknown-value.ts';

export interface Identity {
  /** What `Ref` gives. */
  readonly ref: string;
  /** Undefined for what has none, such as policies. */
  readonly arn: string | undefined;
  /** The name in AWS. */
  readonly name: string;
  /** What `Fn::GetAtt` gives, besides `Arn`. */
  readonly attributes: Readonly<Record<string, string | readonly string[]>>;
}

export interface IdentityContext extends Place {
  readonly stackName: string;
  readonly logicalId: string;
  readonly type: string;
  /** A property of the resource, resolved; undefined where it is absent. */
  property(name: string): unknown;
}

type IdentityOf = (context: IdentityContext) => Omit<Identity, 'attributes'> & {
  readonly attributes?: Readonly<Record<string, string | readonly string[]>>;
};

export function identityOf(context: IdentityContext): Identity {
  const known = IDENTITIES[context.type] ?? anyOther;
  return { attributes: {}, ...known(context) };
}

/** The name given, else the one that is made up. */
function nameOf(context: IdentityContext, nameProperty: string): string {
  const given = context.property(nameProperty);
  return typeof given === 'string' && given !== '' ? given : `${context.stackName}-${context.logicalId}`;
}

/** Resources whose `Ref` is the name, with an ARN of `PREFIX` and the name. */
function named(service: string, nameProperty: string, prefix = ''): IdentityOf {
  return (context) => {
    const name = nameOf(context, nameProperty);
    return {
      ref: name,
      name,
      arn: formatArn(service, context, `${prefix}${name}`),
      attributes: { Name: name },
    };
  };
}

/** As {@link named}, with `Ref` giving the ARN. */
function referredByArn(service: string, nameProperty: string, prefix = ''): IdentityOf {
  return (context) => {
    const identity = named(service, nameProperty, prefix)(context);
    return { ...identity, ref: identity.arn ?? identity.name };
  };
}

/** Resources of IAM are in no Region. */
function ofIam(kind: 'role' | 'user' | 'group' | 'policy', nameProperty: string): IdentityOf {
  return (context) => {
    const name = nameOf(context, nameProperty);
    const path = context.property('Path');
    const arn = `arn:${partitionOf(context.region)}:iam::${context.accountId}:${kind}${typeof path === 'string' ? path : '/'}${name}`;
    return { ref: kind === 'policy' ? arn : name, name, arn, attributes: { RoleId: `AROA${name}` } };
  };
}

/** Queues and topics end in `.fifo` when they are. */
function withFifoSuffix(context: IdentityContext, nameProperty: string, fifoProperty: string): string {
  const name = nameOf(context, nameProperty);
  const fifo = String(context.property(fifoProperty)) === 'true';
  return fifo && !name.endsWith('.fifo') && !isUnknown(name) ? `${name}.fifo` : name;
}

const IDENTITIES: Readonly<Record<string, IdentityOf>> = {
  'AWS::SQS::Queue': (context) => {
    const name = withFifoSuffix(context, 'QueueName', 'FifoQueue');
    const url = `https://sqs.${context.region}.${urlSuffixOf(context.region)}/${context.accountId}/${name}`;
    return {
      ref: url,
      name,
      arn: formatArn('sqs', context, name),
      attributes: { QueueName: name, QueueUrl: url },
    };
  },
  'AWS::SNS::Topic': (context) => {
    const name = withFifoSuffix(context, 'TopicName', 'FifoTopic');
    const arn = formatArn('sns', context, name);
    return { ref: arn, name, arn, attributes: { TopicArn: arn, TopicName: name } };
  },
  'AWS::SNS::Subscription': (context) => {
    const arn = `${String(context.property('TopicArn'))}:${context.stackName}-${context.logicalId}`;
    return { ref: arn, name: context.logicalId, arn };
  },
  'AWS::Events::EventBus': named('events', 'Name', 'event-bus/'),
  'AWS::Events::Rule': (context) => {
    const name = nameOf(context, 'Name');
    const bus = busNameOf(context.property('EventBusName'));
    const path = bus === 'default' ? name : `${bus}/${name}`;
    return {
      ref: bus === 'default' ? name : `${bus}|${name}`,
      name,
      arn: formatArn('events', context, `rule/${path}`),
    };
  },
  'AWS::Events::Archive': named('events', 'ArchiveName', 'archive/'),
  'AWS::Events::Connection': named('events', 'Name', 'connection/'),
  'AWS::Events::ApiDestination': named('events', 'Name', 'api-destination/'),
  'AWS::Events::Endpoint': named('events', 'Name', 'endpoint/'),
  'AWS::EventsV2::EventBus': (context) => {
    const name = nameOf(context, 'Name');
    const arn = formatArn('events', context, `event-busv2/${name}/${GENERATED_BUS_ID}`);
    return { ref: arn, name, arn, attributes: { EventBusArn: arn, Name: name } };
  },
  'AWS::EventsV2::Subscriber': (context) => {
    const name = nameOf(context, 'Name');
    const arn = formatArn('events', context, `subscriber/${name}`);
    return { ref: arn, name, arn, attributes: { SubscriberArn: arn } };
  },
  'AWS::Lambda::Function': named('lambda', 'FunctionName', 'function:'),
  'AWS::Lambda::Version': qualifiedFunction(() => '1'),
  'AWS::Lambda::Alias': qualifiedFunction((context) => String(context.property('Name'))),
  'AWS::Lambda::EventSourceMapping': (context) => {
    const id = `${context.stackName}-${context.logicalId}`;
    return {
      ref: id,
      name: id,
      arn: formatArn('lambda', context, `event-source-mapping:${id}`),
      attributes: { Id: id },
    };
  },
  'AWS::IAM::Role': ofIam('role', 'RoleName'),
  'AWS::IAM::User': ofIam('user', 'UserName'),
  'AWS::IAM::Group': ofIam('group', 'GroupName'),
  'AWS::IAM::ManagedPolicy': ofIam('policy', 'ManagedPolicyName'),
  'AWS::KMS::Key': (context) => {
    const id = `${context.stackName}-${context.logicalId}`;
    return { ref: id, name: id, arn: formatArn('kms', context, `key/${id}`), attributes: { KeyId: id } };
  },
  'AWS::KMS::Alias': (context) => {
    const name = nameOf(context, 'AliasName');
    return { ref: name, name, arn: formatArn('kms', context, name) };
  },
  'AWS::DynamoDB::Table': table,
  'AWS::DynamoDB::GlobalTable': table,
  'AWS::Kinesis::Stream': named('kinesis', 'Name', 'stream/'),
  'AWS::MSK::Cluster': kafkaCluster,
  'AWS::MSK::ServerlessCluster': kafkaCluster,
  'AWS::MSK::Topic': kafkaTopic,
  'Custom::KafkaTopic': kafkaTopic,
  'AWS::AmazonMQ::Broker': (context) => {
    const name = nameOf(context, 'BrokerName');
    const id = `b-${name.toLowerCase()}`;
    const arn = formatArn('mq', context, `broker:${name}:${id}`);
    const host = `${id}.mq.${context.region}.${urlSuffixOf(context.region)}`;
    return { ref: id, name, arn, attributes: { Id: id, AmqpEndpoints: [`amqps://${host}:5671`] } };
  },
  'AWS::KinesisFirehose::DeliveryStream': named('firehose', 'DeliveryStreamName', 'deliverystream/'),
  'AWS::StepFunctions::StateMachine': referredByArn('states', 'StateMachineName', 'stateMachine:'),
  'AWS::StepFunctions::Activity': referredByArn('states', 'Name', 'activity:'),
  'AWS::CloudWatch::Alarm': named('cloudwatch', 'AlarmName', 'alarm:'),
  'AWS::CloudWatch::CompositeAlarm': named('cloudwatch', 'AlarmName', 'alarm:'),
  'AWS::Logs::LogGroup': (context) => {
    const name = nameOf(context, 'LogGroupName');
    // GetAtt Arn of a log group ends in `:*`: its streams.
    return { ref: name, name, arn: formatArn('logs', context, `log-group:${name}:*`) };
  },
  'AWS::S3::Bucket': (context) => {
    const name = nameOf(context, 'BucketName').toLowerCase();
    return { ref: name, name, arn: `arn:${partitionOf(context.region)}:s3:::${name}` };
  },
  'AWS::SecretsManager::Secret': (context) => {
    const name = nameOf(context, 'Name');
    const arn = formatArn('secretsmanager', context, `secret:${name}-AbCdEf`);
    return { ref: arn, name, arn, attributes: { Id: arn } };
  },
  // Its Ref is the secret's.
  'AWS::SecretsManager::SecretTargetAttachment': (context) => {
    const arn = String(context.property('SecretId'));
    return { ref: arn, name: arn, arn: undefined };
  },
  'AWS::SSM::Parameter': (context) => {
    const name = nameOf(context, 'Name');
    const attributes: Record<string, string> = {};
    const value = context.property('Value');
    if (typeof value === 'string') attributes['Value'] = value;
    const arn = formatArn('ssm', context, `parameter${name.startsWith('/') ? '' : '/'}${name}`);
    return { ref: name, name, arn, attributes };
  },
  'AWS::Scheduler::Schedule': (context) => {
    const name = nameOf(context, 'Name');
    const group = context.property('GroupName');
    const path = `schedule/${typeof group === 'string' ? group : 'default'}/${name}`;
    return { ref: name, name, arn: formatArn('scheduler', context, path) };
  },
  'AWS::Scheduler::ScheduleGroup': named('scheduler', 'Name', 'schedule-group/'),
  'AWS::Pipes::Pipe': named('pipes', 'Name', 'pipe/'),
  'AWS::ApiGateway::RestApi': api,
  'AWS::ApiGateway::Stage': named('apigateway', 'StageName', 'stage/'),
  'AWS::ApiGatewayV2::Api': api,
  'AWS::EC2::VPC': (context) => {
    const cidr = context.property('CidrBlock');
    const identity = named('ec2', '', 'vpc/')(context);
    return {
      ...identity,
      attributes: { VpcId: identity.ref, ...(typeof cidr === 'string' ? { CidrBlock: cidr } : {}) },
    };
  },
  'AWS::EC2::SecurityGroup': (context) => {
    const id = `${context.stackName}-${context.logicalId}`;
    return {
      ref: id,
      name: id,
      arn: formatArn('ec2', context, `security-group/${id}`),
      attributes: { GroupId: id },
    };
  },
  'AWS::RDS::DBCluster': named('rds', 'DBClusterIdentifier', 'cluster:'),
  'AWS::RDS::DBInstance': named('rds', 'DBInstanceIdentifier', 'db:'),
};

/** AWS makes it up: a UUID and a number. */
const GENERATED_CLUSTER_ID = '11111111-2222-3333-4444-555555555555-1';
/** AWS makes it up; 25 letters and digits. */
const GENERATED_BUS_ID = 'abcdefghijklmnopqrstuvwxy';

function qualifiedFunction(qualifier: (context: IdentityContext) => string): IdentityOf {
  return (context) => {
    const fn = String(context.property('FunctionName'));
    const functionArn = fn.startsWith('arn:') ? fn : formatArn('lambda', context, `function:${fn}`);
    const arn = `${functionArn}:${qualifier(context)}`;
    return {
      ref: arn,
      name: qualifier(context),
      arn,
      attributes: { FunctionArn: arn, Version: '1', AliasArn: arn },
    };
  };
}

/** Its UUID is made up by AWS; `Ref` gives the ARN. */
function kafkaCluster(context: IdentityContext): Omit<Identity, 'attributes'> {
  const name = nameOf(context, 'ClusterName');
  const arn = formatArn('kafka', context, `cluster/${name}/${GENERATED_CLUSTER_ID}`);
  return { ref: arn, name, arn };
}

function kafkaTopic(context: IdentityContext): Omit<Identity, 'attributes'> & Pick<Identity, 'attributes'> {
  const name = nameOf(context, 'TopicName');
  const arn = belowCluster(String(context.property('ClusterArn')), 'topic', name);
  return { ref: arn, name, arn, attributes: { TopicArn: arn } };
}

function table(context: IdentityContext): Omit<Identity, 'attributes'> & Pick<Identity, 'attributes'> {
  const name = nameOf(context, 'TableName');
  const arn = formatArn('dynamodb', context, `table/${name}`);
  return {
    ref: name,
    name,
    arn,
    attributes: { StreamArn: `${arn}/stream/2026-01-01T00:00:00.000`, TableId: name },
  };
}

function api(context: IdentityContext): Omit<Identity, 'attributes'> & Pick<Identity, 'attributes'> {
  const id = `${context.stackName}-${context.logicalId}`.toLowerCase();
  const host = `${id}.execute-api.${context.region}.${urlSuffixOf(context.region)}`;
  return {
    ref: id,
    name: nameOf(context, 'Name'),
    arn: formatArn('execute-api', context, id),
    attributes: { ApiId: id, RestApiId: id, ApiEndpoint: `https://${host}`, RootResourceId: `${id}-root` },
  };
}

/** `Ref` of a bus is its name; rules take its ARN too. */
export function busNameOf(reference: unknown): string {
  if (typeof reference !== 'string' || reference === '') return 'default';
  return reference.includes(':event-bus/') ? (reference.split(':event-bus/')[1] ?? reference) : reference;
}

/** A type that is not in the table: its `Ref` and ARN are unique and in AWS's form, and nothing more is promised. */
function anyOther(context: IdentityContext): Omit<Identity, 'attributes'> {
  const name = `${context.stackName}-${context.logicalId}`;
  if (/^(?:Custom::|AWS::CloudFormation::(?:CustomResource|Stack)$)/.test(context.type)) {
    return { ref: name, name, arn: undefined };
  }
  const service = context.type.split('::')[1]?.toLowerCase() ?? 'aws';
  return { ref: name, name, arn: formatArn(service, context, name) };
}

/** The attribute of a resource, or a value that only AWS knows. */
export function attributeOf(
  identity: Identity,
  type: string,
  logicalId: string,
  attribute: string,
): string | readonly string[] {
  if (Object.hasOwn(identity.attributes, attribute)) return identity.attributes[attribute] ?? '';
  if (attribute === 'Arn' && identity.arn !== undefined) return identity.arn;
  return unknownValue(`${attribute} of ${logicalId} (${type})`);
}
