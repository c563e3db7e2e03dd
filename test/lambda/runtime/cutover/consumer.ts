/** The consumer of the tests; apart from the builders, because child processes have no jest. */
import type { Pool } from 'pg';

import { consume } from '../../../../lambda/runtime/consume.ts';
import type { SqsHandler } from '../../../../lambda/runtime/consume.ts';
import { claimEffect } from '../../../../lambda/runtime/cutover/index.ts';
import type { TransportName } from '../../../../lambda/runtime/cutover/index.ts';
import { processOnce } from '../../../../lambda/runtime/inbox/index.ts';
import { inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import type { EnvelopeOf } from '../../../../lib/contracts/index.ts';
import { Noted, silent } from '../event-store/contracts.ts';

type NotedEvent = EnvelopeOf<typeof Noted>;

export interface MovingOptions {
  /** May fail or wait. */
  readonly before?: (event: NotedEvent) => Promise<void> | void;
  /** The same, in the transaction, with the effect claimed and written. */
  readonly within?: (event: NotedEvent) => Promise<void> | void;
}

/** A consumer whose effect is claimed, happens once, and can be looked at. */
export function moving(pool: Pool, transport: TransportName, options: MovingOptions = {}): SqsHandler {
  return consume(
    Noted,
    async (event, context) => {
      await options.before?.(event);
      await inTransaction(pool, async (tx) => {
        await claimEffect(tx, { consumer: context.consumer, transport, configured: 'postgres' });
        if (!(await processOnce(tx, context.consumer, event.eventId))) return;
        await tx.query(
          'insert into effect (consumer, event_id, note, number, transport) values ($1, $2, $3, $4, $5)',
          [context.consumer, event.eventId, event.data.note, event.data.number, transport],
        );
        await options.within?.(event);
      });
    },
    { consumer: 'recorder', logger: silent },
  );
}
