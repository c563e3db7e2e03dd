/** Whether a queue, its event source mapping and its function add up. */
import type { EventSourceMapping, LambdaFunction, Messaging, Queue } from '../assembly/index.ts';
import { redriveBreaks } from './check-failures.ts';
import type { Break } from './proof.ts';

/** The function's runtime extends the visibility of what it works on. */
const EXTENDS = 'WAYBILL_HEARTBEAT_SECONDS';

/** AWS's advice for a queue that triggers a function, lambda/latest/dg/services-sqs-configure.html. */
const VISIBILITY_TIMEOUT_FACTOR = 6;

export function consumptionBreaks(
  messaging: Messaging,
  queue: Queue,
  mapping: EventSourceMapping,
  fn: LambdaFunction,
): readonly Break[] {
  const breaks: Break[] = [...redriveBreaks(messaging, queue)];
  const extended = fn.environment[EXTENDS] !== undefined;
  const needed = extended
    ? fn.timeoutSeconds
    : VISIBILITY_TIMEOUT_FACTOR * fn.timeoutSeconds + mapping.maxBatchingWindowSeconds;
  if (queue.visibilityTimeoutSeconds < needed) {
    breaks.push({
      code: 'WAYBILL_PROOF_TIMING',
      resource: queue.resource.constructPath,
      message: `its visibility timeout is ${queue.visibilityTimeoutSeconds} seconds, less than ${extended ? '' : 'six times '}the ${fn.timeoutSeconds} seconds of ${fn.resource.constructPath}${extended ? '' : ' plus the batching window'}`,
      fix: `set VisibilityTimeout to ${needed} or more, or a message is handled again while it is being handled (W13)`,
    });
  }
  const reserved = fn.reservedConcurrency;
  if (reserved !== undefined && (mapping.maxConcurrency ?? Infinity) > reserved) {
    breaks.push({
      code: 'WAYBILL_PROOF_SETTING_DIFFERS',
      resource: fn.resource.constructPath,
      message: `its reserved concurrency is ${reserved}, and its mapping may ask for ${mapping.maxConcurrency ?? 'any number'}: throttled invocations use up receives`,
      fix: 'raise it, or lower ScalingConfig.MaximumConcurrency (W19)',
    });
  }
  return breaks;
}
