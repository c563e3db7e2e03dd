/**
 * One event's effect, once (D9): the inbox row, the business rows, the row that shows the effect and the
 * events that follow from it are one transaction. A repeated message finds the inbox row and does nothing.
 */
import { orderingKeyOf } from '../../lib/contracts/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { coreEvents } from '../../catalog/index.ts';
import { EFFECT_TABLES } from './migrations/0002-consumer-tables.ts';
import type { EffectConsumer } from './migrations/0002-consumer-tables.ts';
import { unitOfWork } from '../service/unit-of-work.ts';
import type { Service, Emit, Transaction } from '../service/unit-of-work.ts';

/** Further columns of the consumer's effect table. */
export type EffectColumns = Readonly<Record<string, string | number | boolean | null>>;

const CONTRACTS = new Map(coreEvents.map((contract) => [contract.name as string, contract]));

/** @throws whatever `work` or the database threw; nothing is stored then, and the message comes again */
export async function handleOnce(
  core: Service,
  consumer: EffectConsumer,
  event: Envelope,
  work: (tx: Transaction, emit: Emit) => Promise<EffectColumns>,
): Promise<void> {
  await unitOfWork(core, async (tx, emit) => {
    if (!(await core.processOnce(tx, consumer, event.eventId))) return;
    const columns = await work(tx, emit);
    await recordEffect(tx, consumer, event, columns);
  });
}

async function recordEffect(
  tx: Transaction,
  consumer: EffectConsumer,
  event: Envelope,
  columns: EffectColumns,
): Promise<void> {
  const contract = CONTRACTS.get(event.eventType);
  const orderingKey = contract === undefined ? event.tenantId : orderingKeyOf(contract, event);
  const all: EffectColumns = {
    event_id: event.eventId,
    tenant_id: event.tenantId,
    ordering_key: orderingKey,
    event_created_at: event.timestamp,
    ...columns,
  };
  // Names come from this code, never from an event.
  const names = Object.keys(all);
  const places = names.map((_, index) => `$${index + 1}`);
  await tx.query(
    `insert into ${EFFECT_TABLES[consumer]} (${names.join(', ')}) values (${places.join(', ')})`,
    Object.values(all),
  );
}
