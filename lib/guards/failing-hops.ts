/** Every hop of an assembly that can fail, and the dead-letter queue it has for that. Shared by the guards of D14. */
import { isAwsManagedKey, isUnknown, parseArn } from '../assembly/index.ts';
import type { Messaging, Resource } from '../assembly/index.ts';
import { deliveriesOf } from '../access/index.ts';
import { isRecord } from '../json.ts';

export type HopKind =
  | 'subscription'
  | 'rule target'
  | 'schedule'
  | 'subscriber'
  | 'asynchronous invocation'
  | 'stream mapping'
  | 'pipe'
  | 'queue'
  | 'event bus';

export interface FailingHop {
  readonly kind: HopKind;
  /** What declares the hop. */
  readonly resource: Resource;
  /** Where the dead-letter queue is set, in CloudFormation's words. */
  readonly property: string;
  /** An ARN: of a queue, of a topic where the hop takes one too, or one that only AWS knows. */
  readonly deadLetterArn: string | undefined;
  /** FIFO in the sense of the hop: whether its dead-letter queue has to be, cannot be, or may be. */
  readonly deadLetterFifo: 'always' | 'never' | 'either';
}

export function failingHops(messaging: Messaging): readonly FailingHop[] {
  return [
    ...subscriptionHops(messaging),
    ...ruleHops(messaging),
    ...scheduleHops(messaging),
    ...subscriberHops(messaging),
    ...asynchronousHops(messaging),
    ...streamMappingHops(messaging),
    ...pipeHops(messaging),
    ...queueHops(messaging),
    ...busHops(messaging),
  ];
}

/** ARNs of every queue that is somebody's dead-letter queue, in whichever stack. */
export function deadLetterArns(messaging: Messaging): ReadonlySet<string> {
  return new Set(
    deliveriesOf(messaging).flatMap(({ purpose, toArn }) => (purpose === 'deadLetter' ? [toArn] : [])),
  );
}

/** Protocols whose endpoint can refuse for good, and that a machine reads. sns/latest/dg/sns-dead-letter-queues.html */
const PROTOCOLS: ReadonlySet<string> = new Set(['sqs', 'lambda', 'firehose', 'http', 'https']);

function subscriptionHops(messaging: Messaging): FailingHop[] {
  return messaging.subscriptions
    .filter(({ protocol }) => PROTOCOLS.has(protocol))
    .map(({ resource, topicArn, deadLetterTargetArn }) => {
      const topic = messaging.topic(topicArn);
      return {
        kind: 'subscription',
        resource,
        property: 'RedrivePolicy',
        deadLetterArn: deadLetterTargetArn ?? unknownProperty(resource, 'RedrivePolicy'),
        deadLetterFifo: topic === undefined ? 'either' : topic.fifo ? 'always' : 'never',
      };
    });
}

function ruleHops({ rules }: Messaging): FailingHop[] {
  return rules.flatMap(({ resource, targets }) =>
    targets.map(({ id, deadLetterArn }) => ({
      kind: 'rule target',
      resource,
      property: `Targets[${id}].DeadLetterConfig`,
      deadLetterArn,
      deadLetterFifo: 'never',
    })),
  );
}

function scheduleHops({ schedules }: Messaging): FailingHop[] {
  return schedules.map(({ resource, deadLetterArn }) => ({
    kind: 'schedule',
    resource,
    property: 'Target.DeadLetterConfig',
    deadLetterArn: deadLetterArn ?? unknownProperty(resource, 'Target'),
    deadLetterFifo: 'never',
  }));
}

/** eventbridge/latest/userguide/eb-custom-bus-retry.html: FIFO for FIFO; for the others it names none. */
function subscriberHops({ subscribers }: Messaging): FailingHop[] {
  return subscribers.map(({ resource, deadLetterArn, type }) => ({
    kind: 'subscriber',
    resource,
    property: 'OnFailureConfiguration',
    deadLetterArn: deadLetterArn ?? unknownProperty(resource, 'OnFailureConfiguration'),
    deadLetterFifo: type === 'FIFO' ? 'always' : 'either',
  }));
}

/** Whatever invokes a function without waiting for its answer. */
const ASYNCHRONOUS: ReadonlySet<string> = new Set(['subscription', 'rule', 'schedule', 'notification']);

function asynchronousHops(messaging: Messaging): FailingHop[] {
  const invoked = new Set([
    ...deliveriesOf(messaging).flatMap(({ kind, purpose, toArn }) =>
      purpose === 'message' && ASYNCHRONOUS.has(kind) ? (messaging.function(toArn) ?? []) : [],
    ),
    ...invokedByMail(messaging),
  ]);
  return [...invoked].map(({ resource, asyncInvocation, deadLetterArn }) => ({
    kind: 'asynchronous invocation',
    resource,
    property: 'DeadLetterConfig',
    deadLetterArn: asyncInvocation?.onFailureArn ?? deadLetterArn,
    deadLetterFifo: 'never',
  }));
}

/** SES waits for the answer only where the receipt rule says so. ses/latest/dg/receiving-email-action-lambda.html */
function invokedByMail(messaging: Messaging) {
  return messaging.assembly.ofType('AWS::SES::ReceiptRule').flatMap(({ properties }) => {
    const rule = properties['Rule'];
    const actions: readonly unknown[] =
      isRecord(rule) && Array.isArray(rule['Actions']) ? rule['Actions'] : [];
    return actions.flatMap((action) => {
      const invocation = isRecord(action) ? action['LambdaAction'] : undefined;
      if (!isRecord(invocation) || invocation['InvocationType'] === 'RequestResponse') return [];
      return messaging.function(String(invocation['FunctionArn'])) ?? [];
    });
  });
}

/** Sources that are read in order, so that Lambda needs a place for what it gives up. */
const STREAMS: ReadonlySet<string> = new Set(['kinesis', 'dynamodb', 'kafka']);

function streamMappingHops({ mappings }: Messaging): FailingHop[] {
  return mappings
    .filter(({ eventSourceArn }) => isStream(eventSourceArn))
    .map(({ resource, onFailureArn }) => ({
      kind: 'stream mapping',
      resource,
      property: 'DestinationConfig.OnFailure',
      deadLetterArn: onFailureArn,
      deadLetterFifo: 'never',
    }));
}

export function isStream(sourceArn: string | undefined): boolean {
  return STREAMS.has(parseArn(sourceArn ?? '')?.service ?? '');
}

/** Kafka has none in a pipe; a queue has its own. */
function pipeHops({ pipes }: Messaging): FailingHop[] {
  return pipes
    .filter(({ sourceArn }) => isStream(sourceArn) && parseArn(sourceArn)?.service !== 'kafka')
    .map(({ resource, deadLetterArn }) => ({
      kind: 'pipe',
      resource,
      property: 'SourceParameters DeadLetterConfig',
      deadLetterArn,
      deadLetterFifo: 'either',
    }));
}

/**
 * Queues that AWS polls or fills, and those that have one anyway: whatever is put there, somebody reads, be it a
 * container whose code no template shows. A dead-letter queue needs none of its own.
 */
function queueHops(messaging: Messaging): FailingHop[] {
  const deadLetters = deadLetterArns(messaging);
  const used = new Set([
    ...messaging.mappings.map(({ eventSourceArn }) => eventSourceArn),
    ...messaging.pipes.map(({ sourceArn }) => sourceArn),
    ...deliveriesOf(messaging).flatMap(({ purpose, toArn }) => (purpose === 'message' ? [toArn] : [])),
  ]);
  return messaging.queues
    .filter(({ arn, redrive }) => redrive !== undefined || (used.has(arn) && !deadLetters.has(arn)))
    .map(({ resource, redrive, fifo }) => ({
      kind: 'queue',
      resource,
      property: 'RedrivePolicy',
      deadLetterArn: redrive?.deadLetterTargetArn ?? unknownProperty(resource, 'RedrivePolicy'),
      deadLetterFifo: fifo ? 'always' : 'never',
    }));
}

/** Only events that cannot be encrypted or decrypted with a customer key go there. */
function busHops({ buses }: Messaging): FailingHop[] {
  return buses
    .filter(({ kmsKeyId }) => kmsKeyId !== undefined && !isAwsManagedKey(kmsKeyId))
    .map(({ resource, deadLetterArn }) => ({
      kind: 'event bus',
      resource,
      property: 'DeadLetterConfig',
      deadLetterArn: deadLetterArn ?? unknownProperty(resource, 'DeadLetterConfig'),
      deadLetterFifo: 'never',
    }));
}

/** The marked value where a whole property is known only to AWS. */
function unknownProperty(resource: Resource, property: string): string | undefined {
  const value = resource.properties[property];
  return typeof value === 'string' && isUnknown(value) ? value : undefined;
}
