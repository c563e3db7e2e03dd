/**
 * W13: a message stays invisible for as long as a function may take over it, the retries of a throttled one included.
 *
 * | visibility timeout | |
 * |---|---|
 * | below the function's timeout | found: Lambda refuses the mapping, or a second copy runs beside the first |
 * | below 6 x timeout + batching window | found: a throttled batch shows up again, and its receives count towards the dead-letter queue |
 * | the same, and a QueueConsumer has `extendsVisibility: true` | found and acknowledged: the runtime extends it while it works; what remains are the receives of a throttled batch |
 * | at or above | |
 * | the mapping is switched off, such as one that is kept to redrive by hand | nothing runs |
 * | queue or function outside the assembly, or a value that only AWS knows | not known |
 *
 * Where a queue has several functions, the slowest decides. A system whose visibility is lower on purpose
 * acknowledges the finding, and says what keeps a message from being handled twice. QueueConsumer does with
 * `extendsVisibility: true`, for a visibility that is not below the function's timeout: its runtime extends it while it
 * works, and the reason says what remains.
 *
 * lambda/latest/dg/services-sqs-configure.html, "Configuring a queue to trigger a Lambda function"
 */
import type { Guard } from './guard.ts';
import { VISIBILITY_TIMEOUT_FACTOR } from './limits.ts';

export const visibilityTimeout: Guard = {
  id: 'W13',
  title: 'Messages become visible again while the function may still be at work on them',
  explanation:
    'Lambda keeps a throttled batch and tries it again. When the visibility timeout passes meanwhile, the messages are handled a second time, and each time counts as a receive: good messages end in the dead-letter queue.',
  source: 'lambda/latest/dg/services-sqs-configure.html',
  level: 'error',
  check: (messaging) =>
    messaging.mappings.flatMap((mapping) => {
      const queue = messaging.queue(mapping.eventSourceArn);
      const fn = messaging.function(mapping.functionArn);
      if (queue === undefined || fn === undefined || !mapping.enabled) return [];
      const { timeoutSeconds } = fn;
      const { maxBatchingWindowSeconds: window } = mapping;
      const needed = VISIBILITY_TIMEOUT_FACTOR * timeoutSeconds + window;
      // Not the other way round: no comparison holds with NaN, which stands for what only AWS knows.
      if (!(queue.visibilityTimeoutSeconds < needed)) return [];
      const isBelowTimeout = queue.visibilityTimeoutSeconds < timeoutSeconds;
      return [
        {
          resource: queue.resource,
          property: 'VisibilityTimeout',
          received: `${queue.visibilityTimeoutSeconds} seconds${isBelowTimeout ? ', less than one invocation may take' : ''}`,
          allowed: `at least ${needed} seconds: ${VISIBILITY_TIMEOUT_FACTOR} x the ${timeoutSeconds} of ${fn.resource.constructPath}${window === 0 ? '' : ` + the batching window of ${window}`}`,
          fix: `set VisibilityTimeout to ${needed} or more, or the function's Timeout lower`,
        },
      ];
    }),
};
