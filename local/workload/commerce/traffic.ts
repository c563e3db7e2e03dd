/** Writes events of two classes straight into the outbox, as the services do: stock movements in bulk, alerts one by one. */
import { Pool } from 'pg';
import { commerceEvents, StockReplenished, SystemErrorRaised } from '../../../catalog/commerce/index.ts';
import { databaseOf } from '../../../lambda/service/database.ts';
import { unitOfWork } from '../../../lambda/service/unit-of-work.ts';
import type { Service } from '../../../lambda/service/unit-of-work.ts';
import { publishingUrgently } from '../../../lambda/commerce/urgent.ts';
import { processOnce } from '../../../lambda/runtime/inbox/index.ts';
import { createOutbox } from '../../../lambda/runtime/outbox/index.ts';
import { createPublisher, sqsTransport } from '../../../lambda/runtime/index.ts';
import { COMMERCE_SCHEMA } from './measure.ts';

export interface TrafficOptions {
  readonly databaseUrl: string;
  readonly endpoint: string;
  readonly region: string;
  readonly nudgeQueueUrl: string;
  readonly priorityQueueUrl: string;
}

/** When an alert's transaction began, had committed, and its event was published. Milliseconds since the epoch. */
export interface SentAlert {
  readonly eventId: string;
  readonly begunAt: number;
  readonly committedAt: number;
  readonly publishedAt: number;
}

export interface Traffic {
  /** Business events, in one transaction. */
  write(count: number): Promise<readonly string[]>;
  /** One of high priority, published by its writer after the commit. */
  raise(): Promise<SentAlert>;
  close(): Promise<void>;
}

const TENANT = 'tenant-load';
/** Products whose stock moves: more than there are lanes, so that no row is everybody's. */
const PRODUCTS = 500;
const CONNECTIONS = 4;

export async function openTraffic(options: TrafficOptions): Promise<Traffic> {
  const { databaseUrl, endpoint, region, nudgeQueueUrl, priorityQueueUrl } = options;
  const { SQSClient, SendMessageBatchCommand } = await import('@aws-sdk/client-sqs');
  const client = new SQSClient({
    endpoint,
    region,
    credentials: { accessKeyId: 'operator', secretAccessKey: 'operator' },
  });
  const pool = new Pool({
    connectionString: databaseUrl,
    max: CONNECTIONS,
    options: `-c search_path=${COMMERCE_SCHEMA}`,
  });
  pool.on('error', () => {});
  const outbox = createOutbox({
    contracts: commerceEvents,
    nudge: async () => {
      const Entries = [{ Id: 'nudge', MessageBody: '{}' }];
      await client.send(new SendMessageBatchCommand({ QueueUrl: nudgeQueueUrl, Entries }));
    },
  });
  const service: Service = {
    database: databaseOf(pool),
    enqueue: outbox.enqueue,
    nudge: outbox.nudge,
    processOnce,
  };
  const publisher = createPublisher({
    contracts: commerceEvents,
    transport: sqsTransport({ queueUrl: priorityQueueUrl, client }),
  });
  const urgent = publishingUrgently(service, publisher);
  let written = 0;
  return {
    write: (count) =>
      unitOfWork(service, async (_tx, emit) =>
        Array.from({ length: count }, () => {
          written += 1;
          const data = {
            sku: `load-${written % PRODUCTS}`,
            quantity: 1,
            replenishmentId: `rpl_load_${written}`,
          };
          return emit(StockReplenished, { tenantId: TENANT, data }).eventId;
        }),
      ),
    async raise() {
      const begunAt = Date.now();
      let committedAt = begunAt;
      let publishedAt = begunAt;
      const told: Service = {
        ...urgent,
        publishEagerly: async (events) => {
          committedAt = Date.now();
          await urgent.publishEagerly?.(events);
          publishedAt = Date.now();
        },
      };
      const eventId = await unitOfWork(told, async (_tx, emit) => {
        const data = { component: 'load-test', code: 'LOAD_TEST', orderId: null };
        return emit(SystemErrorRaised, { tenantId: TENANT, data }).eventId;
      });
      return { eventId, begunAt, committedAt, publishedAt };
    },
    async close() {
      client.destroy();
      await pool.end();
    },
  };
}
