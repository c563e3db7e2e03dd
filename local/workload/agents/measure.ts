/** What an agents run left: the record, what each agent handled, and the rows that are its final effects. */
import type { AgentName } from '../../../catalog/agents/index.ts';
import type { QueryDatabase } from '../measure.ts';
import type { Effect } from './effects.ts';
import type { AgentDeadLetter } from './judge.ts';
import type { HandledEvent, RecordedEvent } from './judge-handled.ts';

/** The PostgreSQL schema of the agents system. */
export const AGENTS_SCHEMA = 'agents';

export interface AgentsMeasure {
  readonly record: readonly RecordedEvent[];
  readonly handled: readonly HandledEvent[];
  readonly effects: readonly Effect[];
  readonly agentDeadLetters: readonly AgentDeadLetter[];
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
}

/** The tables of effects: whose they are, what a row is of, and what it says. Of one key there may be several rows. */
export const EFFECT_TABLES: readonly {
  readonly agent: AgentName;
  readonly table: string;
  readonly key: readonly string[];
  readonly value: readonly string[];
}[] = [
  {
    agent: 'sentiment',
    table: 'sentiment_rating',
    key: ['tenant_id', 'feedback_id'],
    value: ['product_id', 'score', 'label'],
  },
  {
    agent: 'categorisation',
    table: 'feedback_category',
    key: ['tenant_id', 'feedback_id'],
    value: ['product_id', 'category', 'confidence'],
  },
  {
    agent: 'duplicate-detection',
    table: 'original_feedback',
    key: ['tenant_id', 'feedback_id'],
    value: ['product_id', 'words'],
  },
  {
    agent: 'duplicate-detection',
    table: 'duplicate_feedback',
    key: ['tenant_id', 'feedback_id'],
    value: ['product_id', 'original_id', 'similarity'],
  },
  {
    agent: 'priority',
    table: 'feedback_priority',
    key: ['tenant_id', 'feedback_id'],
    value: ['product_id', 'score', 'category', 'priority', 'reasons'],
  },
  {
    agent: 'notification',
    table: 'notification',
    key: ['tenant_id', 'feedback_id', 'kind'],
    value: ['product_id', 'audience', 'message'],
  },
  {
    agent: 'roadmap',
    table: 'roadmap_feedback',
    key: ['tenant_id', 'feedback_id'],
    value: ['product_id', 'category', 'priority', 'votes::int'],
  },
  {
    agent: 'roadmap',
    table: 'roadmap_item',
    key: ['tenant_id', 'product_id', 'category'],
    value: ['feedbacks::int', 'votes::int', 'urgent::int', 'high::int', 'normal::int', 'low::int'],
  },
  {
    agent: 'weekly-digest',
    table: 'weekly_digest',
    key: ['tenant_id', 'week', 'measure'],
    value: ['quantity::int'],
  },
  {
    agent: 'webhook-relay',
    table: 'webhook_delivery',
    key: ['tenant_id', 'feedback_id', 'event_type'],
    value: ['outcome', 'status'],
  },
];

/** Events that agents append, which are effects, too. */
export const FOUND_BY: Readonly<Record<string, AgentName>> = {
  SentimentRated: 'sentiment',
  FeedbackCategorised: 'categorisation',
  DuplicateFound: 'duplicate-detection',
  PriorityAssigned: 'priority',
};

export async function measureAgents(database: QueryDatabase): Promise<AgentsMeasure> {
  const [record, handled, rows, agentDeadLetters, latencyMs] = await Promise.all([
    recordOf(database),
    handledOf(database),
    rowsOf(database),
    deadLettersOf(database),
    latencyOf(database),
  ]);
  return { record, handled, effects: [...appendedBy(record), ...rows], agentDeadLetters, latencyMs };
}

/** The events that agents appended, as effects of theirs. */
export function appendedBy(record: readonly RecordedEvent[]): readonly Effect[] {
  return record.flatMap(({ eventType, tenantId, data }) => {
    const agent = FOUND_BY[eventType];
    if (agent === undefined) return [];
    return [{ agent, key: effectKey(eventType, tenantId, String(data['feedbackId'])), value: data }];
  });
}

export function effectKey(...parts: readonly string[]): string {
  return parts.join(' ');
}

/** What people wrote is sealed in the record: the feedback's own row has it, which no agent reads. */
async function recordOf(database: QueryDatabase): Promise<readonly RecordedEvent[]> {
  const { rows } = await database.query(
    `select position::float8 as position, event_id::text as "eventId", event_type as "eventType",
       e.tenant_id as "tenantId", event_data->>'timestamp' as "occurredAt",
       case when event_type = 'FeedbackReceived'
         then (event_data->'data')::jsonb || jsonb_build_object('text', f.text)
         else (event_data->'data')::jsonb end as data
     from ${AGENTS_SCHEMA}.event_store e
     left join ${AGENTS_SCHEMA}.feedback f
       on f.tenant_id = e.tenant_id and f.feedback_id = event_data->'data'->>'feedbackId'
     order by position`,
    [],
  );
  return rows as RecordedEvent[];
}

async function handledOf(database: QueryDatabase): Promise<readonly HandledEvent[]> {
  const { rows } = await database.query(
    `select sequence::float8 as sequence, agent, event_id::text as "eventId", transport
     from ${AGENTS_SCHEMA}.handled order by sequence`,
    [],
  );
  return rows as HandledEvent[];
}

async function rowsOf(database: QueryDatabase): Promise<readonly Effect[]> {
  const effects = await Promise.all(
    EFFECT_TABLES.map(async ({ agent, table, key, value }) => {
      const { rows } = await database.query(
        `select array[${key.join(', ')}]::text[] as key, json_build_object(${value
          .map((column) => `'${nameOf(column)}', ${column}`)
          .join(', ')}) as value
         from ${AGENTS_SCHEMA}.${table}`,
        [],
      );
      return (rows as { readonly key: readonly string[]; readonly value: object }[]).map((row): Effect => ({
        agent,
        key: effectKey(table, ...row.key),
        value: row.value,
      }));
    }),
  );
  return effects.flat();
}

/** `votes::int` is `votes`: a whole number instead of the text of a bigint. */
function nameOf(column: string): string {
  return column.replace(/::.*$/, '');
}

async function deadLettersOf(database: QueryDatabase): Promise<readonly AgentDeadLetter[]> {
  const { rows } = await database.query(
    `select consumer as agent, 'postgres' as transport, event_id::text as "eventId", reason
     from ${AGENTS_SCHEMA}.event_dead_letter where redriven_at is null order by consumer, position`,
    [],
  );
  return rows as AgentDeadLetter[];
}

async function latencyOf(database: QueryDatabase): Promise<AgentsMeasure['latencyMs']> {
  const { rows } = await database.query(
    `select percentile_disc(array[0.5, 0.99]) within group (
       order by extract(epoch from h.handled_at - r.recorded_at)::float8 * 1000) as ms
     from ${AGENTS_SCHEMA}.handled h join ${AGENTS_SCHEMA}.event_store_receipt r using (event_id)`,
    [],
  );
  const [p50, p99] = (rows[0] as { readonly ms: readonly number[] | null }).ms ?? [];
  return p50 === undefined || p99 === undefined ? null : { p50: Math.round(p50), p99: Math.round(p99) };
}
