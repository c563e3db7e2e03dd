/** Declares an agent: what it gets, what it does with each event, and that its failures are counted on every transport. */
import { agentConsumes, agentOpens } from '../../catalog/agents/index.ts';
import type { AgentName } from '../../catalog/agents/index.ts';
import type { AnyEventContract, EnvelopeOf } from '../../lib/contracts/index.ts';
import { countFailures } from '../runtime/event-store/metrics/count-failures.ts';
import { consume } from '../runtime/index.ts';
import type { HandlerContext, SqsHandler } from '../runtime/index.ts';
import type { Sealer } from '../runtime/sealing/index.ts';
import type { AgentsService } from './effects.ts';

/** The events that an agent gets. */
export type EventOf<Name extends AgentName> = EnvelopeOf<(typeof agentConsumes)[Name][number]>;

/** On Redis and SQS failures are counted here; subscriptions of the event store count theirs. */
export function agent<Name extends AgentName>(
  name: Name,
  work: (agents: AgentsService, event: EventOf<Name>, context: HandlerContext) => Promise<void>,
): (agents: () => Promise<AgentsService>) => SqsHandler {
  return (agents) => {
    const handle = async (event: EventOf<Name>, context: HandlerContext): Promise<void> =>
      work(await agents(), event, context);
    let counted: typeof handle | undefined;
    const sealer: Pick<Sealer, 'open'> = { open: async (event) => (await agents()).sealer.open(event) };
    return consume<readonly AnyEventContract[]>(
      agentConsumes[name],
      async (given, context) => {
        const event = given as EventOf<Name>;
        const { pool, transport } = await agents();
        if (transport === 'postgres') return handle(event, context);
        counted ??= countFailures(handle, { pool, transport });
        return counted(event, context);
      },
      { consumer: name, ...(agentOpens[name].length > 0 && { sealer }) },
    );
  };
}
