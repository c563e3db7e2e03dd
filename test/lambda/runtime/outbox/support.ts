/** Builders and checkers for the outbox tests. */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';

import type { OutboxPublisher } from '../../../../lambda/runtime/outbox/index.ts';
import { enqueue } from '../../../../lambda/runtime/outbox/index.ts';
import type { EncodedMessage, PublishFailure } from '../../../../lambda/runtime/types.ts';

export function message(overrides: Partial<EncodedMessage> = {}): EncodedMessage {
  const eventId = overrides.eventId ?? randomUUID();
  const fields = {
    eventId,
    eventType: 'OrderPlaced',
    eventVersion: '1.0',
    source: 'orders',
    tenantId: 'acme',
    orderingKey: 'acme',
    priority: 'normal' as const,
    ...overrides,
  };
  return { ...fields, body: overrides.body ?? envelopeText(fields) };
}

function envelopeText({
  eventId,
  eventType,
  eventVersion,
  source,
  tenantId,
}: Omit<EncodedMessage, 'body'>): string {
  return JSON.stringify({
    eventId,
    eventType,
    eventVersion,
    source,
    timestamp: new Date().toISOString(),
    correlationId: eventId,
    causationId: null,
    tenantId,
    data: {},
    metadata: { hopCount: 0 },
  });
}

/** `perKey` events of each key, the keys taking turns. */
export function messagesOfKeys(keys: number, perKey: number): EncodedMessage[] {
  return Array.from({ length: keys * perKey }, (_, index) =>
    message({ orderingKey: `acme#${index % keys}` }),
  );
}

/** One transaction each, one after the other. */
export async function write(pool: Pool, messages: readonly EncodedMessage[]): Promise<void> {
  await enqueue(pool, messages);
}

/** What a broker saw, in the order in which it accepted it. */
export class Broker implements OutboxPublisher {
  readonly accepted: EncodedMessage[] = [];
  /** Called for each message before it is accepted: return a failure, or throw for the whole call. */
  judge: (message: EncodedMessage) => Partial<PublishFailure> | undefined = () => undefined;
  /** Awaited before a call is answered. */
  before: (messages: readonly EncodedMessage[]) => Promise<void> | void = () => undefined;

  async send(messages: readonly EncodedMessage[]): Promise<{ failed: PublishFailure[] }> {
    await this.before(messages);
    const failed: PublishFailure[] = [];
    for (const one of messages) {
      const failure = this.judge(one);
      if (failure === undefined) this.accepted.push(one);
      else
        failed.push({
          eventId: one.eventId,
          code: 'Throttled',
          message: 'slow down',
          retryable: true,
          ...failure,
        });
    }
    return { failed };
  }

  get eventIds(): string[] {
    return this.accepted.map(({ eventId }) => eventId);
  }
}

/**
 * The history checker: nothing lost, nothing invented, and the first time that each event of a key was accepted
 * follows the order in which the key's events were written. Returns the number of duplicates.
 */
export function checkHistory(
  written: readonly EncodedMessage[],
  accepted: readonly EncodedMessage[],
): number {
  const problems: string[] = [];
  const seen = new Set<string>();
  const position = new Map(written.map(({ eventId }, index) => [eventId, index]));
  const last = new Map<string, number>();
  for (const { eventId, orderingKey, tenantId } of accepted) {
    const at = position.get(eventId);
    if (at === undefined) problems.push(`${eventId} was never written`);
    else if (!seen.has(eventId) && orderingKey !== tenantId) {
      if (at < (last.get(orderingKey) ?? -1))
        problems.push(`${orderingKey}: event ${at} after ${last.get(orderingKey)}`);
      last.set(orderingKey, at);
    }
    seen.add(eventId);
  }
  for (const { eventId } of written) if (!seen.has(eventId)) problems.push(`${eventId} was lost`);
  if (problems.length > 0) throw new Error(problems.slice(0, 10).join('\n'));
  return accepted.length - seen.size;
}

/** A small generator with a seed, so that a failing run can be repeated. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Retries come at once: no jitter, no wait. */
export const NO_WAIT = (): number => 0;

export async function statuses(pool: Pool): Promise<Record<string, number>> {
  const { rows } = await pool.query<{ status: string; count: number }>(
    'select status, count(*)::int as count from event_outbox group by status',
  );
  return Object.fromEntries(rows.map(({ status, count }) => [status, count]));
}

export async function eventually(check: () => Promise<void> | void, milliseconds = 200_000): Promise<void> {
  const deadline = Date.now() + milliseconds;
  for (;;) {
    try {
      await check();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
