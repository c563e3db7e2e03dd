/**
 * W4: a service delivers into a queue or topic that the assembly does not hold, and no policy of the assembly lets it in.
 * A warning: the policy may have been written where the queue lives.
 *
 * | sink | policy for it in the assembly | who delivers | |
 * |---|---|---|---|
 * | in the assembly | any | any | the other guards |
 * | imported | yes, or one for a sink that only AWS knows | any | nothing said |
 * | imported queue | no | SNS, EventBridge, S3 | warned |
 * | imported topic | no | EventBridge | warned |
 * | imported topic | no | CloudWatch, S3 | SNS's default policy lets them in |
 * | any | any | a role | nothing said: its own policy is what CDK writes |
 *
 * aws/aws-cdk#29098, #12476
 */
import { deliveriesOf } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import { isUnknown, parseArn, queueArnOf } from '../assembly/index.ts';
import type { Messaging } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';

export const importedSink: Guard = {
  id: 'W4',
  title: 'A service delivers into an imported queue or topic, and nothing here lets it in',
  explanation:
    'CDK cannot change the policy of a queue or topic that it did not create. It leaves out the statement that a subscription or a target needs, and says nothing. Unless somebody has written it where the queue lives, every message is refused.',
  source: 'https://github.com/aws/aws-cdk/issues/29098',
  level: 'warning',
  check: (messaging) => {
    const withPolicy = sinksWithPolicy(messaging);
    return deliveriesOf(messaging).flatMap((delivery) => {
      const { toArn, hop } = delivery;
      const kind = kindOfSink(delivery);
      if (
        kind === undefined ||
        messaging.queue(toArn) !== undefined ||
        messaging.topic(toArn) !== undefined
      ) {
        return [];
      }
      if ([...withPolicy].some((sink) => sink === toArn || isUnknown(sink))) return [];
      return [findingOf(delivery, kind, hop)];
    });
  },
};

/** Those that SNS's default policy lets in, sns/latest/dg/sns-access-policy-use-cases.html. */
const LET_IN_BY_DEFAULT: ReadonlySet<string> = new Set(['cloudwatch.amazonaws.com', 's3.amazonaws.com']);

/** Undefined where no policy of the sink is asked, or SNS's own lets the service in. */
function kindOfSink({ carrier, toArn, purpose, kind, hop }: Delivery): 'queue' | 'topic' | undefined {
  if (carrier.kind !== 'service') return undefined;
  const service = parseArn(toArn)?.service;
  const onlyAQueue =
    purpose === 'deadLetter' || (kind === 'subscription' && hop.properties['Protocol'] === 'sqs');
  if (service === 'sqs' || (onlyAQueue && isUnknown(toArn))) return 'queue';
  return service === 'sns' && !LET_IN_BY_DEFAULT.has(carrier.service) ? 'topic' : undefined;
}

/** ARNs of queues and topics for which the assembly holds a policy; unknown ones too. */
function sinksWithPolicy({ assembly }: Messaging): ReadonlySet<string> {
  const policies = assembly.ofType(
    'AWS::SQS::QueuePolicy',
    'AWS::SQS::QueueInlinePolicy',
    'AWS::SNS::TopicPolicy',
    'AWS::SNS::TopicInlinePolicy',
  );
  return new Set(
    policies
      .flatMap(({ properties }) =>
        ['Queues', 'Queue', 'Topics', 'TopicArn'].flatMap((name) => properties[name]),
      )
      .filter((sink) => typeof sink === 'string')
      .map((sink) => queueArnOf(sink) ?? sink),
  );
}

function findingOf({ carrier, toArn }: Delivery, kind: 'queue' | 'topic', hop: Delivery['hop']): Finding {
  const { service, sourceArn } = carrier as Extract<Delivery['carrier'], { kind: 'service' }>;
  const statement = {
    Effect: 'Allow',
    Principal: { Service: service },
    Action: kind === 'queue' ? 'sqs:SendMessage' : 'sns:Publish',
    Resource: isUnknown(toArn) ? '*' : toArn,
    Condition: { ArnEquals: { 'aws:SourceArn': sourceArn } },
  };
  return {
    resource: hop,
    property: kind === 'queue' ? 'AWS::SQS::QueuePolicy' : 'AWS::SNS::TopicPolicy',
    received: `delivery by ${service} into ${isUnknown(toArn) ? `a ${kind} that only AWS knows` : toArn}, which is not in the application`,
    allowed: `a ${kind} policy that lets ${service} in`,
    fix: `see that the ${kind}'s policy holds ${JSON.stringify(statement)} where the ${kind} is created, and acknowledge this with that as the reason`,
  };
}
