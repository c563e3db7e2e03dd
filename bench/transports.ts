/**
 * The three transports of the agents side by side, and graphile-worker, with the same guarantees: order by key, at least once, and
 * one row with its note in the inbox in one transaction of one PostgreSQL 18 that waits for the disk. Prints how fast a
 * backlog drains and the time from append to handled. `npm run bench -- transports`
 */
import { cpus } from 'node:os';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { runMigrations } from 'graphile-worker';
import { Pool as PostgresPool } from 'pg';

import { createEventStore, eventStoreMigrations } from '../lambda/runtime/event-store/index.ts';
import { poll } from '../lambda/runtime/poll.ts';
import { migrate, runtimeMigrations } from '../lambda/runtime/postgres/index.ts';
import { closeRedisConnections, pollRedis, redisTransport } from '../lambda/runtime/redis/index.ts';
import { snsTransport } from '../lambda/runtime/transports/sns.ts';
import type { Transport } from '../lambda/runtime/types.ts';
import { startEmbeddedAws } from '../local/aws/index.ts';
import { findRedis, startRealRedis } from '../local/brokers/redis.ts';
import { startEmbeddedPostgres } from '../local/postgres/index.ts';
import { event } from './outbox/events.ts';
import { graphile, OrderPlaced, silent, SILENT, sinkOf, waybill } from './subscriptions.ts';
import type { Contender } from './subscriptions.ts';

const ROUNDS = 3;
const ROWS = 2_000;
const LATENCIES = 200;
/** Handlers at the same time, of all. */
const CONCURRENCY = 24;
const CHUNK = 1_000;
const REDIS_PARTITIONS = 4;
/** Milliseconds between two events whose latency is measured. */
const PACE = 5;

interface Started {
  readonly contender: Contender;
  stop(): Promise<void>;
}

interface Measured {
  readonly name: string;
  readonly rates: number[];
  readonly latencies: number[];
  violations: number;
}

export async function run(): Promise<void> {
  const server = await startEmbeddedPostgres({ durable: true });
  const pool = new PostgresPool({ connectionString: server.url, max: 40 });
  pool.on('error', () => undefined);
  const stops: (() => Promise<void>)[] = [];
  try {
    await migrate(pool, [...runtimeMigrations, ...eventStoreMigrations]);
    await runMigrations({ pgPool: pool, logger: SILENT });
    await pool.query(
      'create table bench_effect (event_id text, customer text, at timestamptz default now())',
    );
    // Told by NOTIFY alone, as a reader in another process is.
    const store = createEventStore({ pool, contracts: [OrderPlaced], logger: silent });
    const contenders: Contender[] = [{ ...waybill(store, { pool }), name: 'postgres' }];
    for (const start of [startRedis, startSnsSqs]) {
      const started = await start();
      if (started === undefined) continue;
      contenders.push(started.contender);
      stops.push(() => started.stop());
    }
    contenders.push(graphile(pool));
    await measureAll(pool, contenders);
  } finally {
    for (const stop of stops) await stop();
    await pool.end();
    await server.stop();
  }
}

async function measureAll(pool: PostgresPool, contenders: readonly Contender[]): Promise<void> {
  print(
    `transports bench: PostgreSQL 18, fsync on, ${cpus().length} cores, Node ${process.version}, ${ROUNDS} rounds, ` +
      `${ROWS} events a round, ${CONCURRENCY} handlers, each a transaction with a row and the inbox; order by key`,
  );
  const measured: Measured[] = contenders.map(({ name }) => ({
    name,
    rates: [],
    latencies: [],
    violations: 0,
  }));
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (const [at, contender] of contenders.entries()) {
      progress(`round ${round}/${ROUNDS}: ${contender.name}`);
      await measure(pool, contender, measured[at]!);
    }
  }
  print(
    `${'transport'.padEnd(36)}${['drained/s', 'p50 ms', 'p99 ms'].map((text) => text.padStart(12)).join('')}`,
  );
  for (const { name, rates, latencies, violations } of measured) {
    const values = [
      Math.round(quantile(rates, 0.5)).toLocaleString('en'),
      quantile(latencies, 0.5).toFixed(1),
      quantile(latencies, 0.99).toFixed(1),
    ];
    print(`${name.padEnd(36)}${values.map((text) => text.padStart(12)).join('')}`);
    if (violations > 0) print(`  ${violations} events were out of order`);
  }
}

/** A backlog, and then events one by one, each from before its append to after its transaction. */
async function measure(pool: PostgresPool, contender: Contender, into: Measured): Promise<void> {
  await contender.clear();
  await pool.query('truncate event_inbox, bench_effect');
  await contender.fill(0, ROWS);
  await pool.query('vacuum (analyze)');
  await pool.query('checkpoint');
  const sink = sinkOf(pool);
  let arrived = (): void => undefined;
  const { handle } = sink;
  sink.handle = async (eventId, data) => {
    await handle(eventId, data);
    arrived();
  };
  const began = performance.now();
  const stop = await contender.start(sink);
  while (sink.handled < ROWS) await pause(2);
  into.rates.push(ROWS / ((performance.now() - began) / 1_000));
  for (let index = 0; index < LATENCIES; index += 1) {
    const handled = new Promise<void>((resolve) => (arrived = resolve));
    const sent = performance.now();
    await contender.fill(ROWS + index, 1);
    await handled;
    into.latencies.push(performance.now() - sent);
    await pause(PACE);
  }
  await stop();
  progress(`  ${Math.round(into.rates.at(-1)!)}/s, p50 ${quantile(into.latencies, 0.5).toFixed(1)} ms`);
  into.violations += sink.violations;
}

async function startRedis(): Promise<Started | undefined> {
  const installation = (await findRedis('redis')) ?? (await findRedis('valkey'));
  if (installation === undefined) {
    print('redis: not installed, see npm run brokers:install');
    return undefined;
  }
  const redis = await startRealRedis({ installation, durable: true });
  const server = { url: redis.url };
  let stream = '';
  let streams = 0;
  let transport: Transport | undefined;
  return {
    contender: {
      name: `redis (${redis.kind} ${redis.version}, fsync)`,
      fill: (from, count) => sendAll(transport!, from, count),
      async start(sink) {
        const poller = pollRedis(OrderPlaced, ({ eventId, data }) => sink.handle(eventId, data), {
          server,
          stream,
          partitions: REDIS_PARTITIONS,
          order: 'key',
          consumer: 'bench',
          concurrency: CONCURRENCY,
          logger: silent,
        });
        return () => poller.stop();
      },
      async clear() {
        streams += 1;
        stream = `bench-${streams}`;
        transport = redisTransport({ server, stream, partitions: REDIS_PARTITIONS });
      },
    },
    async stop() {
      closeRedisConnections();
      await redis.stop();
    },
  };
}

/** The embedded AWS, in this process: it says what our side costs, and nothing of the latency of AWS. */
async function startSnsSqs(): Promise<Started> {
  const aws = await startEmbeddedAws({ port: 0 });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  };
  const [sns, sqs] = [new SNSClient(settings), new SQSClient(settings)];
  let names = 0;
  let queueUrl = '';
  let transport: Transport | undefined;
  return {
    contender: {
      name: 'sns-sqs (FIFO, embedded AWS)',
      fill: (from, count) => sendAll(transport!, from, count),
      async start(sink) {
        const poller = poll(OrderPlaced, ({ eventId, data }) => sink.handle(eventId, data), {
          queueUrl,
          client: sqs,
          consumer: 'bench',
          concurrency: CONCURRENCY,
          pollers: 2,
          logger: silent,
        });
        return () => poller.stop();
      },
      async clear() {
        names += 1;
        const topic = { FifoTopic: 'true', FifoThroughputScope: 'MessageGroup' };
        const { TopicArn } = await sns.send(
          new CreateTopicCommand({ Name: `bench-${names}.fifo`, Attributes: topic }),
        );
        const queue = {
          FifoQueue: 'true',
          DeduplicationScope: 'messageGroup',
          FifoThroughputLimit: 'perMessageGroupId',
        };
        const { QueueUrl } = await sqs.send(
          new CreateQueueCommand({ QueueName: `bench-${names}.fifo`, Attributes: queue }),
        );
        queueUrl = QueueUrl!;
        const { Attributes } = await sqs.send(
          new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['QueueArn'] }),
        );
        await sns.send(
          new SubscribeCommand({
            TopicArn: TopicArn!,
            Protocol: 'sqs',
            Endpoint: Attributes!['QueueArn']!,
            Attributes: { RawMessageDelivery: 'true' },
          }),
        );
        transport = snsTransport({ topicArn: TopicArn!, client: sns });
      },
    },
    async stop() {
      sns.destroy();
      sqs.destroy();
      await aws.close();
    },
  };
}

async function sendAll(transport: Transport, from: number, count: number): Promise<void> {
  for (let at = 0; at < count; at += CHUNK) {
    const size = Math.min(CHUNK, count - at);
    const { failed } = await transport.send(
      Array.from({ length: size }, (_, index) => event(from + at + index)),
    );
    if (failed[0] !== undefined) throw new Error(failed[0].message);
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * share)]!;

const print = (line: string): void => void process.stdout.write(`${line}\n`);
const progress = (line: string): void => void process.stderr.write(`${line}\n`);
