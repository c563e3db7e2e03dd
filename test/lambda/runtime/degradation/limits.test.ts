/** Bulkhead, load shedder and the answers of HTTP functions: what is within one instance. */
import { describe, expect, test } from '@jest/globals';
import { createBulkhead } from '../../../../lambda/runtime/degradation/bulkhead.ts';
import { UnavailableError } from '../../../../lambda/runtime/degradation/errors.ts';
import { sheddingHttp, unavailableResponse } from '../../../../lambda/runtime/degradation/http.ts';
import { createLoadShedder } from '../../../../lambda/runtime/degradation/load-shedder.ts';
import { testClock } from '../fixtures.ts';

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

describe('a bulkhead', () => {
  test('has so many calls under way, so many waiting in their order, and refuses the rest', async () => {
    const bulkhead = createBulkhead({
      dependency: 'search',
      maxConcurrent: 2,
      maxQueued: 2,
      clock: testClock(),
    });
    const ends = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const begun: number[] = [];
    const calls = ends.map((end, index) =>
      bulkhead.call(async () => {
        begun.push(index);
        await end.promise;
      }),
    );

    const refused = await bulkhead.call(async () => {}).catch(codeOf);
    expect(refused).toBe('WAYBILL_BULKHEAD_FULL');
    expect(begun).toEqual([0, 1]);
    expect([bulkhead.underway, bulkhead.waiting]).toEqual([2, 2]);

    ends[1]!.resolve();
    await calls[1];
    ends[0]!.resolve();
    await calls[0];
    // Those that waited begin in their order.
    await new Promise((resolve) => setImmediate(resolve));
    expect(begun).toEqual([0, 1, 2, 3]);

    for (const end of ends) end.resolve();
    await Promise.all(calls);
    expect([bulkhead.underway, bulkhead.waiting]).toEqual([0, 0]);
  });

  test('nobody waits for longer than allowed, or when aborted; a call that fails gives its place back', async () => {
    const clock = testClock();
    const bulkhead = createBulkhead({ dependency: 'search', maxConcurrent: 1, maxWaitSeconds: 3, clock });
    const end = Promise.withResolvers<void>();
    const first = bulkhead.call(() => end.promise);
    const second = bulkhead.call(async () => {}).catch(codeOf);
    await clock.advance(3_000);
    expect(await second).toBe('WAYBILL_BULKHEAD_FULL');

    const controller = new AbortController();
    const third = bulkhead.call(async () => {}, controller.signal).catch((error: unknown) => error);
    controller.abort(new Error('the time limit is near'));
    expect(await third).toMatchObject({ message: 'the time limit is near' });

    end.reject(new Error('down'));
    await first.catch(() => {});
    expect(await bulkhead.call(async () => 'ok')).toBe('ok');
    expect(clock.pending()).toBe(0);
  });
});

describe('a load shedder', () => {
  const outcomes = (shedder: ReturnType<typeof createLoadShedder>) =>
    (['low', 'normal', 'high'] as const).map((priority) => {
      try {
        shedder.take(priority)();
        return 'taken';
      } catch (error) {
        return codeOf(error);
      }
    });

  test.each([
    [7, ['taken', 'taken', 'taken']],
    [8, ['WAYBILL_LOAD_SHED', 'taken', 'taken']],
    [10, ['WAYBILL_LOAD_SHED', 'WAYBILL_LOAD_SHED', 'taken']],
    [50, ['WAYBILL_LOAD_SHED', 'WAYBILL_LOAD_SHED', 'taken']],
  ])('with %d of 10 in work: low, normal and high are %j', (inWork, expected) => {
    const shedder = createLoadShedder({ name: 'orders', maxConcurrent: 10, clock: testClock() });
    for (let one = 0; one < inWork; one += 1) shedder.take('high');
    expect(outcomes(shedder)).toEqual(expected);
  });

  test.each([
    ['low', ['taken', 'taken', 'taken']],
    ['normal', ['WAYBILL_LOAD_SHED', 'taken', 'taken']],
    ['high', ['WAYBILL_LOAD_SHED', 'WAYBILL_LOAD_SHED', 'taken']],
  ] as const)('while %s work is late: low, normal and high are %j', (late, expected) => {
    const shedder = createLoadShedder({ name: 'orders', maxAgeSeconds: 60, clock: testClock() });
    shedder.take(late, 61);
    expect(outcomes(shedder)).toEqual(expected);
  });
});

describe('an HTTP function', () => {
  test('answers 503 with Retry-After for what is unavailable, and nothing for other errors', () => {
    const answer = unavailableResponse(
      new UnavailableError('WAYBILL_BREAKER_OPEN', 'payment-gateway', 29.2),
      'r-1',
    );

    expect(answer).toMatchObject({ statusCode: 503, headers: { 'retry-after': '30' } });
    expect(JSON.parse(answer!.body)).toMatchObject({
      code: 'WAYBILL_BREAKER_OPEN',
      status: 503,
      instance: 'r-1',
    });
    expect(unavailableResponse(new Error('a bug'))).toBeUndefined();
  });

  test('sheds the less important requests first, and lets other errors through', async () => {
    const shedder = createLoadShedder({ name: 'api', maxConcurrent: 1, clock: testClock() });
    const end = Promise.withResolvers<void>();
    const handler = sheddingHttp(
      async ({ path }: { readonly path: string }) => {
        if (path === '/broken') throw new Error('a bug');
        await end.promise;
        return { statusCode: 200 };
      },
      { shedder, priorityOf: ({ path }) => (path === '/orders' ? 'high' : 'low') },
    );
    const first = handler({ path: '/orders' });
    const second = handler({ path: '/orders' });

    expect(await handler({ path: '/activity' })).toMatchObject({
      statusCode: 503,
      headers: { 'retry-after': '30' },
    });
    end.resolve();
    expect(await Promise.all([first, second])).toEqual([{ statusCode: 200 }, { statusCode: 200 }]);
    await expect(handler({ path: '/broken' })).rejects.toThrow('a bug');
    expect(await handler({ path: '/activity' })).toEqual({ statusCode: 200 });
  });
});
