/**
 * Reads a RabbitMQ queue for an event source mapping: gathers batches, hands them to the function, and acknowledges
 * them when it succeeded. A batch that fails is handed over again, whole, until it succeeds.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/with-mq.html
 */
import type * as Amqp from 'amqplib';
import type { Channel, ChannelModel, ConsumeMessage } from 'amqplib';
import type { AwsContext } from '../context.ts';
import { requirePackage } from '../require-package.ts';
import { ENVELOPE_BYTES, PAYLOAD_BYTES, type BatchOutcome, type CountPolled, type Poller } from './batch.ts';
import { createBell, pause } from './pause.ts';
import { rabbitmqEvent, rabbitmqRecord } from './rabbitmq-event.ts';
import type { RabbitmqRecord } from './rabbitmq-event.ts';

export interface RabbitmqSource {
  readonly brokerArn: string;
  readonly queue: string;
  readonly virtualHost: string;
  readonly batchSize: number;
  readonly batchingWindowMilliseconds: number;
  /** Asked for each connection: the address, and the credentials as the function's role may read them. */
  readonly address: () => Promise<{
    readonly endpoint: string;
    readonly username: string;
    readonly password: string;
  }>;
  readonly matches: (record: Readonly<Record<string, unknown>>) => boolean;
  readonly deliver: (event: unknown, identifiers: readonly string[]) => Promise<BatchOutcome>;
  /** Why nothing can be read, for `LastProcessingResult`. */
  readonly problem: (reason: string) => void;
  readonly count: CountPolled;
}

/** Milliseconds. AWS publishes no numbers. */
const RETRY_BACKOFF = { first: 200, maximum: 60_000 };
const CONNECT_BACKOFF = { first: 200, maximum: 10_000 };

interface Polled {
  readonly delivery: ConsumeMessage;
  readonly record: RabbitmqRecord;
  readonly bytes: number;
}

export function startRabbitmqPoller(context: AwsContext, source: RabbitmqSource): Poller {
  const stop = new AbortController();
  let delivering = false;

  const run = async (): Promise<void> => {
    let failures = 0;
    while (!stop.signal.aborted) {
      try {
        await readUntilBroken(context, source, stop.signal, {
          connected: () => (failures = 0),
          delivering: (is) => (delivering = is),
        });
      } catch (error) {
        source.problem(`Connection error. ${error instanceof Error ? error.message : String(error)}`);
      }
      if (stop.signal.aborted) return;
      await pause(context.clock, backoff(CONNECT_BACKOFF, failures++), stop.signal);
    }
  };
  const running = run();
  return {
    inFlight: () => (delivering ? 1 : 0),
    async close() {
      stop.abort();
      await running;
    },
  };
}

interface Progress {
  connected(): void;
  delivering(is: boolean): void;
}

async function readUntilBroken(
  context: AwsContext,
  source: RabbitmqSource,
  stop: AbortSignal,
  progress: Progress,
): Promise<void> {
  const connection = await connect(source);
  try {
    const channel = await connection.createChannel();
    const waiting: Polled[] = [];
    const news = createBell(context.clock);
    const broken = new AbortController();
    const ended = AbortSignal.any([stop, broken.signal]);
    const end = (): void => broken.abort();
    connection.on('error', end).on('close', end);
    channel.on('error', (error: Error) => source.problem(error.message)).on('close', end);
    await channel.prefetch(source.batchSize);
    await channel.consume(source.queue, (delivery) => {
      if (delivery === null) end();
      else {
        const record = rabbitmqRecord(delivery);
        waiting.push({ delivery, record, bytes: Buffer.byteLength(JSON.stringify(record)) });
        source.count('PolledEventCount', 1);
        news.ring();
      }
    });
    progress.connected();
    while (!ended.aborted) {
      if (waiting.length === 0) await news.heard(Infinity, ended);
      const until = context.clock.now() + source.batchingWindowMilliseconds;
      while (!ended.aborted && waiting.length < source.batchSize && context.clock.now() < until) {
        await news.heard(until - context.clock.now(), ended);
      }
      const batch = takeBatch(waiting, source.batchSize);
      if (batch.length > 0 && !ended.aborted) {
        progress.delivering(true);
        await deliverBatch(context, source, channel, batch, ended).finally(() => progress.delivering(false));
      }
    }
  } finally {
    // What was not acknowledged goes back into the queue.
    await connection.close().catch(() => undefined);
  }
}

function takeBatch(waiting: Polled[], batchSize: number): Polled[] {
  let bytes = ENVELOPE_BYTES;
  let count = 0;
  while (count < waiting.length && count < batchSize) {
    bytes += waiting[count]!.bytes + 1;
    if (count > 0 && bytes > PAYLOAD_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function deliverBatch(
  context: AwsContext,
  source: RabbitmqSource,
  channel: Channel,
  batch: readonly Polled[],
  ended: AbortSignal,
): Promise<void> {
  const wanted = batch.filter(({ record }) => source.matches(asFiltered(record)));
  const filteredOut = batch.length - wanted.length;
  if (filteredOut > 0) source.count('FilteredOutEventCount', filteredOut);
  for (let attempt = 0; wanted.length > 0; attempt++) {
    const records = wanted.map(({ record }) => record);
    const event = rabbitmqEvent(source, records);
    source.count('InvokedEventCount', records.length);
    const outcome = await source.deliver(
      event,
      wanted.map(({ delivery }) => String(delivery.fields.deliveryTag)),
    );
    if (outcome.kind === 'succeeded') break;
    source.count('FailedInvokeEventCount', records.length);
    await pause(context.clock, backoff(RETRY_BACKOFF, attempt), ended);
    // A connection that broke has taken the messages with it; they come again.
    if (ended.aborted) return;
  }
  for (const { delivery } of batch) channel.ack(delivery);
}

/** Filters see the body as what it says, where it is JSON. lambda/latest/dg/with-mq.html, "Filtering". */
function asFiltered(record: RabbitmqRecord): Record<string, unknown> {
  const text = Buffer.from(record.data, 'base64').toString('utf8');
  try {
    return { ...record, data: JSON.parse(text) as unknown };
  } catch {
    return { ...record, data: text };
  }
}

async function connect(source: RabbitmqSource): Promise<ChannelModel> {
  const { connect: open } = requirePackage('amqplib') as typeof Amqp;
  const { endpoint, username, password } = await source.address();
  const { hostname, port } = new URL(endpoint);
  const connection = await open({
    protocol: 'amqp',
    hostname,
    port: Number(port),
    username,
    password,
    vhost: source.virtualHost,
    heartbeat: 30,
  });
  // Without a listener a broken connection ends the process.
  connection.on('error', () => undefined);
  return connection;
}

function backoff(
  { first, maximum }: { readonly first: number; readonly maximum: number },
  failures: number,
): number {
  return Math.min(maximum, first * 2 ** Math.min(failures, 20));
}
