/** The consumer of the tests behind a queue: the function that is bundled and run by the embedded Lambda. */
import { consume } from '../../../../lambda/runtime/consume.ts';
import { claimOnce } from '../../../../lambda/runtime/cutover/index.ts';
import { createPool, inTransaction } from '../../../../lambda/runtime/postgres/index.ts';
import { keptOnceMade } from '../../../../lambda/service/kept-once-made.ts';
import { Noted } from '../event-store/contracts.ts';

const pool = keptOnceMade(() => createPool({ max: 2 }));

export const handler = consume(
  Noted,
  async (event, { consumer }) => {
    const { eventId, data } = event;
    await inTransaction(await pool(), async (tx) => {
      if (!(await claimOnce(tx, { consumer, transport: 'sns-sqs', eventId }))) return;
      await tx.query(
        `insert into effect (consumer, event_id, note, number, transport) values ($1, $2, $3, $4, 'sns-sqs')`,
        [consumer, eventId, data.note, data.number],
      );
    });
  },
  { consumer: 'recorder' },
);
