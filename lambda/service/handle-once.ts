/**
 * One event's effect, once (D9): the inbox row, the business rows, the row that shows the effect and the
 * events that follow from it are one transaction. A repeated message finds the inbox row and does nothing.
 */
import { orderingKeyOf } from '../../lib/contracts/index.ts';
import type { AnyEventContract, Envelope } from '../../lib/contracts/index.ts';
import { unitOfWork } from './unit-of-work.ts';
import type { Emit, Service, Transaction } from './unit-of-work.ts';

/** Further columns of the consumer's effect. */
export type EffectColumns = Readonly<Record<string, string | number | boolean | null>>;

/** @throws whatever `work` or the database threw; nothing is stored then, and the message comes again */
export type HandleOnce<Consumer extends string> = (
  service: Service,
  consumer: Consumer,
  event: Envelope,
  work: (tx: Transaction, emit: Emit) => Promise<EffectColumns>,
) => Promise<void>;

/** Where a consumer's effects are written, and columns that are the same for all of them. */
export interface EffectTable {
  readonly table: string;
  readonly columns?: EffectColumns;
}

/**
 * @param tableOf - the table has the columns event_id, tenant_id, ordering_key and event_created_at
 */
export function handleOnceWith<Consumer extends string>(
  contracts: readonly AnyEventContract[],
  tableOf: (consumer: Consumer) => EffectTable,
): HandleOnce<Consumer> {
  const byName = new Map(contracts.map((contract) => [contract.name, contract]));
  return async (service, consumer, event, work) => {
    await unitOfWork(service, async (tx, emit) => {
      if (!(await service.processOnce(tx, consumer, event.eventId))) return;
      const columns = await work(tx, emit);
      const { table, columns: common } = tableOf(consumer);
      await recordEffect(tx, table, { ...effectOf(byName, event), ...common, ...columns });
    });
  };
}

function effectOf(contracts: ReadonlyMap<string, AnyEventContract>, event: Envelope): EffectColumns {
  const contract = contracts.get(event.eventType);
  return {
    event_id: event.eventId,
    tenant_id: event.tenantId,
    ordering_key: contract === undefined ? event.tenantId : orderingKeyOf(contract, event),
    event_created_at: event.timestamp,
  };
}

async function recordEffect(tx: Transaction, table: string, columns: EffectColumns): Promise<void> {
  // Names come from this code, never from an event.
  const names = Object.keys(columns);
  const places = names.map((_, index) => `$${index + 1}`);
  await tx.query(
    `insert into ${table} (${names.join(', ')}) values (${places.join(', ')})`,
    Object.values(columns),
  );
}
