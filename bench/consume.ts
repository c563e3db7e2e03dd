/**
 * What a consumer costs per message beside the handler: ours against Powertools' batch processor, with the same
 * records and the same schema, in one run. `npm run bench -- consume`.
 */
import {
  BatchProcessor,
  EventType,
  processPartialResponse,
  SqsFifoPartialProcessorAsync,
} from '@aws-lambda-powertools/batch';
import type { Context, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { createEnvelope, event } from '../lib/contracts/index.ts';
import type { AnyEventContract, Envelope } from '../lib/contracts/index.ts';
import { processFifo, processStandard } from '../lambda/runtime/consumer/process-batch.ts';
import type { BatchRun } from '../lambda/runtime/consumer/process-batch.ts';
import { consume, createLogger } from '../lambda/runtime/index.ts';
import type { LoggerOptions } from '../lambda/runtime/index.ts';

const BATCH_SIZE = 10;
/** Many short rounds, each with every variant: what else the machine does then meets all variants alike. */
const ROUNDS = 200;
const BATCHES_PER_ROUND = 150;
/** Rounds that are the compiler's. */
const WARM_UP_ROUNDS = 30;

const data = z.object({
  orderId: z.string(),
  customerId: z.string(),
  currency: z.string(),
  totalAmount: z.number(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.number(), price: z.number() })),
});
const OrderPlaced = event('OrderPlaced', { version: '1.0', source: 'shop', data, orderingKey: 'customerId' });

const order = {
  orderId: 'order-1',
  customerId: 'customer-1',
  currency: 'EUR',
  totalAmount: 59.7,
  lines: [
    { sku: 'sku-1', quantity: 1, price: 19.9 },
    { sku: 'sku-2', quantity: 2, price: 19.9 },
  ],
};

/** Message ids differ, as in a queue: half of the FIFO batch is one group, the rest another. */
function records(arn: string): SQSRecord[] {
  return Array.from({ length: BATCH_SIZE }, (_, index) => {
    const envelope = createEnvelope(OrderPlaced, { tenantId: 'acme', data: order });
    return {
      messageId: envelope.eventId,
      receiptHandle: `receipt-${index}`,
      body: JSON.stringify(envelope),
      attributes: {
        ApproximateReceiveCount: '1',
        SentTimestamp: '0',
        SenderId: 'x',
        ApproximateFirstReceiveTimestamp: '0',
        MessageGroupId: `acme#${index % 2}`,
      },
      messageAttributes: { tenantId: { dataType: 'String' as const, stringValue: 'acme' } },
      md5OfBody: '',
      eventSource: 'aws:sqs',
      eventSourceARN: arn,
      awsRegion: 'eu-west-1',
    };
  });
}

const STANDARD: SQSEvent = { Records: records('arn:aws:sqs:eu-west-1:111122223333:orders') };
const FIFO: SQSEvent = { Records: records('arn:aws:sqs:eu-west-1:111122223333:orders.fifo') };

/** The same envelope checks as a user would write them with the schema library. */
const Body = z.object({
  eventId: z.string(),
  eventType: z.literal('OrderPlaced'),
  eventVersion: z.string(),
  source: z.string(),
  timestamp: z.string(),
  correlationId: z.string(),
  causationId: z.nullable(z.string()),
  tenantId: z.string(),
  data,
  metadata: z.looseObject({ hopCount: z.number() }),
});

const lambdaContext = { getRemainingTimeInMillis: () => 30_000 } as Context;

interface Variant {
  readonly name: string;
  run(): Promise<unknown>;
}

function variants(): Readonly<Record<'whole' | 'data only' | 'frame', readonly Variant[]>> {
  const ours = (batch: SQSEvent, options: LoggerOptions) => {
    const handler = consume(OrderPlaced, () => {}, { consumer: 'bench', logger: createLogger(options) });
    return () => handler(batch, lambdaContext);
  };
  const powertools = (batch: SQSEvent, parse: (body: string) => unknown) => {
    const onRecord = async (record: SQSRecord): Promise<void> => void parse(record.body);
    const context = lambdaContext;
    if (batch === STANDARD) {
      const processor = new BatchProcessor(EventType.SQS);
      return () => processPartialResponse(batch, onRecord, processor, { context });
    }
    const processor = new SqsFifoPartialProcessorAsync();
    return () => processPartialResponse(batch, onRecord, processor, { context, skipGroupOnError: true });
  };
  const silent = { level: 'silent' } as const;
  const toNowhere = { level: 'info', write: () => {} } as const;
  const everything = (body: string): unknown => z.parse(Body, JSON.parse(body));
  const dataOnly = (body: string): unknown => z.parse(data, (JSON.parse(body) as Envelope).data);
  return {
    whole: [
      { name: 'standard, ours', run: ours(STANDARD, silent) },
      { name: 'standard, ours with a log line per message', run: ours(STANDARD, toNowhere) },
      { name: 'standard, Powertools + JSON.parse + zod/mini', run: powertools(STANDARD, everything) },
      { name: 'FIFO, ours', run: ours(FIFO, silent) },
      { name: 'FIFO, Powertools by group + JSON.parse + zod/mini', run: powertools(FIFO, everything) },
    ],
    'data only': [
      { name: 'standard, Powertools, only the data checked', run: powertools(STANDARD, dataOnly) },
      { name: 'FIFO, Powertools, only the data checked', run: powertools(FIFO, dataOnly) },
    ],
    frame: [
      { name: 'standard, ours', run: frame(STANDARD) },
      { name: 'standard, Powertools', run: powertools(STANDARD, () => {}) },
      { name: 'FIFO, ours', run: frame(FIFO) },
      { name: 'FIFO, Powertools by group', run: powertools(FIFO, () => {}) },
    ],
  };
}

/**
 * Our batch frame alone: handleMessage with every message already handled, so that neither parsing nor
 * validation runs.
 */
function frame(batch: SQSEvent): () => Promise<unknown> {
  const consumer = {} as Parameters<typeof processStandard<AnyEventContract>>[0];
  return async () => {
    const acknowledged: string[] = [];
    const run: BatchRun = {
      messageRun: () => ({
        signal: new AbortController().signal,
        isOver: () => false,
        deadLetter: async () => true,
      }),
      isClosing: () => false,
      wasHandled: () => true,
      acknowledge: (record) => acknowledged.push(record.messageId) > 0,
      bringBack: () => {},
    };
    await (batch === FIFO ? processFifo : processStandard)(consumer, batch.Records, run, BATCH_SIZE);
    return { batchItemFailures: [] };
  };
}

export interface ConsumeResult {
  readonly part: string;
  readonly name: string;
  /** Per message, median of the rounds. */
  readonly microseconds: number;
  /** Per message and round. */
  readonly rounds: readonly number[];
}

/** Measures every variant in turn, round by round, so that a slow moment of the machine meets all of them. */
export async function measure(rounds = ROUNDS, batches = BATCHES_PER_ROUND): Promise<ConsumeResult[]> {
  const all = Object.entries(variants()).flatMap(([part, list]) =>
    list.map((variant) => ({ part, ...variant, times: [] as number[] })),
  );
  for (let round = 0; round < rounds; round += 1) {
    for (const variant of all) {
      const startedAt = process.hrtime.bigint();
      for (let batch = 0; batch < batches; batch += 1) await variant.run();
      const nanoseconds = Number(process.hrtime.bigint() - startedAt);
      if (round >= Math.min(WARM_UP_ROUNDS, rounds - 1))
        variant.times.push(nanoseconds / 1000 / batches / BATCH_SIZE);
    }
  }
  return all.map(({ part, name, times }) => ({ part, name, microseconds: median(times), rounds: times }));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

export async function run(): Promise<void> {
  const results = await measure();
  const of = (part: string, name: string): readonly number[] =>
    results.find((result) => result.part === part && result.name.startsWith(name))!.rounds;
  // The median of the rounds' ratios, not the ratio of medians: both sides of a ratio saw the same machine.
  const ratio = (ours: readonly number[], theirs: readonly number[]): string =>
    median(ours.map((time, round) => time / theirs[round]!)).toFixed(2);
  const versus = (part: string, kind: string): string =>
    ratio(of(part, `${kind}, ours`), of(part, `${kind}, Powertools`));
  const write = (line: string): void => void process.stdout.write(`${line}\n`);

  write(`microseconds per message, batches of ${BATCH_SIZE}, body ${STANDARD.Records[0]!.body.length} bytes`);
  for (const { part, name, microseconds } of results) {
    write(`${part.padEnd(10)} ${name.padEnd(52)} ${microseconds.toFixed(2).padStart(7)}`);
  }
  write('');
  write(
    `whole, ours / Powertools: standard ${versus('whole', 'standard')}, FIFO ${versus('whole', 'FIFO')} (target below 1)`,
  );
  write(`frame, ours / Powertools: standard ${versus('frame', 'standard')}, FIFO ${versus('frame', 'FIFO')}`);
  const unfair = (kind: string): string => ratio(of('whole', `${kind}, ours`), of('data only', kind));
  write(
    `ours, envelope checked too / Powertools, only the data checked: standard ${unfair('standard')}, FIFO ${unfair('FIFO')}`,
  );
}
