/** Where a message goes when a hop fails, and whether it arrives there and stays long enough to be seen. */
import { deliveriesOf } from '../access/index.ts';
import type { Delivery } from '../access/index.ts';
import type { LambdaFunction, Messaging, Queue } from '../assembly/index.ts';
import { accessBreaks } from './check-access.ts';
import { failureHopsOf } from './paths.ts';
import type { Break } from './proof.ts';

/** Breaks of the hop's dead-letter delivery. A mapping of a queue has none: see {@link queueBreaks}. */
export function failureBreaks(messaging: Messaging, delivery: Delivery): readonly Break[] {
  return [...hopBreaks(messaging, delivery), ...asyncBreaks(messaging, delivery)];
}

/** Hops that put an event into a function's own queue, lambda/latest/dg/invocation-async.html; the others wait for its answer. */
const ASYNCHRONOUS: ReadonlySet<Delivery['kind']> = new Set([
  'subscription',
  'rule',
  'schedule',
  'notification',
]);

/** Once the function has the event, the hop has done its part: what the function fails on is the function's to keep. */
function asyncBreaks(messaging: Messaging, { kind, toArn }: Delivery): readonly Break[] {
  const fn = ASYNCHRONOUS.has(kind) ? messaging.function(toArn) : undefined;
  if (fn === undefined) return [];
  const failures = asyncFailuresOf(messaging, fn);
  if (failures.length > 0) return failures.flatMap((failure) => accessBreaks(messaging, failure));
  return [
    {
      code: 'WAYBILL_PROOF_NO_FAILURE_DESTINATION',
      resource: fn.resource.constructPath,
      message: 'it is invoked asynchronously, and what it fails on three times is lost',
      fix: 'give it a destination on failure, or a dead-letter queue (DeadLetterConfig)',
    },
  ];
}

/** Where what a function fails on goes, of asynchronous invocations. */
export function asyncFailuresOf(messaging: Messaging, { resource }: LambdaFunction): readonly Delivery[] {
  return deliveriesOf(messaging).filter(
    ({ kind, hop, purpose }) => kind === 'asyncInvocation' && hop === resource && purpose === 'deadLetter',
  );
}

function hopBreaks(messaging: Messaging, delivery: Delivery): readonly Break[] {
  const { hop, kind } = delivery;
  if (kind === 'mapping' && messaging.queue(delivery.fromArn) !== undefined) return [];
  if (kind === 'pipe' && messaging.queue(delivery.fromArn) !== undefined) return [];
  // A broker keeps what fails, and dead-letters it by its own limit: a mapping of one takes no destination.
  if (kind === 'mapping' && messaging.broker(delivery.fromArn) !== undefined) return [];
  const failures = failureHopsOf(messaging, delivery);
  if (failures.length === 0) {
    return [
      {
        code: 'WAYBILL_PROOF_NO_FAILURE_DESTINATION',
        resource: hop.constructPath,
        message: `what cannot be delivered to ${delivery.toArn} is lost`,
        fix: `give it a dead-letter queue (${DEAD_LETTER_PROPERTY[kind] ?? 'DeadLetterConfig'})`,
      },
    ];
  }
  return failures.flatMap((failure) => [
    ...accessBreaks(messaging, failure),
    ...fitness(messaging, delivery, failure),
  ]);
}

const DEAD_LETTER_PROPERTY: Readonly<Partial<Record<Delivery['kind'], string>>> = {
  subscription: 'RedrivePolicy',
  rule: 'Targets[].DeadLetterConfig',
  subscriber: 'OnFailureConfiguration',
  schedule: 'Target.DeadLetterConfig',
  mapping: 'DestinationConfig.OnFailure',
};

/**
 * | hop | its dead-letter queue |
 * |---|---|
 * | subscription of a FIFO topic | FIFO; of a standard topic: standard |
 * | subscriber of type FIFO | FIFO; else standard |
 * | rule, schedule, bus, function | standard |
 * | all | same account and Region as the hop, not what failed itself |
 */
function fitness(messaging: Messaging, delivery: Delivery, failure: Delivery): readonly Break[] {
  const { hop, kind } = delivery;
  const queue = messaging.queue(failure.toArn);
  if (queue === undefined) return [];
  const fifo =
    (kind === 'subscription' && messaging.topic(delivery.fromArn)?.fifo === true) ||
    (kind === 'subscriber' &&
      messaging.subscribers.find(({ resource }) => resource === hop)?.type === 'FIFO');
  const breaks: Break[] = [];
  const unfit = (message: string, fix: string) =>
    breaks.push({
      code: 'WAYBILL_PROOF_FAILURE_DESTINATION_UNFIT',
      resource: hop.constructPath,
      message,
      fix,
    });
  if (queue.fifo !== fifo) {
    unfit(
      `its dead-letter queue ${queue.resource.constructPath} is ${queue.fifo ? 'FIFO' : 'standard'}`,
      `make it ${fifo ? 'FIFO' : 'standard'}: AWS takes no other here`,
    );
  }
  if (queue.accountId !== hop.accountId || queue.region !== hop.region) {
    unfit(
      `its dead-letter queue ${queue.resource.constructPath} is in another account or Region`,
      'make one beside it',
    );
  }
  const target = messaging.queue(delivery.toArn);
  // A key is of one account and Region: beside a hop from elsewhere it is another one.
  const together = queue.accountId === target?.accountId && queue.region === target.region;
  const fits = together ? queue.kmsKeyId === target.kmsKeyId : queue.kmsKeyId !== undefined;
  if (target?.kmsKeyId !== undefined && !fits) {
    unfit(
      `its dead-letter queue ${queue.resource.constructPath} is not under the key of ${target.resource.constructPath}`,
      'encrypt both with one key: what failed is as secret as what arrived',
    );
  }
  if (failure.toArn === delivery.toArn) {
    unfit('its dead-letter queue is the queue that failed', 'give it one of its own');
  }
  return breaks;
}

/** Breaks of a queue's own redrive: what its consumer cannot handle. */
export function redriveBreaks(messaging: Messaging, queue: Queue): readonly Break[] {
  const { redrive, resource } = queue;
  if (redrive === undefined) {
    return [
      {
        code: 'WAYBILL_PROOF_NO_FAILURE_DESTINATION',
        resource: resource.constructPath,
        message: 'what its consumer cannot handle comes back until it expires, and is lost then',
        fix: 'give it a RedrivePolicy',
      },
    ];
  }
  const target = messaging.queue(redrive.deadLetterTargetArn);
  if (target === undefined) {
    return [
      {
        code: 'WAYBILL_PROOF_UNKNOWN',
        resource: resource.constructPath,
        message: `its dead-letter queue ${redrive.deadLetterTargetArn} is not in the assembly`,
        fix: 'bring it into the assembly, or prove it where it is',
      },
    ];
  }
  const breaks: Break[] = [];
  const add = (code: Break['code'], of: Queue, message: string, fix: string) =>
    breaks.push({ code, resource: of.resource.constructPath, message, fix });
  const unfit = 'WAYBILL_PROOF_FAILURE_DESTINATION_UNFIT';
  if (target.fifo !== queue.fifo) {
    add(
      unfit,
      target,
      `it is ${kindOf(target)}, and ${resource.constructPath} is ${kindOf(queue)}`,
      'make both the same',
    );
  }
  if (target.arn === queue.arn) add(unfit, queue, 'it is its own dead-letter queue', 'give it another');
  if (queue.kmsKeyId !== undefined && target.kmsKeyId !== queue.kmsKeyId) {
    add(
      unfit,
      target,
      `it is not under the key of ${resource.constructPath}`,
      'encrypt both with one key: what failed is as secret as what arrived',
    );
  }
  if (target.accountId !== queue.accountId || target.region !== queue.region) {
    add(
      unfit,
      target,
      `it is in another account or Region than ${resource.constructPath}`,
      'make one beside it',
    );
  }
  const { redriveAllow } = target;
  const allowed =
    redriveAllow === undefined ||
    redriveAllow.redrivePermission === 'allowAll' ||
    (redriveAllow.redrivePermission === 'byQueue' && redriveAllow.sourceQueueArns.includes(queue.arn));
  if (!allowed) {
    add(unfit, target, `its RedriveAllowPolicy does not name ${resource.constructPath}`, `add ${queue.arn}`);
  }
  if (
    !target.fifo &&
    target.retentionSeconds <= queue.retentionSeconds &&
    target.retentionSeconds < LONGEST_RETENTION_SECONDS
  ) {
    add(
      'WAYBILL_PROOF_TIMING',
      target,
      `it keeps messages ${target.retentionSeconds} seconds, counted from the first send, and ${resource.constructPath} may have kept them ${queue.retentionSeconds}`,
      `set MessageRetentionPeriod to ${LONGEST_RETENTION_SECONDS}`,
    );
  }
  if (!Number.isInteger(redrive.maxReceiveCount) || redrive.maxReceiveCount < 1) {
    add(unfit, queue, 'its RedrivePolicy has no maxReceiveCount', 'set one');
  }
  const retries = redrive.maxReceiveCount * queue.visibilityTimeoutSeconds;
  if (retries >= queue.retentionSeconds) {
    add(
      'WAYBILL_PROOF_TIMING',
      queue,
      `${redrive.maxReceiveCount} receives of ${queue.visibilityTimeoutSeconds} seconds each last ${retries} seconds, and it keeps messages ${queue.retentionSeconds}: they expire before they are dead-lettered`,
      'raise MessageRetentionPeriod, or lower maxReceiveCount',
    );
  }
  return breaks;
}

/** The longest that SQS keeps a message. */
const LONGEST_RETENTION_SECONDS = 1_209_600;

function kindOf({ fifo }: Queue): string {
  return fifo ? 'FIFO' : 'standard';
}
