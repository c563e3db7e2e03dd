/** The shadow of an agent behind a queue: it notes what arrives, once, and does nothing of what the agent does. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { agentsService as AgentsServiceOf } from '../../../../lambda/agents/environment.ts';
import type { handler as Shadow } from '../../../../lambda/handlers/agents/shadow.ts';
import type { Envelope } from '../../../../lib/contracts/index.ts';
import { useAgents } from '../../agents/agents-under-test.ts';
import type { AgentsUnderTest } from '../../agents/agents-under-test.ts';
import { record } from '../../runtime/fixtures.ts';

let agentsService: typeof AgentsServiceOf | undefined;
// Before the database goes, whose hooks are registered next.
afterAll(async () => {
  await (await agentsService?.())?.pool.end();
});
const agents = useAgents();
let system: AgentsUnderTest;
let handler: typeof Shadow;

beforeAll(async () => {
  Object.assign(process.env, agents().environment, {
    WAYBILL_TRANSPORT: 'sns-sqs',
    WAYBILL_LOG_LEVEL: 'silent',
  });
  ({ handler } = await import('../../../../lambda/handlers/agents/shadow.ts'));
  ({ agentsService } = await import('../../../../lambda/agents/environment.ts'));
});
beforeEach(() => {
  system = agents();
});

const arrive = (...events: readonly Envelope[]) =>
  handler(
    { Records: events.map((envelope) => record({ envelope, group: 'atlas' })) },
    { getRemainingTimeInMillis: () => 30_000 },
  );
const arrivals = () =>
  system.rows(
    'select consumer, transport, event_id, event_type, deliveries from shadow_arrival order by sequence',
  );

describe('the shadow behind a queue', () => {
  // First: which agent it is, is found out once, and a wrong name is not kept.
  test.each(['', 'sentiment', 'somebody-shadow'])('refuses to be %j', async (consumer) => {
    process.env['WAYBILL_CONSUMER'] = consumer;
    const event = await system.give('f1', 'Too slow');

    await expect(arrive(event)).rejects.toThrow('WAYBILL_CONSUMER');

    expect(await arrivals()).toEqual([]);
  });

  test('notes each arrival under the name of its agent, in their order, and again as a delivery', async () => {
    process.env['WAYBILL_CONSUMER'] = 'sentiment-shadow';
    const [first, second] = [await system.give('f1', 'Too slow'), await system.give('f2', 'Great')];

    expect(await arrive(first, second)).toEqual({ batchItemFailures: [] });
    expect(await arrive(first)).toEqual({ batchItemFailures: [] });

    const noted = { consumer: 'sentiment', transport: 'sns-sqs', event_type: 'FeedbackReceived' };
    expect(await arrivals()).toEqual([
      { ...noted, event_id: first.eventId, deliveries: 2 },
      { ...noted, event_id: second.eventId, deliveries: 1 },
    ]);
  });

  test('has no effect of the agent: the record, the inbox and the ratings stay as they were', async () => {
    const event = await system.give('f1', 'Too slow');

    await arrive(event);

    expect(await system.recorded()).toEqual([event]);
    for (const table of ['sentiment_rating', 'handled', 'event_inbox']) {
      expect(await system.rows(`select * from ${table}`)).toEqual([]);
    }
  });

  test('a note that fails is a message that comes again', async () => {
    const event = await system.give('f1', 'Too slow');
    await system.rows('alter table shadow_arrival rename to hidden');
    try {
      const { batchItemFailures } = (await arrive(event)) as { batchItemFailures: readonly unknown[] };
      expect(batchItemFailures).toHaveLength(1);
    } finally {
      await system.rows('alter table hidden rename to shadow_arrival');
    }
  });
});
