/** What has to be allowed so that a hop carries messages, and whether it is. */
import { isAwsManagedKey, parseArn, partitionOf } from '../assembly/index.ts';
import type { Messaging, Queue, Role } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import type { Actor } from './actor.ts';
import { decide, decideTrust } from './decide.ts';
import type { Access, Permission } from './permission.ts';
import type { Carrier, Delivery } from './deliveries.ts';
import { polling, writingToKafka } from './stream-permissions.ts';

/** Every decision that the hop depends on. All of them have to be `allowed`. */
export function accessOf(messaging: Messaging, delivery: Delivery): readonly Access[] {
  const { carrier } = delivery;
  if (carrier.kind === 'sqs') return [];
  const actor = actorOf(messaging, carrier);
  if (actor === undefined) return [missingRole(delivery)];
  return [
    ...(carrier.kind === 'role' && actor.kind === 'role'
      ? [decideTrust(actor.role, carrier.service, carrier.sourceArn)]
      : []),
    ...[...permissionsOf(messaging, delivery, actor), ...subscribing(messaging, delivery)].map((permission) =>
      decide(messaging, permission),
    ),
  ];
}

/** A subscription in another account than its topic's: whoever deploys it there has to be let in by the topic. */
export function subscribing(messaging: Messaging, { kind, hop, purpose }: Delivery): readonly Permission[] {
  if (kind !== 'subscription' || purpose !== 'message') return [];
  const subscription = messaging.subscriptions.find(({ resource }) => resource === hop);
  const topic = messaging.topic(subscription?.topicArn);
  if (subscription === undefined || topic === undefined || topic.accountId === hop.accountId) return [];
  return [
    {
      actor: { kind: 'role', role: accountItself(hop) },
      action: 'sns:Subscribe',
      resourceArn: topic.arn,
      keys: { 'sns:Endpoint': subscription.endpoint, 'sns:Protocol': subscription.protocol },
    },
  ];
}

/** Any identity of the account, as far as the account itself lets it. */
function accountItself(resource: Role['resource']): Role {
  const { accountId, region } = resource;
  return {
    resource,
    accountId,
    region,
    arn: `arn:${partitionOf(region)}:iam::${accountId}:role/deployment`,
    name: 'deployment',
    trust: [],
    policies: [{ resource, statements: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
    managedPolicyArns: [],
    permissionsBoundaryArn: undefined,
  };
}

/** What the carrier does, for whoever it acts as. */
export function permissionsOf(messaging: Messaging, delivery: Delivery, actor: Actor): readonly Permission[] {
  const { kind, fromArn, toArn, purpose } = delivery;
  const takes = (kind === 'mapping' || kind === 'pipe') && purpose === 'message';
  const mapping =
    kind === 'mapping' && takes
      ? messaging.mappings.find(({ resource }) => resource === delivery.hop)
      : undefined;
  return [
    ...(takes ? receiving(messaging, fromArn, actor) : []),
    ...(mapping === undefined ? [] : polling(messaging, mapping, actor)),
    // An event source mapping invokes its own function, which needs no permission.
    ...(kind === 'mapping' && purpose === 'message'
      ? []
      : sending(messaging, toArn, actor).flatMap((permission) => asPipesDo(messaging, delivery, permission))),
  ];
}

/**
 * A pipe waits for the state machine that enriches its messages, and for one that is its target unless told otherwise.
 *
 * | state machine of a pipe | action |
 * |---|---|
 * | enrichment; target with REQUEST_RESPONSE | `states:StartSyncExecution` |
 * | target with FIRE_AND_FORGET | `states:StartExecution` |
 * | target without an invocation type | not known: the default does not go with every state machine |
 *
 * eventbridge/latest/userguide/pipes-enrichment.html
 */
function asPipesDo(
  messaging: Messaging,
  { kind, hop, toArn }: Delivery,
  permission: Permission,
): Permission[] {
  if (kind !== 'pipe' || permission.action !== 'states:StartExecution') return [permission];
  const synchronous = { ...permission, action: 'states:StartSyncExecution' };
  const pipe = messaging.pipes.find(({ resource }) => resource === hop);
  if (pipe?.enrichmentArn === toArn) return [synchronous];
  const parameters = pipe?.targetParameters['StepFunctionStateMachineParameters'];
  const type = isRecord(parameters) ? parameters['InvocationType'] : undefined;
  if (type === 'FIRE_AND_FORGET') return [permission];
  return type === 'REQUEST_RESPONSE' ? [synchronous] : [];
}

/** Actions that put a message into a target, by the service in its ARN. */
const SENDING: Readonly<Record<string, readonly string[]>> = {
  sqs: ['sqs:SendMessage'],
  sns: ['sns:Publish'],
  lambda: ['lambda:InvokeFunction'],
  events: ['events:PutEvents'],
  states: ['states:StartExecution'],
  kinesis: ['kinesis:PutRecord'],
  firehose: ['firehose:PutRecord'],
};

/** To call an API destination, whose ARN is EventBridge's too. */
const CALLING = ['events:InvokeApiDestination'] as const;

/** Actions that poll a source, lambda/latest/dg/services-sqs-configure.html and with-kinesis. */
const RECEIVING: Readonly<Record<string, readonly string[]>> = {
  sqs: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  kinesis: [
    'kinesis:DescribeStream',
    'kinesis:DescribeStreamSummary',
    'kinesis:GetRecords',
    'kinesis:GetShardIterator',
    'kinesis:ListShards',
  ],
  dynamodb: [
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:DescribeStream',
    'dynamodb:ListStreams',
  ],
};

/** To put a message into an encrypted queue or topic. */
const ENCRYPTING = ['kms:GenerateDataKey', 'kms:Decrypt'] as const;
const DECRYPTING = ['kms:Decrypt'] as const;

/** As sending, by the runtime, which puts records by the batch. */
export function publishing(messaging: Messaging, toArn: string, actor: Actor): readonly Permission[] {
  return sending(messaging, toArn, actor).map((permission) =>
    permission.action === 'kinesis:PutRecord' ? { ...permission, action: 'kinesis:PutRecords' } : permission,
  );
}

export function sending(messaging: Messaging, toArn: string, actor: Actor): readonly Permission[] {
  const service = parseArn(toArn)?.service ?? '';
  const actions = toArn.includes(':api-destination/') ? CALLING : (SENDING[service] ?? []);
  return [
    ...actions.map((action) => ({ actor, action, resourceArn: toArn })),
    ...writingToKafka(toArn, actor),
    ...keyUse(messaging, toArn, actor, ENCRYPTING),
  ];
}

export function receiving(messaging: Messaging, fromArn: string, actor: Actor): readonly Permission[] {
  const service = parseArn(fromArn)?.service ?? '';
  return [
    ...(RECEIVING[service] ?? []).map((action) => ({ actor, action, resourceArn: fromArn })),
    ...keyUse(messaging, fromArn, actor, DECRYPTING),
  ];
}

/** The use of the customer's key of a queue, topic or bus: the service calls KMS in the name of whoever sends or receives. */
function keyUse(
  messaging: Messaging,
  arn: string,
  actor: Actor,
  actions: readonly string[],
): readonly Permission[] {
  const [queue, topic, bus] = [messaging.queue(arn), messaging.topic(arn), messaging.customBus(arn)];
  const stream = messaging.stream(arn);
  if (stream?.kmsKeyId !== undefined && !isAwsManagedKey(stream.kmsKeyId)) {
    // Who writes never reads: streams/latest/dev/permissions-user-key-KMS.html.
    const [use] = actions;
    return withKey(messaging, stream, actor, 'kinesis', 'aws:kinesis:arn', use === undefined ? [] : [use]);
  }
  if (queue !== undefined) return withKey(messaging, queue, actor, 'sqs', 'aws:sqs:arn', actions);
  if (topic !== undefined) return withKey(messaging, topic, actor, 'sns', 'aws:sns:topicArn', actions);
  // It checks that who writes could read it back, eventbridge/latest/userguide/eb-custom-bus-encryption.html.
  return bus === undefined ? [] : withKey(messaging, bus, actor, 'events', CUSTOM_BUS_CONTEXT, DECRYPTING);
}

function withKey(
  messaging: Messaging,
  { arn, region, kmsKeyId }: Pick<Queue, 'arn' | 'region' | 'kmsKeyId'>,
  actor: Actor,
  service: string,
  context: string,
  actions: readonly string[],
): readonly Permission[] {
  if (kmsKeyId === undefined) return [];
  return actions.map((action) => ({
    actor,
    action,
    resourceArn: messaging.key(kmsKeyId)?.arn ?? kmsKeyId,
    keys: {
      'kms:ViaService': `${service}.${region}.amazonaws.com`,
      [`kms:EncryptionContext:${context}`]: arn,
    },
  }));
}

/** Name of the encryption context of a Custom Event Bus. */
export const CUSTOM_BUS_CONTEXT = 'aws:events:event-busv2:arn';

function actorOf(messaging: Messaging, carrier: Exclude<Carrier, { kind: 'sqs' }>): Actor | undefined {
  if (carrier.kind === 'service') return carrier;
  const role = messaging.role(carrier.roleArn);
  return role === undefined ? undefined : { kind: 'role', role };
}

/** No role at all is a refusal; one that is not in the assembly is not known. */
function missingRole({ hop, toArn, carrier }: Delivery): Access {
  const { service, sourceArn, roleArn } = carrier as Extract<Carrier, { kind: 'role' }>;
  const permission: Permission = {
    actor: { kind: 'service', service, sourceArn },
    action: 'sts:AssumeRole',
    resourceArn: roleArn ?? toArn,
  };
  if (roleArn !== undefined) {
    return { verdict: 'unknown', permission, because: `the role ${roleArn} is not in the assembly` };
  }
  return {
    verdict: 'denied',
    permission,
    refusal: {
      policy: 'trust policy',
      owner: hop,
      explicit: false,
      sid: undefined,
      statement: undefined,
      message: `${hop.constructPath} names no role, and ${service} cannot deliver to ${toArn} without one`,
    },
  };
}
