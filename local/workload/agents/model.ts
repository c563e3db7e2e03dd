/**
 * The control run: what the eight agents should leave, computed from what people sent, in the order of the record, by one
 * process without a database, a transport or an agent. Only the deterministic models of texts are the agents' own.
 */
import { categoryOf } from '../../../lambda/agents/models/category.ts';
import { priorityOf } from '../../../lambda/agents/models/priority.ts';
import { sentimentOf } from '../../../lambda/agents/models/sentiment.ts';
import { originalOf, tellingWords } from '../../../lambda/agents/models/similarity.ts';
import type { KnownText } from '../../../lambda/agents/models/similarity.ts';
import type { AgentName } from '../../../catalog/agents/index.ts';
import type { Effect } from './effects.ts';
import { keyOf } from './judge-handled.ts';
import type { RecordedEvent } from './judge-handled.ts';
import { effectKey } from './measure.ts';

export interface ModelOptions {
  /** Tenants that have an endpoint; the others' deliveries are noted as having none. */
  readonly tenantsWithEndpoint: ReadonlySet<string>;
}

/** The newest originals that new feedback is compared with. */
const ORIGINALS_COMPARED = 500;
const PRIORITIES = ['urgent', 'high', 'normal', 'low'] as const;
const DELIVERED = { outcome: 'delivered', status: 200 };
const NO_ENDPOINT = { outcome: 'no-endpoint', status: null };

interface Feedback {
  readonly event: RecordedEvent;
  readonly tenantId: string;
  readonly feedbackId: string;
  readonly productId: string;
  readonly channel: string;
  readonly sentiment: ReturnType<typeof sentimentOf>;
  readonly categorisation: ReturnType<typeof categoryOf>;
  readonly assessment: ReturnType<typeof priorityOf>;
  /** What a duplicate is compared by. */
  readonly words: readonly string[];
  readonly original: ReturnType<typeof originalOf>;
  readonly votes: readonly RecordedEvent[];
}

/** @param record all events; those that agents appended are looked at for nothing but their time */
export function expectedEffects(
  record: readonly RecordedEvent[],
  { tenantsWithEndpoint }: ModelOptions,
): readonly Effect[] {
  const feedbacks = feedbacksOf(record.toSorted((left, right) => left.position - right.position));
  return [
    ...feedbacks.flatMap((feedback) => [
      ...ofSentiment(feedback),
      ...ofCategorisation(feedback),
      ...ofDuplicateDetection(feedback),
      ...ofPriority(feedback),
      ...ofNotification(feedback),
      ...ofWebhookRelay(feedback, tenantsWithEndpoint),
    ]),
    ...ofRoadmap(feedbacks),
    ...ofWeeklyDigest(feedbacks, timesOf(record)),
  ];
}

function feedbacksOf(record: readonly RecordedEvent[]): readonly Feedback[] {
  const originalsOf = new Map<string, KnownText[]>();
  const votesOf = Map.groupBy(
    record.filter(({ eventType }) => eventType === 'FeedbackVoted'),
    ({ tenantId, data }) => effectKey(tenantId, String(data['feedbackId'])),
  );
  const seen = new Set<string>();
  return record.flatMap((event) => {
    if (event.eventType !== 'FeedbackReceived' || seen.has(event.eventId)) return [];
    seen.add(event.eventId);
    const { tenantId } = event;
    const { feedbackId, productId, channel, text } = event.data as Readonly<Record<string, string>> & {
      readonly feedbackId: string;
      readonly productId: string;
      readonly channel: string;
      readonly text: string;
    };
    const sentiment = sentimentOf(text);
    const categorisation = categoryOf(text);
    const words = tellingWords(text);
    const originals = originalsOf.get(keyOf(event)) ?? [];
    originalsOf.set(keyOf(event), originals);
    const original = originalOf(words, originals.slice(-ORIGINALS_COMPARED));
    if (original === undefined) originals.push({ feedbackId, words });
    return [
      {
        event,
        tenantId,
        feedbackId,
        productId,
        channel,
        sentiment,
        categorisation,
        assessment: priorityOf(categorisation.category, sentiment.score),
        words,
        original,
        votes: votesOf.get(effectKey(tenantId, feedbackId)) ?? [],
      },
    ];
  });
}

/** An event that is appended, with the same in the agent's table. */
function found(
  agent: AgentName,
  { tenantId, feedbackId, productId }: Feedback,
  eventType: string,
  table: string,
  data: object,
): readonly Effect[] {
  return [
    {
      agent,
      key: effectKey(eventType, tenantId, feedbackId),
      value: { feedbackId, productId, ...data },
    },
    {
      agent,
      key: effectKey(table, tenantId, feedbackId),
      value: { product_id: productId, ...data },
    },
  ];
}

function ofSentiment(feedback: Feedback): readonly Effect[] {
  const { score, label } = feedback.sentiment;
  return found('sentiment', feedback, 'SentimentRated', 'sentiment_rating', { score, label });
}

function ofCategorisation(feedback: Feedback): readonly Effect[] {
  const { category, confidence } = feedback.categorisation;
  const data = { category, confidence };
  return found('categorisation', feedback, 'FeedbackCategorised', 'feedback_category', data);
}

function ofDuplicateDetection(feedback: Feedback): readonly Effect[] {
  const { tenantId, feedbackId, productId, words, original } = feedback;
  const agent = 'duplicate-detection';
  if (original === undefined) {
    const value = { product_id: productId, words };
    return [{ agent, key: effectKey('original_feedback', tenantId, feedbackId), value }];
  }
  const { originalId, similarity } = original;
  return [
    {
      agent,
      key: effectKey('DuplicateFound', tenantId, feedbackId),
      value: { feedbackId, productId, originalId, similarity },
    },
    {
      agent,
      key: effectKey('duplicate_feedback', tenantId, feedbackId),
      value: { product_id: productId, original_id: originalId, similarity },
    },
  ];
}

function ofPriority(feedback: Feedback): readonly Effect[] {
  const { tenantId, feedbackId, productId, sentiment, categorisation, assessment } = feedback;
  const { priority, reasons } = assessment;
  return [
    {
      agent: 'priority',
      key: effectKey('PriorityAssigned', tenantId, feedbackId),
      value: { feedbackId, productId, priority, reasons },
    },
    {
      agent: 'priority',
      key: effectKey('feedback_priority', tenantId, feedbackId),
      value: {
        product_id: productId,
        score: sentiment.score,
        category: categorisation.category,
        priority,
        reasons,
      },
    },
  ];
}

function ofNotification(feedback: Feedback): readonly Effect[] {
  const { tenantId, feedbackId, productId, assessment, original } = feedback;
  const { priority, reasons } = assessment;
  const told = (kind: string, audience: string, message: string): Effect => ({
    agent: 'notification',
    key: effectKey('notification', tenantId, feedbackId, kind),
    value: { product_id: productId, audience, message },
  });
  const isPressing = priority === 'urgent' || priority === 'high';
  const audience = priority === 'urgent' ? 'on-call' : 'product-team';
  return [
    ...(isPressing
      ? [told('priority', audience, `${feedbackId} is ${priority}: ${reasons.join(', ')}`)]
      : []),
    ...(original === undefined
      ? []
      : [told('duplicate', 'support', `${feedbackId} says what ${original.originalId} says`)]),
  ];
}

function ofWebhookRelay(
  { tenantId, feedbackId, original }: Feedback,
  tenantsWithEndpoint: ReadonlySet<string>,
): readonly Effect[] {
  const value = tenantsWithEndpoint.has(tenantId) ? DELIVERED : NO_ENDPOINT;
  const types = ['PriorityAssigned', ...(original === undefined ? [] : ['DuplicateFound'])];
  return types.map((eventType) => ({
    agent: 'webhook-relay',
    key: effectKey('webhook_delivery', tenantId, feedbackId, eventType),
    value,
  }));
}

function ofRoadmap(feedbacks: readonly Feedback[]): readonly Effect[] {
  const known = feedbacks.map((feedback) => ({ ...feedback, votes: weightOf(feedback.votes) }));
  const items = Map.groupBy(known, ({ tenantId, productId, categorisation }) =>
    effectKey('roadmap_item', tenantId, productId, categorisation.category),
  );
  return [
    ...known.map(({ tenantId, feedbackId, productId, categorisation, assessment, votes }): Effect => ({
      agent: 'roadmap',
      key: effectKey('roadmap_feedback', tenantId, feedbackId),
      value: {
        product_id: productId,
        category: categorisation.category,
        priority: assessment.priority,
        votes,
      },
    })),
    ...[...items].map(([key, of]): Effect => ({
      agent: 'roadmap',
      key,
      value: {
        feedbacks: of.length,
        votes: of.reduce((sum, { votes }) => sum + votes, 0),
        ...Object.fromEntries(
          PRIORITIES.map((name) => [
            name,
            of.filter(({ assessment }) => assessment.priority === name).length,
          ]),
        ),
      },
    })),
  ];
}

function weightOf(votes: readonly RecordedEvent[]): number {
  return votes.reduce((sum, { data }) => sum + Number(data['weight']), 0);
}

/** When what was found was found: of one feedback there is one event of each type. */
type Times = (eventType: string, feedback: Feedback) => string;

function timesOf(record: readonly RecordedEvent[]): Times {
  const keyed = ({ eventType, tenantId, data, occurredAt }: RecordedEvent): [string, string] => [
    effectKey(eventType, tenantId, String(data['feedbackId'])),
    occurredAt,
  ];
  const times = new Map(record.map(keyed));
  // What should have been found and was not counts for the week of its feedback.
  return (eventType, { tenantId, feedbackId, event }) =>
    times.get(effectKey(eventType, tenantId, feedbackId)) ?? event.occurredAt;
}

function ofWeeklyDigest(feedbacks: readonly Feedback[], timeOf: Times): readonly Effect[] {
  const sums = new Map<string, number>();
  const add = (tenantId: string, at: string, measure: string, quantity = 1): void => {
    const key = effectKey('weekly_digest', tenantId, isoWeek(at), measure);
    sums.set(key, (sums.get(key) ?? 0) + quantity);
  };
  for (const feedback of feedbacks) {
    const { tenantId, event, channel, sentiment, categorisation, assessment, original, votes } = feedback;
    add(tenantId, event.occurredAt, 'received');
    add(tenantId, event.occurredAt, `channel-${channel}`);
    add(tenantId, timeOf('SentimentRated', feedback), `sentiment-${sentiment.label}`);
    add(tenantId, timeOf('FeedbackCategorised', feedback), `category-${categorisation.category}`);
    add(tenantId, timeOf('PriorityAssigned', feedback), `priority-${assessment.priority}`);
    if (original !== undefined) add(tenantId, timeOf('DuplicateFound', feedback), 'duplicates');
    for (const { occurredAt, data } of votes) {
      add(tenantId, occurredAt, 'voted');
      add(tenantId, occurredAt, 'votes', Number(data['weight']));
    }
  }
  return [...sums].map(([key, quantity]) => ({ agent: 'weekly-digest', key, value: { quantity } }));
}

const DAY_MS = 86_400_000;

/** The week of ISO 8601, in UTC: that of its Thursday. */
export function isoWeek(at: string): string {
  const day = new Date(at);
  const weekday = (day.getUTCDay() + 6) % 7;
  const thursday = new Date(
    Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 3 - weekday),
  );
  const first = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = 1 + Math.floor((thursday.getTime() - first) / (7 * DAY_MS));
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, '0')}`;
}
