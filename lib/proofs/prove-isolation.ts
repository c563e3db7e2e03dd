/** Claims of isolation: only declared events and tenants reach a consumer, and no stranger may send, publish or receive. */
import { decide, deliveriesOf } from '../access/index.ts';
import type { Actor } from '../access/index.ts';
import { parseArn } from '../assembly/index.ts';
import type { Messaging, Queue, Role, Topic } from '../assembly/index.ts';
import type { Declared } from './declared.ts';
import { passageOf } from './hops.ts';
import { asBusEvent, asMessage, examplesOf } from './message.ts';
import { tenantsOf } from './prove-delivery.ts';
import type { SubscribeEdge } from './prove-delivery.ts';
import type { Break, Proof } from './proof.ts';

/** Each queue of a consumer gets what is declared, and nothing else. */
export function proveIsolation(messaging: Messaging, declared: Declared): readonly Proof[] {
  const { edges } = declared.topology;
  return edges
    .filter((edge) => edge.kind === 'consumes')
    .map((consuming) => {
      const into = edges
        .filter((edge) => edge.kind === 'subscribes' || edge.kind === 'routes')
        .filter(({ to }) => to === consuming.from);
      return {
        kind: 'isolation',
        claim: `only what is declared reaches ${consuming.consumer}`,
        steps: into.map(({ via }) => via),
        breaks: [
          ...into.flatMap((edge) => leaksOf(messaging, declared, edge)),
          ...undeclaredHops(messaging, declared, consuming.from, into),
        ],
      };
    });
}

const STRANGE_TENANT = 'nobody-declared-this-tenant';

/** Events of the origin that the edge does not name, and tenants that it does not name, must not pass. */
function leaksOf(messaging: Messaging, declared: Declared, edge: SubscribeEdge): readonly Break[] {
  const via = declared.resource(edge.via);
  const origin = declared.resource(edge.from);
  const hop = deliveriesOf(messaging).find(
    (delivery) => delivery.hop === via && delivery.purpose === 'message',
  );
  if (via === undefined || hop === undefined) return [];
  const published = new Set(
    declared.topology.edges.flatMap((other) =>
      other.kind === 'publishes' && other.to === edge.from ? other.events : [],
    ),
  );
  const tenants = tenantsOf(edge);
  // A subscriber of a Custom Event Bus has an edge for each source.
  const expected = new Set(
    declared.topology.edges.flatMap((other) =>
      (other.kind === 'subscribes' || other.kind === 'routes') && other.via === edge.via ? other.events : [],
    ),
  );
  const others = [...published].filter((event) => !expected.has(event));
  const examples = [
    ...others.flatMap((event) => declared.events(event).flatMap((one) => examplesOf(one, tenants?.[0]))),
    ...(tenants === undefined
      ? []
      : edge.events.flatMap((event) =>
          declared.events(event).flatMap((one) => examplesOf(one, STRANGE_TENANT).slice(0, 1)),
        )),
  ];
  const leaked = examples.filter(
    (example) =>
      passageOf(
        messaging,
        hop,
        edge.kind === 'subscribes' ? asMessage(example) : asBusEvent(example, origin ?? via),
      ).passes,
  );
  return [
    ...new Set(
      leaked.map(({ name, tenantId }) => (tenantId === STRANGE_TENANT ? `${name} of any tenant` : name)),
    ),
  ].map((what) => ({
    code: 'WAYBILL_PROOF_LET_THROUGH',
    resource: via.constructPath,
    message: `it lets ${what} through, which ${edge.to} is not declared to get`,
    fix: edge.kind === 'subscribes' ? 'narrow FilterPolicy' : 'narrow EventPattern',
  }));
}

function undeclaredHops(
  messaging: Messaging,
  declared: Declared,
  queueId: string,
  edges: readonly SubscribeEdge[],
): readonly Break[] {
  const queue = declared.resource(queueId);
  // A state machine's way to a queue is its publishing; it has no hop of its own.
  const senders = declared.topology.edges.flatMap((edge) =>
    edge.kind === 'publishes' && edge.to === queueId ? [edge.from] : [],
  );
  const known = new Set([...edges.map(({ via }) => via), ...senders].map((id) => declared.resource(id)));
  // A method's publisher is the role of its integration.
  for (const { resource, roleArn } of messaging.queueMethods) {
    if (known.has(messaging.role(roleArn)?.resource)) known.add(resource);
  }
  return deliveriesOf(messaging)
    .filter(({ toArn, purpose, hop }) => toArn === queue?.arn && purpose === 'message' && !known.has(hop))
    .map(({ hop, kind }) => ({
      code: 'WAYBILL_PROOF_LET_THROUGH',
      resource: hop.constructPath,
      message: `this ${kind} leads to ${queueId}, and no edge declares it`,
      fix: 'declare it as a subscription of the consumer, or remove it',
    }));
}

/** Who is nobody here: identities that may do everything in accounts of their own, and services for others' resources. */
const STRANGE_ACCOUNT = '999999999999';

export function proveNoStrangers(messaging: Messaging): readonly Proof[] {
  return [
    ...messaging.queues.map((queue) => ofQueue(messaging, queue)),
    ...messaging.topics.map((topic) =>
      proofOf(messaging, topic, `nobody else publishes to or subscribes to ${topic.resource.constructPath}`, [
        'sns:Publish',
        'sns:Subscribe',
      ]),
    ),
    ...[...messaging.buses, ...messaging.customBuses].map((bus) =>
      proofOf(messaging, bus, `nobody else puts events on ${bus.resource.constructPath}`, [
        'events:PutEvents',
      ]),
    ),
    ...messaging.functions.map((fn) =>
      proofOf(messaging, fn, `nobody else invokes ${fn.resource.constructPath}`, ['lambda:InvokeFunction']),
    ),
    ...messaging.keys.map((key) =>
      proofOf(messaging, key, `nobody else uses ${key.resource.constructPath}`, [
        'kms:Decrypt',
        'kms:GenerateDataKey',
      ]),
    ),
  ];
}

function ofQueue(messaging: Messaging, queue: Queue): Proof {
  const { constructPath } = queue.resource;
  const proof = proofOf(messaging, queue, `nobody else sends to or receives from ${constructPath}`, [
    'sqs:SendMessage',
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
  ]);
  const isDeadLetterQueue = deliveriesOf(messaging).some(
    ({ purpose, toArn }) => purpose === 'deadLetter' && toArn === queue.arn,
  );
  if (!isDeadLetterQueue || (queue.redriveAllow?.redrivePermission ?? 'allowAll') !== 'allowAll')
    return proof;
  const open: Break = {
    code: 'WAYBILL_PROOF_PERMISSION_TOO_WIDE',
    resource: constructPath,
    message: 'every queue of the account may use it as its dead-letter queue',
    fix: 'set RedriveAllowPolicy to byQueue with the source, or to denyAll where no queue uses it',
  };
  return { ...proof, breaks: [...proof.breaks, open] };
}

type Sink = Pick<Queue | Topic, 'arn' | 'resource' | 'accountId' | 'region'>;

function proofOf(messaging: Messaging, sink: Sink, claim: string, actions: readonly string[]): Proof {
  const strangers = strangersTo(sink);
  const breaks = actions.flatMap((action) =>
    strangers
      .filter(
        ({ actor, keys, actions: only }) =>
          (only === undefined || only.includes(action)) &&
          decide(messaging, { actor, action, resourceArn: sink.arn, ...(keys === undefined ? {} : { keys }) })
            .verdict === 'allowed',
      )
      .map(({ who }) => ({
        code: 'WAYBILL_PROOF_PERMISSION_TOO_WIDE' as const,
        resource: sink.resource.constructPath,
        message: `its policy allows ${action} to ${who}`,
        fix: 'name the principals, and for a service the source (aws:SourceArn, aws:SourceAccount)',
      })),
  );
  return { kind: 'isolation', claim, steps: actions, breaks };
}

interface Stranger {
  readonly actor: Actor;
  /** @default - every action */
  readonly actions?: readonly string[];
  readonly who: string;
  readonly keys?: Readonly<Record<string, string>>;
}

/** Services that deliver messages, each with the form of what it acts for. */
const SERVICES: readonly (readonly [service: string, source: string])[] = [
  ['sns.amazonaws.com', 'sns:REGION:ACCOUNT:stranger'],
  ['events.amazonaws.com', 'events:REGION:ACCOUNT:rule/stranger'],
  ['s3.amazonaws.com', 's3:::stranger'],
  ['cloudwatch.amazonaws.com', 'cloudwatch:REGION:ACCOUNT:alarm:stranger'],
  ['lambda.amazonaws.com', 'lambda:REGION:ACCOUNT:function:stranger'],
  ['scheduler.amazonaws.com', 'scheduler:REGION:ACCOUNT:schedule/default/stranger'],
  ['apigateway.amazonaws.com', 'execute-api:REGION:ACCOUNT:stranger/stage/GET/'],
];

function strangersTo({ accountId, region, arn, resource }: Sink): readonly Stranger[] {
  const foreign: Stranger = {
    actor: { kind: 'role', role: everything(STRANGE_ACCOUNT, resource) },
    who: `everybody: account ${STRANGE_ACCOUNT}, which is in no stack`,
  };
  const services = SERVICES.flatMap(([service, source]) => {
    const sourceIn = (account: string) =>
      `arn:${parseArn(arn)?.partition ?? 'aws'}:${source.replace('REGION', region).replace('ACCOUNT', account)}`;
    const anyAccount: Stranger = {
      actor: { kind: 'service', service, sourceArn: sourceIn(STRANGE_ACCOUNT) },
      who: `${service} for resources of any account`,
    };
    // The ARN of a bucket names no account. A key may serve its own account: a condition on a topic that is encrypted
    // with it is a circular dependency (lib/constructs/key-access.ts).
    if (service === 's3.amazonaws.com' || arn.includes(':kms:')) return [anyAccount];
    const ownAccount: Stranger = {
      actor: { kind: 'service', service, sourceArn: sourceIn(accountId) },
      who: `${service} for any resource of the account`,
    };
    // Alarms of the account are who an alarm topic is for.
    return service === 'cloudwatch.amazonaws.com' ? [anyAccount] : [anyAccount, ownAccount];
  });
  const untrusted: Stranger = {
    actor: { kind: 'role', role: everything(accountId, resource) },
    who: 'a caller without TLS',
    // All that a topic's policy can ask TLS of, sns/latest/dg/sns-security-best-practices.html
    actions: ['sns:Publish', 'sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage'],
    keys: { 'aws:SecureTransport': 'false' },
  };
  // TLS is asked of queues and topics; buses and keys are reached over nothing else.
  return /:(?:sqs|sns):/.test(arn) ? [foreign, ...services, untrusted] : [foreign, ...services];
}

/** A role that may do everything, as far as its own policies go. */
function everything(accountId: string, resource: Role['resource']): Role {
  return {
    resource,
    accountId,
    region: resource.region,
    arn: `arn:aws:iam::${accountId}:role/stranger`,
    name: 'stranger',
    trust: [],
    policies: [{ resource, statements: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }],
    managedPolicyArns: [],
    permissionsBoundaryArn: undefined,
  };
}
