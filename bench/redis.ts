/**
 * Publishing to and draining a stream of a real Redis, and the time from append to handled: `npm run bench -- redis`.
 * Needs `npm run brokers:install`. Orders are none (readers share) and key (one reader a partition).
 */
import * as z from 'zod/mini';
import { createEnvelope, event } from '../lib/contracts/index.ts';
import { encode } from '../lambda/runtime/encode.ts';
import { createLogger } from '../lambda/runtime/logger.ts';
import { closeRedisConnections, pollRedis, redisTransport } from '../lambda/runtime/redis/index.ts';
import { findRedis, startRealRedis } from '../local/brokers/redis.ts';
import type { RealRedis } from '../local/brokers/redis.ts';

const EVENTS = 20_000;
const PARTITIONS = 4;
const CONCURRENCY = 100;
/** Events one after another, of which the latency is measured, and milliseconds between them. */
const PACED = 1_000;
const PACE = 2;

const data = z.object({ key: z.string(), at: z.number(), text: z.string() });
const Measured = event('Measured', { version: '1.0', source: 'bench', data, orderingKey: 'key' });
const logger = createLogger({ level: 'silent' });

export async function run(): Promise<void> {
  for (const kind of ['redis', 'valkey'] as const) {
    const installation = await findRedis(kind);
    if (installation === undefined) {
      process.stdout.write(`${kind}: not installed, see npm run brokers:install\n`);
      continue;
    }
    for (const order of ['none', 'key'] as const) {
      const server = await startRealRedis({ installation });
      try {
        await measure(server, order);
      } finally {
        closeRedisConnections();
        await server.stop();
      }
    }
  }
}

async function measure(redis: RealRedis, order: 'none' | 'key'): Promise<void> {
  const server = { url: redis.url };
  const transport = redisTransport({ server, stream: 'bench', partitions: PARTITIONS });
  const messages = Array.from({ length: EVENTS }, (_, index) => message(index));
  await transport.send([message(0)]);
  const published = await timed(async () => {
    const { failed } = await transport.send(messages);
    if (failed[0] !== undefined) throw new Error(failed[0].message);
  });

  const latencies: number[] = [];
  let handled = 0;
  let drained: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (drained = resolve));
  const startedAt = performance.now();
  const poller = pollRedis(
    Measured,
    (envelope) => {
      handled += 1;
      if (handled === EVENTS + 1) drained();
      if (handled > EVENTS + 1) latencies.push(performance.now() - envelope.data.at);
    },
    {
      server,
      stream: 'bench',
      partitions: PARTITIONS,
      order,
      consumer: 'bench',
      concurrency: CONCURRENCY,
      logger,
    },
  );
  await all;
  const drain = performance.now() - startedAt;
  for (let index = 0; index < PACED; index += 1) {
    await transport.send([message(EVENTS + index)]);
    await new Promise((resolve) => setTimeout(resolve, PACE));
  }
  while (latencies.length < PACED) await new Promise((resolve) => setTimeout(resolve, 10));
  await poller.stop();
  latencies.sort((one, other) => one - other);
  const at = (part: number): string => latencies[Math.floor(part * (latencies.length - 1))]!.toFixed(1);
  const rate = (milliseconds: number): string =>
    Math.round((EVENTS / milliseconds) * 1_000).toLocaleString('en');
  process.stdout.write(
    `${redis.kind} ${redis.version}, order ${order}: published ${rate(published)}/s, drained ${rate(drain)}/s, ` +
      `append to handled p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`,
  );
}

function message(index: number) {
  const envelope = createEnvelope(Measured, {
    tenantId: 'acme',
    data: { key: `k${index % 64}`, at: performance.now(), text: 'x'.repeat(400) },
  });
  return encode(Measured, envelope);
}

async function timed(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}
