/**
 * One event's effect in the agents system, once. Where the agent is live, the inbox row, the agent's rows, the events
 * that follow and the evidence of what was handled are one transaction.
 */
import type { Pool } from 'pg';
import { agentsEvents } from '../../catalog/agents/index.ts';
import type { AgentName } from '../../catalog/agents/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { derivedEventId } from '../runtime/consumer/derived-event-id.ts';
import type { TransportName } from '../runtime/cutover/index.ts';
import type { EventStore } from '../runtime/event-store/index.ts';
import type { Sealer } from '../runtime/sealing/index.ts';
import { handleOnceWith } from '../service/handle-once.ts';
import type { Emit, Service, Transaction } from '../service/unit-of-work.ts';

/** What the agents and the feedback API run on. */
export interface AgentsService extends Service {
  /** The record: events are written here and nowhere else, whatever carries them to the agents. */
  readonly store: EventStore;
  /** For the agents that may read what people wrote. */
  readonly sealer: Pick<Sealer, 'open'>;
  readonly pool: Pool;
  /** By which transport this process gets its events. `processOnce` refuses where the agent is live on another. */
  readonly transport: TransportName;
}

/** @throws RuntimeError WAYBILL_TRANSPORT_NOT_LIVE, or whatever `work` or the database threw; nothing is stored then */
export async function handleOnce(
  service: AgentsService,
  agent: AgentName,
  event: Envelope,
  work: (tx: Transaction, emit: Emit) => Promise<void>,
): Promise<void> {
  await handle(service, agent, event, async (tx, emit) => {
    await work(tx, emit);
    return { event_type: event.eventType, transport: service.transport };
  });
}

const handle = handleOnceWith<AgentName>(agentsEvents, (agent) => ({ table: 'handled', columns: { agent } }));

/** The eventId of what an agent found in an event: the same however often it looks. */
export function foundIn(event: Envelope, agent: AgentName, eventType: string): string {
  return derivedEventId(event.eventId, agent, eventType, 0);
}
