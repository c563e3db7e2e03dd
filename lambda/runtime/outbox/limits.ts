/** Limits of the outbox, in one place. */

/**
 * Bytes of one event. SQS takes no more, SNS and EventBridge no more at best.
 * Source: "Message quotas", AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html.
 */
export const MAX_EVENT_BYTES = 1_048_576;

/** Whether the text is larger, without measuring what is small beyond doubt. */
export function exceedsMaxEventBytes(text: string): boolean {
  // UTF-8 takes at most three bytes for one UTF-16 unit.
  return text.length * 3 > MAX_EVENT_BYTES && Buffer.byteLength(text) > MAX_EVENT_BYTES;
}
