/** A group that is gone and can not be made: what would be asked again at once, without an end. */
import { expect, test } from '@jest/globals';
import type { Clock } from '../../../../lambda/runtime/clock.ts';
import { RedisError } from '../../../../lambda/runtime/redis/errors.ts';
import { keepReading } from '../../../../lambda/runtime/redis/keep-reading.ts';
import { partitionKeys } from '../../../../lambda/runtime/redis/keys.ts';
import type { ReaderProps } from '../../../../lambda/runtime/redis/reader.ts';

const MANY = 20;

test('it waits between its tries, and says why', async () => {
  const ending = new AbortController();
  const told: string[] = [];
  const failuresBefore: number[] = [];
  const clock: Clock = {
    now: () => 0,
    setTimeout: () => queueMicrotask(() => ending.abort()),
    clearTimeout: () => undefined,
  };
  const props = {
    connection: {
      command: () => Promise.reject(new RedisError('WAYBILL_REDIS_ACCESS_REFUSED', 'XGROUP is not allowed')),
    },
    consumer: {
      clock,
      logger: { error: (_message: string, { detail }: { detail: string }) => told.push(detail) },
    },
    settings: { group: 'sentiment' },
    random: () => 0.5,
  } as unknown as ReaderProps;

  await keepReading(props, partitionKeys({ stream: 'feedback' }, 0), ending.signal, (failures) => {
    if (failuresBefore.push(failures) === MANY) ending.abort();
    return Promise.reject(new RedisError('WAYBILL_REDIS_GROUP_MISSING', 'there is no such group'));
  });

  expect(failuresBefore).toEqual([0]);
  expect(told).toEqual([expect.stringContaining('WAYBILL_REDIS_ACCESS_REFUSED')]);
});
