/**
 * Moves messages from a queue to whoever takes batches: a function's mapping or a pipe.
 *
 * One loop receives; every batch it gets is delivered beside it, up to the allowed concurrency. The loop goes
 * for the next batch as soon as the last one is done, or after a short patience when that one is slow: quick handlers
 * then get full batches on one warm instance, slow ones scale out. A message is deleted when it succeeded, and
 * otherwise left to become visible again when its visibility timeout ends, as on AWS.
 */
import { callService } from '../dispatch.ts';
import type { AwsContext, Caller } from '../context.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { ENVELOPE_BYTES, PAYLOAD_BYTES, type BatchOutcome, type CountPolled, type Poller } from './batch.ts';
import { pause } from './pause.ts';
import { createScaling, type ConcurrencyLimits } from './scaling.ts';
import { toSqsRecord, type ReceivedMessage, type SqsRecord } from './sqs-event.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
const RECEIVE_LIMIT = 10;
const LONG_POLL_SECONDS = 20;
const DELETE_BATCH_LIMIT = 10;
/** A long poll that comes back empty sooner than this did not wait: SQS is closing, or a test moved the clock. */
const QUICK_ANSWER_MILLISECONDS = 5;
/** Between tries to hand on a throttled batch, and after a failed receive. */
const BACKOFF_MILLISECONDS = { first: 100, maximum: 5000 };
/** A batch that is throttled for so many tries is given back to the queue. */
const THROTTLE_ATTEMPTS = 5;

const NONE: ReadonlySet<string> = new Set();

export interface SqsSource {
  readonly queueArn: string;
  readonly batchSize: number;
  readonly batchingWindowSeconds: number;
  readonly limits: ConcurrencyLimits;
  /** Who receives and deletes. */
  readonly caller: Caller;
  readonly matches: (record: Readonly<Record<string, unknown>>) => boolean;
  readonly deliver: (records: readonly SqsRecord[]) => Promise<BatchOutcome>;
  readonly count: CountPolled;
  /** Who polls, for what is told to the console: `lambda`, `pipes`. */
  readonly service: string;
  /** Milliseconds that a batch may run before the next one is fetched beside it. Real time: it is about this machine. */
  readonly scaleOutDelay: () => number;
}

export function startSqsPoller(context: AwsContext, source: SqsSource): Poller {
  const { queueArn, caller, count, service } = source;
  const [, , , region = context.region, accountId = context.accountId, queueName = ''] = queueArn.split(':');
  const queueUrl = `${context.endpointUrl}/${accountId}/${queueName}`;
  const fifo = queueArn.endsWith('.fifo');
  const scaling = createScaling(context.clock, source.limits);
  const stop = new AbortController();
  const batches = new Set<Promise<void>>();
  let wake: (() => void) | undefined;
  /** True while it will ask the queue again in a moment: not yet a poller that waits for messages. */
  let isAboutToAsk = false;

  const call = async (
    action: string,
    input: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<unknown> => {
    const sqs = context.services.find('sqs');
    if (sqs === undefined) throw new AwsError('ServiceNotRunning', 'No SQS runs here to poll', 500);
    return callService(context, sqs, action, { QueueUrl: queueUrl, ...input }, caller, signal);
  };

  const receive = async (maximum: number, waitSeconds: number): Promise<readonly ReceivedMessage[]> => {
    const input = {
      MaxNumberOfMessages: Math.min(maximum, RECEIVE_LIMIT),
      WaitTimeSeconds: waitSeconds,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    };
    const answer = (await call('ReceiveMessage', input, stop.signal)) as {
      readonly Messages?: readonly ReceivedMessage[];
    };
    return answer.Messages ?? [];
  };

  const gather = async (): Promise<ReceivedMessage[]> => {
    const messages = [...(await receive(source.batchSize, LONG_POLL_SECONDS))];
    if (messages.length === 0 || source.batchingWindowSeconds === 0) return messages;
    const end = context.clock.now() + source.batchingWindowSeconds * 1000;
    let bytes = messages.reduce((sum, message) => sum + message.Body.length, 0);
    while (messages.length < source.batchSize && bytes < PAYLOAD_BYTES && !stop.signal.aborted) {
      const left = end - context.clock.now();
      if (left <= 0) break;
      const more = await receive(
        source.batchSize - messages.length,
        Math.min(LONG_POLL_SECONDS, Math.ceil(left / 1000)),
      );
      messages.push(...more);
      bytes += more.reduce((sum, message) => sum + message.Body.length, 0);
    }
    return messages;
  };

  const remove = async (messages: readonly { readonly receiptHandle: string }[]): Promise<void> => {
    for (let from = 0; from < messages.length; from += DELETE_BATCH_LIMIT) {
      const Entries = messages
        .slice(from, from + DELETE_BATCH_LIMIT)
        .map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle }));
      // A message that could not be deleted comes again: the mapping is at-least-once, on AWS too.
      await call('DeleteMessageBatch', { Entries }).catch(ignoreFailedCall);
    }
    if (messages.length > 0) count('DeletedEventCount', messages.length);
  };

  const release = async (records: readonly SqsRecord[]): Promise<void> => {
    for (let from = 0; from < records.length; from += DELETE_BATCH_LIMIT) {
      const Entries = records.slice(from, from + DELETE_BATCH_LIMIT).map(({ receiptHandle }, index) => ({
        Id: String(index),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: 0,
      }));
      await call('ChangeMessageVisibilityBatch', { Entries }).catch(ignoreFailedCall);
    }
  };

  /** True when every record of it succeeded. */
  const deliver = async (records: readonly SqsRecord[]): Promise<boolean> => {
    const outcome = await withThrottleRetries(async () => source.deliver(records));
    if (outcome.kind === 'throttled') {
      await release(records);
      return false;
    }
    count('InvokedEventCount', records.length);
    if (outcome.kind === 'failed') {
      count('FailedInvokeEventCount', records.length);
      reportFailure(outcome.reason, records.length);
      return false;
    }
    const failed = outcome.kind === 'partial' ? outcome.failed : NONE;
    await remove(records.filter(({ messageId }) => !failed.has(messageId)));
    return failed.size === 0;
  };

  const withThrottleRetries = async (attempt: () => Promise<BatchOutcome>): Promise<BatchOutcome> => {
    let wait = BACKOFF_MILLISECONDS.first;
    for (let attempts = 1; ; attempts++) {
      const outcome = await attempt();
      if (outcome.kind !== 'throttled' || attempts === THROTTLE_ATTEMPTS || stop.signal.aborted) {
        return outcome;
      }
      await pause(context.clock, wait, stop.signal);
      wait = Math.min(wait * 2, BACKOFF_MILLISECONDS.maximum);
    }
  };

  const reportFailure = (reason: string, batchSize: number): void => {
    context.events.emit({
      kind: 'delivery-failed',
      service,
      resourceArn: queueArn,
      detail: { reason, batchSize },
    });
  };

  const process = async (messages: readonly ReceivedMessage[]): Promise<void> => {
    const records: SqsRecord[] = [];
    const dropped: SqsRecord[] = [];
    for (const message of messages) {
      const record = toSqsRecord(message, queueArn, region);
      (source.matches({ ...record }) ? records : dropped).push(record);
    }
    count('PolledEventCount', messages.length);
    if (dropped.length > 0) {
      count('FilteredOutEventCount', dropped.length);
      context.events.emit({
        kind: 'filtered',
        service,
        resourceArn: queueArn,
        detail: { count: dropped.length },
      });
      await remove(dropped);
    }
    let complete = true;
    for (const part of splitByPayload(records)) {
      // On FIFO what follows a failed part must not overtake it: the queue hands it out again, in order.
      if (fifo && !complete) await release(part);
      else complete = await deliver(part);
    }
  };

  /** Resolves when a batch ends, or the patience does and there is room for one more beside those running. */
  const turn = async (): Promise<void> => {
    if (batches.size === 0) return void scaling.allowed(false);
    const ended = new Promise<void>((resolve) => (wake = resolve));
    if (batches.size >= scaling.allowed(true)) return ended;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, source.scaleOutDelay())));
    await Promise.race([ended, patience]);
    clearTimeout(timer);
  };

  const loop = async (): Promise<void> => {
    let backoff = BACKOFF_MILLISECONDS.first;
    while (!stop.signal.aborted) {
      await turn();
      const asked = Date.now();
      try {
        const messages = await gather();
        backoff = BACKOFF_MILLISECONDS.first;
        if (messages.length > 0) start(messages);
        else if (Date.now() - asked < QUICK_ANSWER_MILLISECONDS) {
          isAboutToAsk = true;
          await realPause(QUICK_ANSWER_MILLISECONDS);
          isAboutToAsk = false;
        }
      } catch {
        if (stop.signal.aborted) return;
        await realPause(backoff);
        backoff = Math.min(backoff * 2, BACKOFF_MILLISECONDS.maximum);
      }
    }
  };

  const start = (messages: readonly ReceivedMessage[]): void => {
    const batch = process(messages)
      .catch((thrown: unknown) => reportFailure(asAwsError(thrown).message, messages.length))
      .finally(() => {
        batches.delete(batch);
        wake?.();
      });
    batches.add(batch);
  };

  /** Real time: the queue is there or not whatever the clock says. */
  const realPause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      stop.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });

  const running = loop();
  return {
    inFlight: () => batches.size + (isAboutToAsk ? 1 : 0),
    async close() {
      stop.abort();
      wake?.();
      await running;
      await Promise.all(batches);
    },
  };
}

/** Cuts the records where their JSON would pass the limit of a synchronous invocation. */
function splitByPayload(records: readonly SqsRecord[], limit = PAYLOAD_BYTES): SqsRecord[][] {
  const parts: SqsRecord[][] = [];
  let bytes = Infinity;
  for (const record of records) {
    const size = Buffer.byteLength(JSON.stringify(record)) + 1;
    if (bytes + size > limit) {
      parts.push([]);
      bytes = ENVELOPE_BYTES;
    }
    parts.at(-1)?.push(record);
    bytes += size;
  }
  return parts;
}

function ignoreFailedCall(): void {}
