/** Builders and fakes for the runtime's tests: a contract, messages, a clock that tests move, clients that answer by script. */
import * as z from 'zod/mini';
import { createEnvelope, event } from '../../../lib/contracts/index.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import type { Clock } from '../../../lambda/runtime/clock.ts';
import { encode } from '../../../lambda/runtime/encode.ts';
import { createLogger } from '../../../lambda/runtime/logger.ts';
import type { Logger } from '../../../lambda/runtime/logger.ts';
import type { EncodedMessage, InvocationContext, SqsRecord } from '../../../lambda/runtime/types.ts';

export const OrderPlaced = event('OrderPlaced', {
  version: '1.0',
  source: 'shop',
  data: z.object({ orderId: z.string(), customerId: z.string() }),
  orderingKey: 'customerId',
});

export const OrderCancelled = event('OrderCancelled', {
  version: '1.0',
  source: 'shop',
  data: z.object({ orderId: z.string() }),
});

export const STANDARD_QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:orders';
export const FIFO_QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:orders.fifo';
export const DEAD_LETTER_QUEUE_URL = 'https://sqs.eu-west-1.amazonaws.com/111122223333/orders-dlq';

export function orderPlaced(
  orderId: string,
  customerId = 'c1',
  tenantId = 'acme',
): Envelope<{ orderId: string; customerId: string }, 'OrderPlaced'> {
  return createEnvelope(OrderPlaced, { tenantId, data: { orderId, customerId } });
}

export function encoded(envelope: Envelope, body = JSON.stringify(envelope)): EncodedMessage {
  return { ...encode(OrderPlaced, envelope), body };
}

let nextMessage = 0;

export interface RecordProps {
  readonly body?: string;
  readonly envelope?: Envelope;
  readonly group?: string;
  readonly receiveCount?: number;
  readonly queue?: string;
  readonly tenantAttribute?: string;
  readonly messageId?: string;
}

export function record(props: RecordProps = {}): SqsRecord {
  const envelope = props.envelope ?? orderPlaced('o1');
  nextMessage += 1;
  const messageId = props.messageId ?? `message-${nextMessage}`;
  return {
    messageId,
    receiptHandle: `receipt-${messageId}`,
    body: props.body ?? JSON.stringify(envelope),
    attributes: {
      ApproximateReceiveCount: String(props.receiveCount ?? 1),
      ...(props.group !== undefined && { MessageGroupId: props.group }),
    },
    messageAttributes: {
      eventType: { dataType: 'String', stringValue: envelope.eventType },
      tenantId: { dataType: 'String', stringValue: props.tenantAttribute ?? envelope.tenantId },
    },
    eventSourceARN: props.queue ?? (props.group === undefined ? STANDARD_QUEUE : FIFO_QUEUE),
  };
}

export function records(count: number, props: RecordProps = {}): SqsRecord[] {
  return Array.from({ length: count }, (_, index) =>
    record({ envelope: orderPlaced(`o${index + 1}`), ...props }),
  );
}

/** A client that keeps each command and answers by the function; the default answer accepts every entry. */
export interface FakeClient {
  readonly calls: { readonly name: string; readonly input: Record<string, unknown> }[];
  // oxlint-disable-next-line typescript/no-explicit-any -- stands in for any client's overloaded send
  send: any;
}

export type Answer = (
  name: string,
  input: Record<string, unknown>,
  call: number,
  options: { readonly abortSignal?: AbortSignal } | undefined,
) => unknown;

export function fakeClient(answer?: Answer): FakeClient {
  const calls: FakeClient['calls'] = [];
  return {
    calls,
    async send(
      command: { readonly constructor: { readonly name: string }; readonly input: Record<string, unknown> },
      options?: { readonly abortSignal?: AbortSignal },
    ): Promise<unknown> {
      const name = command.constructor.name.replace(/Command$/, '');
      calls.push({ name, input: command.input });
      return (await answer?.(name, command.input, calls.length, options)) ?? acceptAll(command.input);
    },
  };
}

export interface Entry {
  readonly Id: string;
  readonly [field: string]: unknown;
}

export function entriesOf(input: Record<string, unknown>): Entry[] {
  return (input['Entries'] ?? input['PublishBatchRequestEntries'] ?? []) as Entry[];
}

export function acceptAll(input: Record<string, unknown>): unknown {
  return {
    Successful: entriesOf(input).map(({ Id }) => ({ Id })),
    Entries: entriesOf(input).map((_, index) => ({ EventId: `event-bridge-${index}` })),
  };
}

/** Accepts all entries but those for which the function gives a failure. */
export function acceptUnless(
  input: Record<string, unknown>,
  failure: (entry: Entry) => { Code: string; Message?: string; SenderFault?: boolean } | undefined,
): unknown {
  const judged = entriesOf(input).map((entry) => ({ Id: entry.Id, failure: failure(entry) }));
  return {
    Successful: judged.filter((entry) => entry.failure === undefined).map(({ Id }) => ({ Id })),
    Failed: judged
      .filter((entry) => entry.failure !== undefined)
      .map((entry) => ({ Id: entry.Id, SenderFault: false, ...entry.failure })),
  };
}

export interface TestClock extends Clock {
  /** Moves time, running what becomes due in its order and letting promises settle in between. */
  advance(milliseconds: number): Promise<void>;
  pending(): number;
}

export function testClock(start = Date.parse('2026-01-01T00:00:00Z')): TestClock {
  let now = start;
  let nextId = 0;
  const timers = new Map<number, { readonly at: number; readonly callback: () => void }>();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  return {
    now: () => now,
    setTimeout: (callback, milliseconds) => {
      nextId += 1;
      timers.set(nextId, { at: now + milliseconds, callback });
      return nextId;
    },
    clearTimeout: (timer) => void timers.delete(timer as number),
    pending: () => timers.size,
    async advance(milliseconds) {
      const until = now + milliseconds;
      await settle();
      for (;;) {
        const due = [...timers].filter(([, timer]) => timer.at <= until).sort((a, b) => a[1].at - b[1].at)[0];
        if (due === undefined) break;
        timers.delete(due[0]);
        now = Math.max(now, due[1].at);
        due[1].callback();
        await settle();
      }
      now = until;
    },
  };
}

/** A Lambda context with so much time left, on the given clock. */
export function invocation(milliseconds: number, clock: Clock): InvocationContext {
  const limit = clock.now() + milliseconds;
  return { getRemainingTimeInMillis: () => limit - clock.now() };
}

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export function capturedLog(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const logger = createLogger({
    level: 'debug',
    write: (line) => void lines.push(JSON.parse(line) as LogLine),
  });
  return { logger, lines };
}
