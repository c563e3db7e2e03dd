/** The agents' service on a database: events go to the event store in the transaction of the effect. */
import type { Pool } from 'pg';
import { agentsEvents } from '../../catalog/agents/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { claimOnce } from '../runtime/cutover/index.ts';
import type { TransportName } from '../runtime/cutover/index.ts';
import { createEventStore } from '../runtime/event-store/index.ts';
import type { Logger } from '../runtime/logger.ts';
import { databaseOf } from '../service/database.ts';
import type { Transaction } from '../service/unit-of-work.ts';
import type { AgentsService } from './effects.ts';

export interface AgentsServiceProps {
  readonly pool: Pool;
  readonly transport: TransportName;
  readonly logger?: Logger;
}

export function agentsOn({ pool, transport, logger }: AgentsServiceProps): AgentsService {
  const store = createEventStore({ pool, contracts: agentsEvents, ...(logger && { logger }) });
  return {
    pool,
    store,
    transport,
    database: databaseOf(pool),
    enqueue: async (tx: Transaction, events: readonly Envelope[]) => {
      // Streams of feedbacks, not of products: an append locks its stream until the commit.
      for (const event of events) await store.appendWithin(tx, streamOf(event), [event]);
    },
    nudge: store.nudge,
    processOnce: (tx, consumer, eventId) => claimOnce(tx, { consumer, transport, eventId }),
  };
}

/** All events of this system are about one feedback. */
export function streamOf({ tenantId, data }: Pick<Envelope, 'tenantId' | 'data'>): string {
  const { feedbackId } = data as { readonly feedbackId: string };
  return `${tenantId}/feedback/${feedbackId}`;
}
