/**
 * The model against the agents themselves, on PostgreSQL: both come to the same, and the verdict on what is really in the
 * tables turns red when an effect of theirs is taken away, doubled or changed.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Pool } from 'pg';
import type { PoolClient } from 'pg';
import { agentNames, FeedbackVoted } from '../../../../catalog/agents/index.ts';
import { agentsByName } from '../../../../lambda/agents/all.ts';
import { giveFeedback } from '../../../../lambda/agents/api/feedback.ts';
import { agentsMigrations } from '../../../../lambda/agents/migrations/index.ts';
import { agentsOn } from '../../../../lambda/agents/service.ts';
import { createEnvelope } from '../../../../lib/contracts/index.ts';
import { migrate } from '../../../../lambda/runtime/postgres/index.ts';
import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription } from '../../../../lambda/runtime/subscription/index.ts';
import { createLogger } from '../../../../lambda/runtime/index.ts';
import { agentsFailures, verdictsOf } from '../../../../local/workload/agents/judge.ts';
import type { AgentsOutcome, TakenEntry } from '../../../../local/workload/agents/judge.ts';
import { AGENTS_SCHEMA, measureAgents } from '../../../../local/workload/agents/measure.ts';
import { expectedEffects, isoWeek } from '../../../../local/workload/agents/model.ts';
import type { QueryDatabase } from '../../../../local/workload/measure.ts';
import { planFeedback } from '../../../../local/workload/agents/plan.ts';
import { useDatabase } from '../../../support/postgres.ts';
import { keptDataKeys } from '../../../support/sealing.ts';

const database = useDatabase({ migrated: false });
const ENTRIES = 90;
/** Milliseconds. */
const TIMEOUT = 600_000;
const logger = createLogger({ write: () => {} });

let pool: Pool;
let taken: readonly TakenEntry[];
const subscriptions: EventSubscription[] = [];

beforeAll(async () => {
  pool = new Pool({
    connectionString: database().url,
    options: `-c search_path=${AGENTS_SCHEMA}`,
    max: 20,
    allowExitOnIdle: true,
  });
  pool.on('error', () => undefined);
  await database().pool.query(`create schema ${AGENTS_SCHEMA}`);
  await migrate(pool, agentsMigrations);
  const service = agentsOn({ pool, transport: 'postgres', logger, dataKeys: keptDataKeys() });
  for (const name of agentNames) {
    const consumer = agentsByName[name](() => Promise.resolve(service));
    subscriptions.push(await subscribe({ consumer, store: service.store, logger }));
  }
  taken = await Promise.all(
    planFeedback({ seed: 3, count: ENTRIES }).map(async (entry): Promise<TakenEntry> => {
      const { tenantId, userId } = entry;
      if (entry.kind === 'vote') {
        const { weight, feedback } = entry;
        const feedbackId = `fbk_${feedback}`;
        const data = { feedbackId, productId: productOf(feedback), userId, weight };
        await service.store.append(`${tenantId}/vote/${entry.index}`, [
          createEnvelope(FeedbackVoted, { tenantId, data }),
        ]);
        return { kind: 'vote', tenantId, feedbackId, userId, weight };
      }
      const feedbackId = `fbk_${entry.index}`;
      await giveFeedback(service, { tenantId, userId, role: 'member' }, feedbackId, entry.body);
      return { kind: 'feedback', tenantId, feedbackId };
    }),
  );
  await quiet();
}, TIMEOUT);

afterAll(async () => {
  await Promise.all(subscriptions.map((subscription) => subscription.stop()));
  await pool.end();
}, TIMEOUT);

function productOf(index: number): string {
  const entry = planFeedback({ seed: 3, count: ENTRIES })[index];
  return entry === undefined || entry.kind === 'vote' ? '' : entry.body.productId;
}

/** Until nothing is lost any more: however long a busy machine takes, within the time of the hook. */
async function quiet(): Promise<void> {
  for (let before = 0; ; await delay(250)) {
    const judged = await outcome();
    const { length } = judged.record;
    const isHandled = verdictsOf(judged).every(({ handling }) => handling.lost.length === 0);
    // Record and what was handled are not read in one moment: an agent may have appended between the two.
    if (length > 0 && isHandled && length === before) return;
    before = length;
  }
}

async function outcome(): Promise<AgentsOutcome> {
  const measured = await measureAgents(pool);
  return {
    ...measured,
    consumers: [],
    deadLetters: [],
    denials: [],
    alarms: [],
    retried: 0,
    seconds: 1,
    waitingFor: [],
    expectedEffects: expectedEffects(measured.record, { tenantsWithEndpoint: new Set() }),
    taken: taken ?? [],
    route: ['postgres'],
    moves: [],
    parity: [],
    status: [],
    receiver: { taken: 0, repeated: 0, badSignatures: 0 },
    unexpectedAnswers: {},
    refused: 0,
    killed: undefined,
  };
}

/** A transaction's queries, which one connection takes in turn. */
function oneByOne(client: PoolClient): QueryDatabase {
  let last: Promise<unknown> = Promise.resolve();
  return {
    query: (text, values) => {
      const next = last.then(() => client.query(text, [...values]));
      last = next;
      return next;
    },
  };
}

/** What the judge says while the change is there. */
async function failuresWith(...changes: readonly string[]): Promise<string> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const change of changes) await client.query(change);
    const measured = await measureAgents(oneByOne(client));
    return agentsFailures({ ...(await outcome()), ...measured }).join('\n');
  } finally {
    await client.query('rollback');
    client.release();
  }
}

test('agents and model come to the same, each event once and in order', async () => {
  const judged = await outcome();
  expect(agentsFailures(judged)).toEqual([]);
  // All kinds of effects were there to be compared.
  for (const { effects } of verdictsOf(judged)) expect(effects.found).toBeGreaterThan(5);
});

test.each([
  [
    'a rating is gone',
    `delete from sentiment_rating where ctid in (select ctid from sentiment_rating limit 1)`,
    'sentiment lacks 1 effects',
  ],
  [
    'an aggregate counts a vote twice',
    `update roadmap_item set votes = votes + 1 where ctid in (select ctid from roadmap_item limit 1)`,
    'roadmap had 1 other effects than in the control run',
  ],
  [
    'a week counts an event twice',
    `update weekly_digest_of_product set quantity = quantity + 1
       where ctid in (select ctid from weekly_digest_of_product limit 1)`,
    'weekly-digest had 1 other effects than in the control run',
  ],
  [
    'a notification is there twice',
    `insert into notification select tenant_id, gen_random_uuid(), feedback_id, product_id, kind, audience, message
       from notification limit 1`,
    'notification had 1 effects more than once',
  ],
  [
    'a delivery to nobody',
    `update webhook_delivery set outcome = 'delivered', status = 200 where ctid in (select ctid from webhook_delivery limit 1)`,
    'webhook-relay had 1 other effects than in the control run',
  ],
  [
    'another original',
    `update duplicate_feedback set original_id = 'fbk_other' where ctid in (select ctid from duplicate_feedback limit 1)`,
    'duplicate-detection had 1 other effects than in the control run',
  ],
  [
    'an event is handled twice',
    `insert into handled (agent, event_id, event_type, tenant_id, ordering_key, transport, event_created_at)
       select agent, event_id, event_type, tenant_id, ordering_key, transport, event_created_at
       from handled where agent = 'priority' order by sequence desc limit 1`,
    'priority handled 1 events more than once',
  ],
  [
    'an event is not handled',
    `delete from handled where sequence in (select sequence from handled where agent = 'categorisation' limit 1)`,
    'categorisation lost 1 events',
  ],
  [
    'the first event is handled last',
    `update handled set sequence = sequence + 1000000 where sequence in (select min(sequence) from handled
       where agent = 'sentiment' and ordering_key = 'tenant-1#atlas')`,
    'sentiment handled 1 events after a later one of the same key',
  ],
  [
    'what was found is in the record twice',
    `insert into event_store (position, recorded_at, stream, version, event_id, tenant_id, event_type, event_version, source,
       ordering_key, event_data)
     select position + 1000000, recorded_at, stream, version, gen_random_uuid(), tenant_id, event_type, event_version, source,
       ordering_key, event_data from event_store where event_type = 'PriorityAssigned' limit 1`,
    'priority had 1 effects more than once',
  ],
])('%s: the verdict is red', async (_, change, told) => {
  expect(await failuresWith(change)).toContain(told);
});

test.each([
  ['2026-01-01T00:00:00Z', '2026-W01'],
  ['2025-12-29T00:00:00Z', '2026-W01'],
  ['2027-01-03T23:59:59Z', '2026-W53'],
  ['2026-11-22T23:59:59Z', '2026-W47'],
  ['2026-11-23T00:00:00Z', '2026-W48'],
])('%s is in the week %s', (at, week) => {
  expect(isoWeek(at)).toBe(week);
});
