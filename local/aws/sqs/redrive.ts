/**
 * Redrive policies: which queue takes what a queue gives up, and which queues may give to a queue.
 * "Using dead-letter queues in Amazon SQS", sqs-dead-letter-queues.html
 */
import { invalidValue } from './errors.ts';
import { MAXIMUM_ALLOWED_SOURCE_QUEUES, MAXIMUM_RECEIVE_COUNT } from './limits.ts';
import type { Queue } from './queue.ts';

export interface RedrivePolicy {
  readonly targetArn: string;
  /** A message received so often is moved at the next receive. 1 to 1,000. */
  readonly maxReceiveCount: number;
}

export type RedriveAllowPolicy =
  | { readonly permission: 'allowAll' | 'denyAll' }
  | { readonly permission: 'byQueue'; readonly sourceQueueArns: readonly string[] };

/** Throws an Error whose message is the reason. */
export function parseRedrivePolicy(json: string): RedrivePolicy {
  const { deadLetterTargetArn, maxReceiveCount } = parseObject(json);
  if (typeof deadLetterTargetArn !== 'string' || deadLetterTargetArn === '') {
    throw new Error('Redrive policy does not contain mandatory attribute: deadLetterTargetArn.');
  }
  if (maxReceiveCount === undefined) {
    throw new Error('Redrive policy does not contain mandatory attribute: maxReceiveCount.');
  }
  const count = Number(maxReceiveCount);
  if (!Number.isInteger(count) || count < 1 || count > MAXIMUM_RECEIVE_COUNT) {
    throw new Error(
      `Invalid value for maxReceiveCount: ${JSON.stringify(maxReceiveCount)}, valid values are from 1 to ${MAXIMUM_RECEIVE_COUNT} both inclusive.`,
    );
  }
  return { targetArn: deadLetterTargetArn, maxReceiveCount: count };
}

/** Throws an Error whose message is the reason. */
export function parseRedriveAllowPolicy(json: string): RedriveAllowPolicy {
  const { redrivePermission, sourceQueueArns } = parseObject(json);
  if (redrivePermission === 'byQueue') {
    const valid =
      Array.isArray(sourceQueueArns) &&
      sourceQueueArns.length >= 1 &&
      sourceQueueArns.length <= MAXIMUM_ALLOWED_SOURCE_QUEUES &&
      sourceQueueArns.every((arn) => typeof arn === 'string');
    if (!valid) throw new Error(`byQueue needs 1 to ${MAXIMUM_ALLOWED_SOURCE_QUEUES} sourceQueueArns.`);
    return { permission: 'byQueue', sourceQueueArns: sourceQueueArns };
  }
  if (redrivePermission !== 'allowAll' && redrivePermission !== 'denyAll') {
    throw new Error('redrivePermission must be allowAll, denyAll or byQueue.');
  }
  if (sourceQueueArns !== undefined) throw new Error(`${redrivePermission} takes no sourceQueueArns.`);
  return { permission: redrivePermission };
}

/** Refuses a redrive policy whose target does not exist, is of the other type, or does not allow this source. */
export function checkDeadLetterQueue(
  json: string,
  source: { readonly arn: string; readonly fifo: boolean },
  target: Queue | undefined,
): void {
  const refuse = (reason: string) => invalidValue('RedrivePolicy', json, reason);
  if (!target) throw refuse('Dead letter target does not exist.');
  if (target.fifo !== source.fifo) {
    throw refuse('Dead-letter queue must be same type of queue as the source.');
  }
  if (!allowsSource(target.settings.redriveAllow, source.arn)) {
    throw refuse('The dead-letter queue does not allow this queue in its RedriveAllowPolicy.');
  }
}

function allowsSource(policy: RedriveAllowPolicy, sourceArn: string): boolean {
  if (policy.permission === 'byQueue') return policy.sourceQueueArns.includes(sourceArn);
  return policy.permission === 'allowAll';
}

function parseObject(json: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch {
    throw new Error('Redrive policy is not a valid JSON map.');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error('Redrive policy is not a valid JSON map.');
  }
  return parsed as Record<string, unknown>;
}
