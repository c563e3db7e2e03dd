/**
 * Moves messages from a queue to a function, for one event source mapping.
 *
 * One loop receives; every batch it gets is invoked beside it, up to the mapping's maximum concurrency. The loop goes
 * for the next batch as soon as the last one is done, or after a short patience when that one is slow: quick handlers
 * then get full batches on one warm instance, slow ones scale out. A message is deleted when its batch succeeded, and
 * otherwise left to become visible again when its visibility timeout ends, as on AWS.
 */
import { callService } from '../dispatch.ts';
import { serviceCaller } from '../context.ts';
import type { AwsContext } from '../context.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { readBatchResponse } from './batch-response.ts';
import type { MappingConfiguration } from './event-source-mapping.ts';
import { SYNCHRONOUS_PAYLOAD_BYTES } from './function-runner.ts';
import type { RunResult } from './function-runner.ts';
import { toSqsRecord } from './sqs-event.ts';
import type { ReceivedMessage, SqsRecord } from './sqs-event.ts';

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
const RECEIVE_LIMIT = 10;
const LONG_POLL_SECONDS = 20;
const DELETE_BATCH_LIMIT = 10;
/** A long poll that comes back empty sooner than this did not wait: SQS is closing, or a test moved the clock. */
const QUICK_ANSWER_MILLISECONDS = 5;
/** Between tries to hand a throttled batch to the function, and after a failed receive. */
const BACKOFF_MILLISECONDS = { first: 100, maximum: 5000 };
/** A batch that is throttled for so many tries is given back to the queue. */
const THROTTLE_ATTEMPTS = 5;
/** Room for `{"Records":[]}` around the records of a batch. */
const ENVELOPE_BYTES = 64;

export interface SqsPoller {
  /** Batches that are with the function now. */
  inFlight(): number;
  /** Stops receiving and waits for the running batches. */
  close(): Promise<void>;
}

export interface PollerDependencies {
  readonly context: AwsContext;
  readonly run: (functionName: string, payload: string) => Promise<RunResult>;
  /** Milliseconds that a batch may run before the next one is fetched beside it. Real time: it is about this machine. */
  readonly scaleOutDelay: (functionName: string) => number;
}

export function startSqsPoller(
  mapping: MappingConfiguration,
  { context, run, scaleOutDelay }: PollerDependencies,
): SqsPoller {
  const queueArn = mapping.eventSourceArn;
  const [, , , region = context.region, accountId = context.accountId, queueName = ''] = queueArn.split(':');
  const queueUrl = `${context.endpointUrl}/${accountId}/${queueName}`;
  const caller = serviceCaller(context, 'lambda.amazonaws.com', queueArn);
  const stop = new AbortController();
  const batches = new Set<Promise<void>>();
  let wake: (() => void) | undefined;

  const call = async (
    action: string,
    input: Record<string, unknown>,
    signal?: AbortSignal,
  ): Promise<unknown> => {
    const sqs = context.services.all().find((service) => service.name === 'sqs');
    if (sqs === undefined) throw new AwsError('ServiceNotRunning', 'No SQS runs here to poll', 500);
    return callService(context, sqs, action, { QueueUrl: queueUrl, ...input }, caller, signal);
  };

  const receive = async (count: number, waitSeconds: number): Promise<readonly ReceivedMessage[]> => {
    const input = {
      MaxNumberOfMessages: Math.min(count, RECEIVE_LIMIT),
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
    const messages = [...(await receive(mapping.batchSize, LONG_POLL_SECONDS))];
    if (messages.length === 0 || mapping.batchingWindowSeconds === 0) return messages;
    const end = context.clock.now() + mapping.batchingWindowSeconds * 1000;
    let bytes = messages.reduce((sum, message) => sum + message.Body.length, 0);
    while (messages.length < mapping.batchSize && bytes < SYNCHRONOUS_PAYLOAD_BYTES && !stop.signal.aborted) {
      const left = end - context.clock.now();
      if (left <= 0) break;
      const more = await receive(
        mapping.batchSize - messages.length,
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

  const invoke = async (records: readonly SqsRecord[]): Promise<void> => {
    const result = await withThrottleRetries(() =>
      run(mapping.functionName, JSON.stringify({ Records: records })),
    );
    if (result === undefined) return release(records);
    if (result.error !== undefined) return;
    if (!mapping.reportBatchItemFailures) return remove(records);

    const outcome = readBatchResponse(
      result.payload,
      records.map(({ messageId }) => messageId),
    );
    if (outcome.kind === 'succeeded') return remove(records);
    if (outcome.kind === 'partial')
      return remove(records.filter(({ messageId }) => !outcome.failed.has(messageId)));
    context.events.emit({
      kind: 'delivery-failed',
      service: 'lambda',
      resourceArn: queueArn,
      detail: { reason: outcome.reason, batchSize: records.length },
    });
  };

  const withThrottleRetries = async (attempt: () => Promise<RunResult>): Promise<RunResult | undefined> => {
    let wait = BACKOFF_MILLISECONDS.first;
    for (let attempts = 1; ; attempts++) {
      try {
        return await attempt();
      } catch (thrown) {
        if (asAwsError(thrown).code !== 'TooManyRequestsException') throw thrown;
        if (attempts === THROTTLE_ATTEMPTS || stop.signal.aborted) return undefined;
        await pause(wait);
        wait = Math.min(wait * 2, BACKOFF_MILLISECONDS.maximum);
      }
    }
  };

  const process = async (messages: readonly ReceivedMessage[]): Promise<void> => {
    const records: SqsRecord[] = [];
    const dropped: SqsRecord[] = [];
    for (const message of messages) {
      const record = toSqsRecord(message, queueArn, region);
      (mapping.filter.matches({ ...record }) ? records : dropped).push(record);
    }
    if (dropped.length > 0) {
      context.events.emit({
        kind: 'filtered',
        service: 'lambda',
        resourceArn: queueArn,
        detail: { count: dropped.length },
      });
      await remove(dropped);
    }
    const [first, ...rest] = splitByPayload(records);
    if (first === undefined) return;
    await invoke(first);
    for (const part of rest) {
      // On FIFO what follows a failed part must not overtake it: the queue hands it out again, in order.
      if (mapping.fifo) await release(part);
      else await invoke(part);
    }
  };

  const pause = (milliseconds: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      stop.signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
    });

  /** Resolves when a batch ends, or the patience does and there is room for one more beside those running. */
  const turn = async (): Promise<void> => {
    if (batches.size === 0) return;
    const ended = new Promise<void>((resolve) => (wake = resolve));
    if (batches.size >= mapping.maximumConcurrency) return ended;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>(
      (resolve) => (timer = setTimeout(resolve, scaleOutDelay(mapping.functionName))),
    );
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
        else if (Date.now() - asked < QUICK_ANSWER_MILLISECONDS) await pause(QUICK_ANSWER_MILLISECONDS);
      } catch {
        if (stop.signal.aborted) return;
        await pause(backoff);
        backoff = Math.min(backoff * 2, BACKOFF_MILLISECONDS.maximum);
      }
    }
  };

  const start = (messages: readonly ReceivedMessage[]): void => {
    const batch = process(messages)
      .catch((thrown: unknown) => {
        context.events.emit({
          kind: 'delivery-failed',
          service: 'lambda',
          resourceArn: queueArn,
          detail: { reason: asAwsError(thrown).message, batchSize: messages.length },
        });
      })
      .finally(() => {
        batches.delete(batch);
        wake?.();
      });
    batches.add(batch);
  };

  const running = loop();
  return {
    inFlight: () => batches.size,
    async close() {
      stop.abort();
      wake?.();
      await running;
      await Promise.all(batches);
    },
  };
}

/** Cuts the records where their JSON would pass the limit of a synchronous invocation. */
function splitByPayload(records: readonly SqsRecord[], limit = SYNCHRONOUS_PAYLOAD_BYTES): SqsRecord[][] {
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
