/**
 * The whole way out: outbox rows through the SNS transport to an SNS that answers at once, against the AWS
 * client alone, which publishes the same events from memory in the same batches. The difference is what the outbox costs.
 */
import { Worker } from 'node:worker_threads';
import type { Pool } from 'pg';
import { createOutboxProcessor, enqueue } from '../../lambda/runtime/outbox/index.ts';
import { snsTransport } from '../../lambda/runtime/index.ts';
import { events } from './events.ts';

const ROWS = 20_000;
const CHUNK = 1_000;
const TOPIC_ARN = 'arn:aws:sns:us-east-1:000000000000:bench.fifo';

export interface EndToEndRates {
  /** Events per second. */
  readonly client: number;
  readonly outbox: number;
}

/** One round of each, in this order. */
export async function measureEndToEnd(pool: Pool): Promise<EndToEndRates> {
  const stub = new Worker(new URL('./sns-stub.ts', import.meta.url));
  try {
    const port = await new Promise<number>((resolve, reject) => {
      stub.once('message', resolve);
      stub.once('error', reject);
    });
    process.env['AWS_ENDPOINT_URL_SNS'] = `http://127.0.0.1:${port}`;
    process.env['AWS_ACCESS_KEY_ID'] ??= 'bench';
    process.env['AWS_SECRET_ACCESS_KEY'] ??= 'bench';
    process.env['AWS_REGION'] ??= 'us-east-1';
    return { client: await clientAlone(port), outbox: await throughOutbox(pool) };
  } finally {
    await stub.terminate();
  }
}

/** Batches of ten, each of ten different keys as the outbox makes them, eight calls at a time. */
async function clientAlone(port: number): Promise<number> {
  const { PublishBatchCommand, SNSClient } = await import('@aws-sdk/client-sns');
  const client = new SNSClient({ endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' });
  const text = (value: string) => ({ DataType: 'String', StringValue: value });
  const batches = Array.from({ length: ROWS / 10 }, (_, batch) =>
    events(10).map((event) => ({ event, batch })),
  );
  const began = performance.now();
  const loop = async (): Promise<void> => {
    for (let batch = batches.pop(); batch !== undefined; batch = batches.pop()) {
      await client.send(
        new PublishBatchCommand({
          TopicArn: TOPIC_ARN,
          PublishBatchRequestEntries: batch.map(({ event }, index) => ({
            Id: String(index),
            Message: event.body,
            MessageGroupId: event.orderingKey,
            MessageDeduplicationId: event.eventId,
            MessageAttributes: {
              eventType: text(event.eventType),
              eventVersion: text(event.eventVersion),
              tenantId: text(event.tenantId),
              priority: text(event.priority),
            },
          })),
        }),
      );
    }
  };
  await Promise.all(Array.from({ length: 8 }, loop));
  client.destroy();
  return ROWS / ((performance.now() - began) / 1_000);
}

async function throughOutbox(pool: Pool): Promise<number> {
  await pool.query('truncate event_outbox');
  const all = events(ROWS);
  for (let at = 0; at < ROWS; at += CHUNK) await enqueue(pool, all.slice(at, at + CHUNK));
  await pool.query('vacuum (analyze)');
  const publisher = snsTransport({ topicArn: TOPIC_ARN });
  const began = performance.now();
  const { published } = await createOutboxProcessor({
    pool,
    publisher,
    retentionSeconds: 0,
  }).processPendingEvents();
  if (published !== ROWS) throw new Error(`the outbox published ${published} of ${ROWS}`);
  return ROWS / ((performance.now() - began) / 1_000);
}
