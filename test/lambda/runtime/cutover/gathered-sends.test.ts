/** What is asked for while the last call ends must be sent, too. */
import { expect, test } from '@jest/globals';
import type { Pool } from 'pg';

import { gatheredSends } from '../../../../lambda/runtime/cutover/gathered-sends.ts';
import type { PublishFailure } from '../../../../lambda/runtime/types.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('an event that follows the last ones of all calls, in the moment in which these end, is sent', async () => {
  const sent: string[] = [];
  const ends: (() => void)[] = [];
  const pool = {
    query: (_text: string, [eventIds]: [string[]]) =>
      Promise.resolve({ rows: eventIds.map((eventId) => ({ eventId })) }),
  } as unknown as Pick<Pool, 'query'>;
  const send = gatheredSends(pool, async (messages) => {
    sent.push(...messages.map(({ eventId }) => eventId));
    const { promise, resolve } = Promise.withResolvers<{ failed: PublishFailure[] }>();
    ends.push(() => resolve({ failed: [] }));
    return promise;
  });
  const followed: Promise<void>[] = [];
  for (const eventId of ['a', 'b', 'c', 'd']) {
    followed.push(
      send(eventId).then(() => {
        if (eventId === 'a') void send('after a');
      }),
    );
    // One event for each call, so that all calls are under way.
    while (ends.length < followed.length) await turn();
  }

  for (const end of ends) end();
  await Promise.all(followed);
  for (let turns = 0; turns < 10 && !sent.includes('after a'); turns += 1) await turn();

  expect(sent).toContain('after a');
});
