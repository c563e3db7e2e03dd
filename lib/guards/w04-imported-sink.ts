/**
 * W4: a service delivers into a queue, topic or bus that the assembly does not hold, and no policy of the assembly lets
 * it in.
 * A warning: the policy may have been written where the queue lives.
 *
 * | sink | policy for it in the assembly | who delivers | |
 * |---|---|---|---|
 * | in the assembly | any | any | the other guards |
 * | imported | yes, or one for a sink that only AWS knows | any | nothing said |
 * | imported queue | no | SNS, EventBridge, S3 | warned |
 * | imported topic | no | EventBridge | warned |
 * | imported topic | no | CloudWatch, S3 | SNS's default policy lets them in |
 * | any queue or topic | any | a role | nothing said: its own policy is what CDK writes |
 * | bus of another account that the assembly has a stack in, such as its default bus | no | a rule | warned |
 * | bus of any other account | any | a rule | nothing said: who owns it lets it in |
 *
 * aws/aws-cdk#29098, #12476
 */
import { deliveriesOf, pasteable } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import { formatArn, isUnknown, parseArn, queueArnOf } from '../assembly/index.ts';
import type { Messaging } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';

export const importedSink: Guard = {
  id: 'W4',
  title: 'A service delivers into an imported queue, topic or bus, and nothing here lets it in',
  explanation:
    'CDK cannot change the policy of a queue, topic or bus that it did not create. It leaves out the statement that a subscription or a target needs, and says nothing. Unless somebody has written it where the queue, topic or bus lives, every message is refused.',
  source: 'https://github.com/aws/aws-cdk/issues/29098',
  level: 'warning',
  check: (messaging) => {
    const withPolicy = sinksWithPolicy(messaging);
    return deliveriesOf(messaging).flatMap((delivery) => {
      const { toArn, hop } = delivery;
      const kind = kindOfSink(delivery) ?? (isBusOfOurs(messaging, delivery) ? 'bus' : undefined);
      if (
        kind === undefined ||
        messaging.queue(toArn) !== undefined ||
        messaging.topic(toArn) !== undefined ||
        messaging.bus(toArn) !== undefined
      ) {
        return [];
      }
      if ([...withPolicy].some((sink) => sink === toArn || isUnknown(sink))) return [];
      return [findingOf(delivery, kind, hop)];
    });
  },
};

type Sink = 'queue' | 'topic' | 'bus';

/** Those that SNS's default policy lets in, sns/latest/dg/sns-access-policy-use-cases.html. */
const LET_IN_BY_DEFAULT: ReadonlySet<string> = new Set(['cloudwatch.amazonaws.com', 's3.amazonaws.com']);

/** Undefined where no policy of the sink is asked, or SNS's own lets the service in. */
function kindOfSink({ carrier, toArn, purpose, kind, hop }: Delivery): Exclude<Sink, 'bus'> | undefined {
  if (carrier.kind !== 'service') return undefined;
  const service = parseArn(toArn)?.service;
  const onlyAQueue =
    purpose === 'deadLetter' || (kind === 'subscription' && hop.properties['Protocol'] === 'sqs');
  if (service === 'sqs' || (onlyAQueue && isUnknown(toArn))) return 'queue';
  return service === 'sns' && !LET_IN_BY_DEFAULT.has(carrier.service) ? 'topic' : undefined;
}

/**
 * Of another account that the same people deploy to. Whoever forwards there and puts the policy on another bus of the
 * account has usually taken the one for the other.
 */
function isBusOfOurs({ assembly }: Messaging, { kind, toArn, hop }: Delivery): boolean {
  const target = parseArn(toArn);
  return (
    kind === 'rule' &&
    target?.service === 'events' &&
    target.accountId !== hop.accountId &&
    assembly.stacks.some(({ isPlaced, accountId }) => isPlaced && accountId === target.accountId)
  );
}

/** ARNs of queues, topics and buses for which the assembly holds a policy; unknown ones too. */
function sinksWithPolicy({ assembly }: Messaging): ReadonlySet<string> {
  const policies = assembly.ofType(
    'AWS::SQS::QueuePolicy',
    'AWS::SQS::QueueInlinePolicy',
    'AWS::SNS::TopicPolicy',
    'AWS::SNS::TopicInlinePolicy',
  );
  const buses = assembly.ofType('AWS::Events::EventBusPolicy').map(({ properties, accountId, region }) => {
    const { EventBusName: name = 'default' } = properties;
    const text = typeof name === 'string' ? name : JSON.stringify(name);
    return text.startsWith('arn:') || isUnknown(text)
      ? text
      : formatArn('events', { region, accountId }, `event-bus/${text}`);
  });
  return new Set([
    ...buses,
    ...policies
      .flatMap(({ properties }) =>
        ['Queues', 'Queue', 'Topics', 'TopicArn'].flatMap((name) => properties[name]),
      )
      .filter((sink) => typeof sink === 'string')
      .map((sink) => queueArnOf(sink) ?? sink),
  ]);
}

const DELIVERY = {
  queue: { action: 'sqs:SendMessage', policy: 'AWS::SQS::QueuePolicy' },
  topic: { action: 'sns:Publish', policy: 'AWS::SNS::TopicPolicy' },
  bus: { action: 'events:PutEvents', policy: 'AWS::Events::EventBusPolicy' },
} as const;

function findingOf({ carrier, toArn }: Delivery, kind: Sink, hop: Delivery['hop']): Finding {
  const { service, sourceArn } = carrier as Exclude<Delivery['carrier'], { kind: 'sqs' }>;
  const { action, policy } = DELIVERY[kind];
  const to = { Action: action, Resource: isUnknown(toArn) ? '*' : toArn };
  const statement =
    kind === 'bus'
      ? { Effect: 'Allow', Principal: { AWS: hop.accountId }, ...to }
      : {
          Effect: 'Allow',
          Principal: { Service: service },
          ...to,
          Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
        };
  const who = kind === 'bus' ? `the account ${hop.accountId}` : service;
  return {
    resource: hop,
    property: policy,
    received: `delivery by ${who} into ${isUnknown(toArn) ? `a ${kind} that only AWS knows` : toArn}, which is not in the application`,
    allowed: `a ${kind} policy that lets ${who} in`,
    fix: `see that the ${kind}'s policy holds ${pasteable(statement, hop.stack)} where the ${kind} is created, and acknowledge this with that as the reason`,
  };
}
