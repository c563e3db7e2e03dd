/** Whether what a consumer's runtime is told of its queue is what the queue is. */
import type { LambdaFunction, Messaging, Queue } from '../assembly/index.ts';
import type { Break } from './proof.ts';

/**
 * | variable | of |
 * |---|---|
 * | WAYBILL_QUEUE_URL | the queue that its mapping polls |
 * | WAYBILL_DEAD_LETTER_QUEUE_URL | that queue's dead-letter queue |
 * | WAYBILL_MAX_RECEIVE_COUNT | that queue's redrive policy |
 * | WAYBILL_VISIBILITY_TIMEOUT_SECONDS | that queue |
 */
export function runtimeBreaks(
  messaging: Messaging,
  queue: Queue,
  fn: LambdaFunction,
  consumer: string,
): readonly Break[] {
  const { redrive } = queue;
  const expected: Readonly<Record<string, string | undefined>> = {
    WAYBILL_CONSUMER: consumer,
    WAYBILL_QUEUE_URL: queue.url,
    WAYBILL_DEAD_LETTER_QUEUE_URL: messaging.queue(redrive?.deadLetterTargetArn)?.url,
    WAYBILL_MAX_RECEIVE_COUNT: redrive === undefined ? undefined : String(redrive.maxReceiveCount),
    WAYBILL_VISIBILITY_TIMEOUT_SECONDS: String(queue.visibilityTimeoutSeconds),
  };
  return Object.entries(expected).flatMap(([variable, value]) =>
    fn.environment[variable] === value
      ? []
      : [
          {
            code: 'WAYBILL_PROOF_SETTING_DIFFERS',
            resource: fn.resource.constructPath,
            message: `${variable} is ${fn.environment[variable] ?? 'not set'}, and its queue says ${value ?? 'nothing'}`,
            fix: 'let QueueConsumer set it',
          },
        ],
  );
}
