/**
 * The outbox relay as a function: started every minute by the schedule, which also forgets old inbox rows, and
 * within milliseconds of a commit by the nudge queue. Either way it drains the outbox until it is empty or the
 * deadline is near; two at a time share the work.
 */
import type { Pool } from 'pg';
import type { ClaimCheck } from '../claim-check/claim.ts';
import { purgeInbox } from '../inbox/index.ts';
import { createLogger } from '../logger.ts';
import { createPool } from '../postgres/index.ts';
import { publisherFromEnvironment } from '../routes.ts';
import type { TransportKind } from '../routes.ts';
import type { InvocationContext, SqsBatch, SqsBatchResponse } from '../types.ts';
import { createOutboxProcessor } from './processor.ts';
import type { OutboxProcessor } from './types.ts';

export interface RelayFunctionProps {
  /**
   * Kinds of targets besides those that `publisherFromEnvironment` knows: `[kafkaTopics]`.
   * @default []
   */
  readonly kinds?: readonly TransportKind[];
  /**
   * Moves the data of large events to S3: `s3ClaimCheck()`.
   * @default - a large event is quarantined where its target refuses it
   */
  readonly claimCheck?: Pick<ClaimCheck, 'storing'>;
}

export type RelayHandler = (
  event: Partial<SqsBatch>,
  context: InvocationContext,
) => Promise<SqsBatchResponse>;

/** Milliseconds before the time limit at which nothing new is sent: a call of the publisher takes less. */
const DEADLINE_MARGIN = 5_000;

interface Relay {
  readonly pool: Pool;
  readonly processor: OutboxProcessor;
}

/**
 * Nudges carry nothing: when the drain fails the batch is retried, and the schedule comes anyway.
 *
 * @example
 * export const handler = relayFunction({ kinds: [kafkaTopics] });
 */
export function relayFunction({ kinds = [], claimCheck }: RelayFunctionProps = {}): RelayHandler {
  const logger = createLogger({ fields: { service: 'outbox-relay' } });
  let made: Promise<Relay> | undefined;

  /** One for the process. A failure to make it is not kept. */
  const relay = (): Promise<Relay> => {
    made ??= (async () => {
      const pool = await createPool({ logger });
      const publisher = publisherFromEnvironment([], process.env, kinds, claimCheck);
      return { pool, processor: createOutboxProcessor({ pool, publisher, logger }) };
    })().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };

  return async (event, context) => {
    const { pool, processor } = await relay();
    const deadline = Date.now() + context.getRemainingTimeInMillis() - DEADLINE_MARGIN;
    const result = await processor.processPendingEvents({ deadline });
    if (result.published + result.retried + result.quarantined > 0)
      logger.info('outbox drained', { ...result });
    const scheduled = event.Records === undefined;
    if (scheduled) await purgeInbox(pool);
    return { batchItemFailures: [] };
  };
}
