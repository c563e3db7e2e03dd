/**
 * A consumer in a process of its own, which tests kill. It begins a line in its journal for each event that it begins, and
 * makes a file for each effect: the file of an eventId can be made once, as a row of the inbox.
 */
import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pollRedis } from '../../../../lambda/runtime/redis/poll-redis.ts';
import { OrderPlaced } from '../fixtures.ts';

interface ProcessOptions {
  readonly url: string;
  readonly stream: string;
  readonly partitions: number;
  readonly order: 'none' | 'key';
  readonly directory: string;
  readonly name: string;
  /** Milliseconds a handling takes. */
  readonly work: number;
  /** An order whose handling ends the process. */
  readonly deadly?: string;
}

const options = JSON.parse(process.argv[2]!) as ProcessOptions;

pollRedis(
  OrderPlaced,
  async (event, { receiveCount }) => {
    const { orderId } = event.data;
    await appendFile(join(options.directory, 'begun'), `${options.name} ${orderId} ${receiveCount}\n`);
    if (orderId === options.deadly) process.kill(process.pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, options.work));
    try {
      await writeFile(join(options.directory, `effect-${orderId}`), '', { flag: 'wx' });
    } catch {
      // The effect is there already.
      return;
    }
    await appendFile(join(options.directory, 'effects'), `${orderId}\n`);
  },
  {
    server: { url: options.url },
    stream: options.stream,
    partitions: options.partitions,
    order: options.order,
    consumer: 'crashing',
    visibilityTimeout: 1,
    maxReceiveCount: 3,
    concurrency: 5,
    backoff: { base: 0.1, cap: 0.5 },
  },
);
