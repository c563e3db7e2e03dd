/** A thread of the load test's traffic: see traffic.ts. */
import { setTimeout as delay } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { Pool } from 'pg';
import { commerceEvents, StockReplenished, SystemErrorRaised } from '../../../catalog/commerce/index.ts';
import { databaseOf } from '../../../lambda/service/database.ts';
import { unitOfWork } from '../../../lambda/service/unit-of-work.ts';
import type { Service } from '../../../lambda/service/unit-of-work.ts';
import { publishingUrgently } from '../../../lambda/commerce/urgent.ts';
import { processOnce } from '../../../lambda/runtime/inbox/index.ts';
import { createOutbox } from '../../../lambda/runtime/outbox/index.ts';
import { createPublisher, sqsTransport } from '../../../lambda/runtime/index.ts';
import { yieldCores } from '../../aws/lambda/yield-cores.ts';
import { COMMERCE_SCHEMA } from './measure.ts';
import type { SentAlert, ThreadOptions, TrafficAnswer, TrafficCommand, TrafficPhase } from './traffic.ts';

const TENANT = 'tenant-load';
/** Products whose stock moves: more than there are lanes, so that no row is everybody's. */
const PRODUCTS = 500;
/** Transactions of business events a second, each of as many events as the rate asks for. */
const WRITES_PER_SECOND = 10;
const CONNECTIONS = 4;

const options = workerData as ThreadOptions;
yieldCores(options.niceness);
const client = new SQSClient({
  endpoint: options.endpoint,
  region: options.region,
  credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
});
const pool = new Pool({
  connectionString: options.databaseUrl,
  max: CONNECTIONS,
  options: `-c search_path=${COMMERCE_SCHEMA}`,
});
pool.on('error', () => {});
const outbox = createOutbox({
  contracts: commerceEvents,
  nudge: async () => {
    const Entries = [{ Id: 'nudge', MessageBody: '{}' }];
    await client.send(new SendMessageBatchCommand({ QueueUrl: options.nudgeQueueUrl, Entries }));
  },
});
const publisher = createPublisher({
  contracts: commerceEvents,
  transport: sqsTransport({ queueUrl: options.priorityQueueUrl, client }),
});
const service: Service = {
  database: databaseOf(pool),
  enqueue: outbox.enqueue,
  nudge: outbox.nudge,
  processOnce,
};
let writing: AbortController | undefined;
let moved = 0;

parentPort?.on('message', (command: TrafficCommand) => {
  if (command.kind === 'phase') void answer(command.phase);
  else if (command.kind === 'stop') writing?.abort();
  else void close();
});

async function answer(phase: TrafficPhase): Promise<void> {
  try {
    writing = new AbortController();
    const begunAt = Date.now();
    const [eventIds, alerts] = await Promise.all([
      writeBusiness(phase, begunAt, writing.signal),
      raiseAlerts(phase, begunAt, writing.signal),
    ]);
    send({ written: { eventIds, alerts, tookSeconds: (Date.now() - begunAt) / 1000 } });
  } catch (error) {
    send({ error: String(error) });
  }
}

async function writeBusiness(
  { perSecond, seconds }: TrafficPhase,
  begunAt: number,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const writes: Promise<readonly string[]>[] = [];
  let due = 0;
  let asked = 0;
  for (const _ of turns(WRITES_PER_SECOND * seconds)) {
    if (!(await until(begunAt + (writes.length * 1000) / WRITES_PER_SECOND, signal))) break;
    due += perSecond / WRITES_PER_SECOND;
    const count = Math.floor(due - asked);
    asked += count;
    writes.push(count > 0 ? write(count) : Promise.resolve([]));
  }
  return (await Promise.all(writes)).flat();
}

async function raiseAlerts(
  { alertsPerSecond, seconds }: TrafficPhase,
  begunAt: number,
  signal: AbortSignal,
): Promise<readonly SentAlert[]> {
  const alerts: Promise<SentAlert>[] = [];
  for (const _ of turns(alertsPerSecond * seconds)) {
    if (!(await until(begunAt + (alerts.length * 1000) / alertsPerSecond, signal))) break;
    alerts.push(raise());
  }
  return Promise.all(alerts);
}

/** Business events, in one transaction. */
function write(count: number): Promise<readonly string[]> {
  return unitOfWork(service, async (_tx, emit) =>
    Array.from({ length: count }, () => {
      moved += 1;
      const data = { sku: `load-${moved % PRODUCTS}`, quantity: 1, replenishmentId: `rpl_load_${moved}` };
      return emit(StockReplenished, { tenantId: TENANT, data }).eventId;
    }),
  );
}

/** One of high priority, published by its writer after the commit. */
async function raise(): Promise<SentAlert> {
  const begunAt = now();
  let committedAt = begunAt;
  let acceptedAt = begunAt;
  const urgent = publishingUrgently(service, {
    async send(messages) {
      const sent = await publisher.send(messages);
      acceptedAt = now();
      return sent;
    },
  });
  const told: Service = {
    ...urgent,
    publishEagerly: async (events) => {
      committedAt = now();
      await urgent.publishEagerly?.(events);
    },
  };
  const eventId = await unitOfWork(told, async (_tx, emit) => {
    const data = { component: 'load-test', code: 'LOAD_TEST', orderId: null };
    return emit(SystemErrorRaised, { tenantId: TENANT, data }).eventId;
  });
  return { eventId, begunAt, committedAt, acceptedAt };
}

function turns(count: number): Iterable<number> {
  return Array.from({ length: Math.floor(count) }).keys();
}

/** False when it was stopped instead. */
async function until(time: number, signal: AbortSignal): Promise<boolean> {
  await delay(Math.max(0, time - Date.now()), undefined, { signal }).catch(() => {});
  return !signal.aborted;
}

/** Fractions of a millisecond count for hops that take a few. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

function send(message: TrafficAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
  parentPort?.postMessage(message);
}

async function close(): Promise<void> {
  writing?.abort();
  client.destroy();
  await pool.end();
  parentPort?.close();
}
