/** The agents' service on a database: events go to the event store in the transaction of the effect. */
import type { Pool } from 'pg';
import { agentsEvents } from '../../catalog/agents/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { claimOnce } from '../runtime/cutover/index.ts';
import type { TransportName } from '../runtime/cutover/index.ts';
import { createEventStore } from '../runtime/event-store/index.ts';
import type { Logger } from '../runtime/logger.ts';
import { createSealer, kmsDataKeys, postgresSubjectKeys } from '../runtime/sealing/index.ts';
import type { DataKeys } from '../runtime/sealing/index.ts';
import { databaseOf } from '../service/database.ts';
import type { Transaction } from '../service/unit-of-work.ts';
import type { AgentsService } from './effects.ts';

export interface AgentsServiceProps {
  readonly pool: Pool;
  readonly transport: TransportName;
  readonly logger?: Logger;
  /** @default - of KMS: whatever needs sealing fails without a grant, and what people wrote never lies in clear */
  readonly dataKeys?: DataKeys;
}

export function agentsOn({
  pool,
  transport,
  logger,
  dataKeys = kmsDataKeys(),
}: AgentsServiceProps): AgentsService {
  const sealer = createSealer({ dataKeys, subjectKeys: postgresSubjectKeys({ pool }) });
  const store = createEventStore({ pool, contracts: agentsEvents, sealer, ...(logger && { logger }) });
  return {
    pool,
    store,
    sealer,
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
