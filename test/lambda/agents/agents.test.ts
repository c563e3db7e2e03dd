/** Each agent's effect on a real database: what it leaves, once, whatever the interleaving, and only where it is live. */
import { randomUUID } from 'node:crypto';
import { beforeEach, describe, expect, test } from '@jest/globals';
import {
  agentConsumes,
  agentNames,
  FeedbackReceived,
  PriorityAssigned,
} from '../../../catalog/agents/index.ts';
import { measuredConsumers } from '../../../lambda/agents/measure.ts';
import { sentimentOf } from '../../../lambda/agents/models/sentiment.ts';
import { moveConsumer } from '../../../lambda/runtime/cutover/index.ts';
import { eventMetrics } from '../../../lambda/runtime/event-store/metrics/index.ts';
import { stableEventId } from '../../../lambda/service/stable-event-id.ts';
import type { Envelope } from '../../../lib/contracts/index.ts';
import { createEnvelope } from '../../../lib/contracts/index.ts';
import { useAgents } from './agents-under-test.ts';
import type { AgentsUnderTest } from './agents-under-test.ts';

const agents = useAgents();
let system: AgentsUnderTest;
beforeEach(() => {
  system = agents();
});

const ANGRY = 'My password leaked, this is terrible and unacceptable';

/** What the first three agents append. */
async function rate(event: Envelope): Promise<readonly [sentiment: Envelope, category: Envelope]> {
  await system.handle('sentiment', event);
  await system.handle('categorisation', event);
  const { feedbackId } = event.data as { readonly feedbackId: string };
  const of = async (type: string) =>
    (await system.recorded(type)).find(
      ({ data }) => (data as { readonly feedbackId: string }).feedbackId === feedbackId,
    )!;
  return [await of('SentimentRated'), await of('FeedbackCategorised')];
}

async function prioritise(event: Envelope): Promise<Envelope> {
  for (const one of await rate(event)) await system.handle('priority', one);
  return (await system.recorded('PriorityAssigned')).at(-1)!;
}

describe('an effect', () => {
  test('is one transaction: the row, the event that follows, the inbox and the evidence', async () => {
    const event = await system.give('f1', ANGRY);

    await system.handle('sentiment', event);

    expect(await system.rows('select feedback_id, label from sentiment_rating')).toEqual([
      { feedback_id: 'f1', label: 'negative' },
    ]);
    expect(await system.recorded('SentimentRated')).toMatchObject([
      {
        tenantId: 'tenant-1',
        causationId: event.eventId,
        correlationId: event.correlationId,
        data: { feedbackId: 'f1', productId: 'atlas', label: 'negative' },
      },
    ]);
    expect(
      await system.rows('select agent, event_id, event_type, ordering_key, transport from handled'),
    ).toEqual([
      {
        agent: 'sentiment',
        event_id: event.eventId,
        event_type: 'FeedbackReceived',
        ordering_key: 'tenant-1#atlas',
        transport: 'postgres',
      },
    ]);
    expect(await system.rows('select consumer from event_inbox')).toEqual([{ consumer: 'sentiment' }]);
  });

  test('is none where one part fails: nothing of it stays', async () => {
    const event = await system.give('f1', ANGRY);
    await system.rows('alter table handled add constraint broken check (false) not valid');
    try {
      await expect(system.handle('sentiment', event)).rejects.toThrow('broken');
    } finally {
      await system.rows('alter table handled drop constraint broken');
    }

    expect(await system.recorded('SentimentRated')).toEqual([]);
    expect(await system.rows('select 1 from sentiment_rating')).toEqual([]);
    expect(await system.rows('select 1 from event_inbox')).toEqual([]);
  });

  test('happens once, however often its event comes, also at the same moment', async () => {
    const event = await system.give('f1', ANGRY);
    const priority = await prioritise(event);
    const again = await system.recorded();
    const handled = await system.rows('select agent, event_id from handled order by sequence');

    for (const one of again) {
      if (one.eventType === 'FeedbackReceived') {
        await Promise.all([system.handle('sentiment', one), system.handle('sentiment', one)]);
        await system.handle('categorisation', one);
      } else if (one.eventType !== 'PriorityAssigned') {
        await Promise.all([system.handle('priority', one), system.handle('priority', one)]);
      }
    }

    expect(priority.data).toMatchObject({ priority: 'urgent' });
    expect(await system.recorded()).toEqual(again);
    expect(await system.rows('select agent, event_id from handled order by sequence')).toEqual(handled);
  });

  test('of an agent that is live elsewhere is none, until it has moved here', async () => {
    const [event, second] = [await system.give('f1', ANGRY), await system.give('f2', 'Fine')];
    await system.handle('sentiment', event);

    await expect(system.handle('sentiment', second, 'redis')).rejects.toMatchObject({
      code: 'WAYBILL_TRANSPORT_NOT_LIVE',
    });
    await moveConsumer(system.pool, { consumer: 'sentiment', to: 'redis', force: true });
    await expect(system.handle('sentiment', second)).rejects.toMatchObject({
      code: 'WAYBILL_TRANSPORT_NOT_LIVE',
    });
    await system.handle('sentiment', event, 'redis');
    await system.handle('sentiment', second, 'redis');

    expect(await system.rows('select transport, event_id from handled order by sequence')).toEqual([
      { transport: 'postgres', event_id: event.eventId },
      { transport: 'redis', event_id: second.eventId },
    ]);
  });

  test.each(agentNames)('%s has none where it is not live', async (agent) => {
    const received = await system.give('f1', ANGRY);
    const [sentiment] = await rate(received);
    await system.rows('truncate handled, consumer_transport');
    await system.rows("insert into consumer_transport (consumer, live_on) values ($1, 'sns-sqs')", agent);
    const assigned = createEnvelope(PriorityAssigned, {
      tenantId: 'tenant-1',
      data: { feedbackId: 'f1', productId: 'atlas', priority: 'urgent', reasons: [] },
    });
    const types = new Set<string>(agentConsumes[agent].map(({ name }) => name));
    const event = [received, sentiment, assigned].find(({ eventType }) => types.has(eventType))!;

    // Of an id of its own: what was handled before is done with wherever it comes. In clear: a seal is of one event.
    const another = (feedbackId: string): Envelope => ({
      ...event,
      eventId: randomUUID(),
      data: { ...(event.data as object), ...(event === received && { text: ANGRY }), feedbackId },
    });

    await expect(system.handle(agent, another('f2'))).rejects.toMatchObject({
      code: 'WAYBILL_TRANSPORT_NOT_LIVE',
    });
    expect(await system.rows('select agent from handled')).toEqual([]);

    await system.handle(agent, another('f3'), 'sns-sqs');
    expect(await system.rows('select agent from handled')).toEqual([{ agent }]);
    // Told once, so that no failure is not the same as nobody who counts.
    expect(await system.rows('select consumer, transport, failed::int from event_attempt_minute')).toEqual([
      { consumer: agent, transport: 'sns-sqs', failed: 0 },
    ]);
  });

  test.each(['redis', 'sns-sqs'] as const)(
    'that fails is counted on %s, and one that is put off is not: the error rate is measured there',
    async (transport) => {
      await system.rows(
        "insert into consumer_transport (consumer, live_on) values ('sentiment', $1)",
        transport,
      );
      const [event, second] = [await system.give('f1', ANGRY), await system.give('f2', 'Fine')];
      await system.handle('sentiment', event, transport);
      await system.rows('alter table handled add constraint broken check (false) not valid');
      try {
        await expect(system.handle('sentiment', second, transport)).rejects.toThrow('broken');
      } finally {
        await system.rows('alter table handled drop constraint broken');
      }
      const elsewhere = transport === 'redis' ? 'sns-sqs' : 'redis';
      await expect(system.handle('sentiment', second, elsewhere)).rejects.toMatchObject({
        code: 'WAYBILL_TRANSPORT_NOT_LIVE',
      });

      const { consumers, errorRate, notMeasured } = await eventMetrics(system.pool, {
        consumers: measuredConsumers,
      });
      const sentiment = consumers.find(({ name }) => name === 'sentiment');
      expect(sentiment?.errorRate).toBeCloseTo(1 / 2, 5);
      expect(errorRate).toBeCloseTo(1 / 2, 5);
      expect(notMeasured.map(({ what }) => what)).not.toContain('consumers.sentiment.errorRate');
      expect(await system.rows('select sum(failed)::int as failed from event_attempt_minute')).toEqual([
        { failed: 1 },
      ]);
    },
  );
});

describe('duplicate-detection', () => {
  const TEXT = 'Export crashes every time since the update';

  test('names what was said first of the same product, and never a duplicate', async () => {
    const events = [
      await system.give('f1', TEXT),
      await system.give('f2', `${TEXT}!`),
      await system.give('f3', TEXT.toUpperCase()),
      await system.give('f4', TEXT, 'hermes'),
      await system.give('f5', 'The invoice shows a wrong address'),
    ];
    for (const event of events) await system.handle('duplicate-detection', event);

    expect((await system.recorded('DuplicateFound')).map(({ data }) => data)).toMatchObject([
      { feedbackId: 'f2', originalId: 'f1', similarity: 1 },
      { feedbackId: 'f3', originalId: 'f1', similarity: 1 },
    ]);
    expect(
      await system.rows('select product_id, feedback_id from original_feedback order by feedback_id'),
    ).toEqual([
      { product_id: 'atlas', feedback_id: 'f1' },
      { product_id: 'hermes', feedback_id: 'f4' },
      { product_id: 'atlas', feedback_id: 'f5' },
    ]);
  });

  test('of another tenant it knows nothing', async () => {
    const event = await system.give('f1', TEXT);
    const elsewhere = createEnvelope(FeedbackReceived, {
      tenantId: 'tenant-2',
      data: { ...(event.data as object), text: TEXT } as never,
    });
    await system.handle('duplicate-detection', event);
    await system.handle('duplicate-detection', elsewhere);

    expect(await system.recorded('DuplicateFound')).toEqual([]);
  });
});

describe('priority', () => {
  test.each([
    ['sentiment first', 0],
    ['category first', 1],
  ])('is assigned once both are known, and is the same: %s', async (_name, first) => {
    const known = await rate(await system.give('f1', ANGRY));

    await system.handle('priority', known[first]!);
    expect(await system.recorded('PriorityAssigned')).toEqual([]);
    await system.handle('priority', known[1 - first]!);

    const assigned = await system.recorded('PriorityAssigned');
    expect(assigned.map(({ eventId, data }) => ({ eventId, data }))).toEqual([
      {
        eventId: stableEventId('tenant-1', 'f1', 'PriorityAssigned'),
        data: {
          feedbackId: 'f1',
          productId: 'atlas',
          priority: 'urgent',
          reasons: ['category security: 4', `sentiment ${sentimentOf(ANGRY).score}: 2`],
        },
      },
    ]);
  });

  test('both at the same moment: one event', async () => {
    for (const id of ['f1', 'f2', 'f3', 'f4', 'f5']) {
      const known = await rate(await system.give(id, ANGRY));
      await Promise.all(known.map((one) => system.handle('priority', one)));
    }

    expect(await system.recorded('PriorityAssigned')).toHaveLength(5);
  });
});

describe('notification', () => {
  test('tells who is on call of what is urgent, support of duplicates, and nobody of what can wait', async () => {
    const urgent = await prioritise(await system.give('f1', ANGRY));
    const low = await prioritise(await system.give('f2', 'Thanks, I love it'));
    await system.handle('duplicate-detection', await system.give('f3', 'one two three four'));
    await system.handle('duplicate-detection', await system.give('f4', 'one two three four'));
    const [duplicate] = await system.recorded('DuplicateFound');
    for (const event of [urgent, low, duplicate!]) await system.handle('notification', event);

    expect(
      await system.rows('select feedback_id, kind, audience, message from notification order by feedback_id'),
    ).toEqual([
      {
        feedback_id: 'f1',
        kind: 'priority',
        audience: 'on-call',
        message: expect.stringContaining('f1 is urgent: category security: 4'),
      },
      { feedback_id: 'f4', kind: 'duplicate', audience: 'support', message: 'f4 says what f3 says' },
    ]);
    expect(await system.rows("select 1 from handled where agent = 'notification'")).toHaveLength(3);
  });
});

describe('roadmap', () => {
  const ORDERS: readonly (readonly number[])[] = [
    [0, 1, 2, 3],
    [3, 2, 1, 0],
    [2, 0, 3, 1],
    [1, 3, 0, 2],
  ];

  test('whatever becomes known first, the sums are the same', async () => {
    const sums: unknown[] = [];
    for (const [number, order] of ORDERS.entries()) {
      const id = `f${number}`;
      const product = `product-${number}`;
      const event = await system.give(id, ANGRY, product);
      const [, category] = await rate(event);
      const events = [
        category,
        await prioritise(event),
        await system.vote(id, 3, 'usr_a'),
        await system.vote(id, -1, 'usr_b'),
      ];
      for (const place of order) await system.handle('roadmap', events[place]!);
      sums.push(
        ...(await system.rows(
          `select category, feedbacks::int, votes::int, urgent::int, high::int, normal::int, low::int
             from roadmap_item where product_id = $1`,
          product,
        )),
      );
    }

    const sum = { category: 'security', feedbacks: 1, votes: 2, urgent: 1, high: 0, normal: 0, low: 0 };
    expect(sums).toEqual(ORDERS.map(() => sum));
  });

  test('events of one feedback at the same moment are all counted', async () => {
    const event = await system.give('f1', ANGRY);
    const [, category] = await rate(event);
    const votes: Envelope[] = [];
    for (let number = 0; number < 6; number += 1) votes.push(await system.vote('f1', 1, `usr_${number}`));

    await Promise.all([category, ...votes].map((one) => system.handle('roadmap', one)));

    expect(await system.rows('select feedbacks::int, votes::int from roadmap_item')).toEqual([
      { feedbacks: 1, votes: 6 },
    ]);
  });
});

describe('weekly-digest', () => {
  test('counts what happened in the ISO week of the event, in UTC', async () => {
    const event = await system.give('f1', ANGRY);
    const at = (timestamp: string, number: number): Envelope => ({
      ...event,
      eventId: `01939c3e-0000-7000-8000-00000000001${number}`,
      timestamp,
    });
    // 2027 begins on a Friday: its first days are of the last week of 2026.
    const times = ['2026-12-31T23:59:59.999Z', '2027-01-03T23:59:59.999Z', '2027-01-04T00:00:00.000Z'];
    for (const [number, time] of times.entries()) await system.handle('weekly-digest', at(time, number));
    const vote = { ...(await system.vote('f1', 4)), timestamp: '2027-01-05T12:00:00.000Z' };
    await system.handle('weekly-digest', vote);

    expect(
      await system.rows('select week, measure, quantity::int from weekly_digest order by week, measure'),
    ).toEqual([
      { week: '2026-W53', measure: 'channel-web', quantity: 2 },
      { week: '2026-W53', measure: 'received', quantity: 2 },
      { week: '2027-W01', measure: 'channel-web', quantity: 1 },
      { week: '2027-W01', measure: 'received', quantity: 1 },
      { week: '2027-W01', measure: 'voted', quantity: 1 },
      { week: '2027-W01', measure: 'votes', quantity: 4 },
    ]);
  });
});
