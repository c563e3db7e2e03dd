/** An EventBridge bus for publishing and, through the queues its rules deliver to, for subscribing. */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import type { EventBridgeSender } from '../clients.ts';
import { consume } from '../consume.ts';
import type { ConsumeOptions } from '../consume.ts';
import { poll } from '../poll.ts';
import type { PollOptions } from '../poll.ts';
import { createPublisher } from '../publisher.ts';
import { eventBridgeTransport } from '../transports/event-bridge.ts';
import type { ContractIn, ContractOrContracts, EventBus, Handler } from '../types.ts';

export interface EventBridgeBusProps {
  /** The events it publishes. */
  readonly contracts: readonly AnyEventContract[];
  /** Name or ARN of the bus. */
  readonly eventBusName: string;
  /** @default - one client per process, see clients.ts */
  readonly client?: EventBridgeSender;
}

/** With a `queueUrl` the queue is polled by this process; without, `process` is the handler of a function. */
export interface EventBridgeSubscribeOptions extends ConsumeOptions, Omit<PollOptions, 'concurrency'> {}

/**
 * Rules and queues are deployed (construct `MessageBus`), not made at run time: a subscription says who handles
 * what a rule puts into its queue.
 *
 * @example in a function behind the queue of a rule
 * export const handler = bus.subscribe(OrderPlaced, async (event) => ship(event.data)).process;
 *
 * @example in a service
 * const subscription = bus.subscribe(OrderPlaced, async (event) => ship(event.data), { queueUrl });
 */
export function eventBridgeBus(props: EventBridgeBusProps): EventBus<EventBridgeSubscribeOptions> {
  const publisher = createPublisher({ contracts: props.contracts, transport: eventBridgeTransport(props) });
  return {
    ...publisher,
    subscribe<const Given extends ContractOrContracts>(
      contracts: Given,
      handler: Handler<ContractIn<Given>>,
      options: EventBridgeSubscribeOptions = {},
    ) {
      const poller = options.queueUrl === undefined ? undefined : poll(contracts, handler, options);
      return {
        process: consume(contracts, handler, options),
        async close() {
          await poller?.stop();
        },
      };
    },
  };
}
