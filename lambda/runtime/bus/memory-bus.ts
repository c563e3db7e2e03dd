/**
 * An event bus inside one process, for unit tests: events travel as JSON bodies through the same consumer core
 * as behind SQS, so that a contract a test breaks is broken in AWS too.
 */
import type { AnyEventContract } from '../../../lib/contracts/index.ts';
import { consume } from '../consume.ts';
import type { ConsumeOptions } from '../consume.ts';
import { consumerFrom, contractsIn } from '../consumer/consumer-options.ts';
import { eventRecord } from '../consumer/event-record.ts';
import { handleMessage } from '../consumer/handle-message.ts';
import type { Consumer, DeadLetter, MessageRun } from '../consumer/handle-message.ts';
import { isAcknowledged } from '../consumer/outcome.ts';
import { createLogger } from '../logger.ts';
import { createPublisher } from '../publisher.ts';
import { groupIdOf } from '../transports/group-id.ts';
import { memoryTransport } from '../transports/memory.ts';
import type { ContractIn, ContractOrContracts, EncodedMessage, EventBus, Handler } from '../types.ts';

export interface MemoryBusProps {
  /** The events it carries. */
  readonly contracts: readonly AnyEventContract[];
  /**
   * Deliveries of an event to one subscription after which it is dead.
   * @default 3
   */
  readonly maxReceiveCount?: number;
}

export interface MemoryDeadLetter extends DeadLetter {
  readonly consumer: string;
  readonly message: EncodedMessage;
}

export interface MemoryBus extends EventBus<ConsumeOptions> {
  /** Everything published, in order. */
  readonly sent: readonly EncodedMessage[];
  /** What a subscription could not handle in `maxReceiveCount` deliveries. */
  readonly deadLetters: readonly MemoryDeadLetter[];
  /** Resolves when everything published so far, and all that followed from it, was handled or is dead. */
  idle(): Promise<void>;
}

const DEFAULT_MAX_RECEIVE_COUNT = 3;

/**
 * Each subscription gets every event of its contracts, in order per ordering key, again at once when its
 * handler throws.
 *
 * @example
 * const bus = memoryBus({ contracts: [OrderPlaced] });
 * bus.subscribe(OrderPlaced, async (event) => shipments.push(event.data.orderId));
 * await bus.publish(createEnvelope(OrderPlaced, { tenantId: 'acme', data }));
 * await bus.idle();
 */
export function memoryBus(props: MemoryBusProps): MemoryBus {
  const transport = memoryTransport();
  const publisher = createPublisher({ contracts: props.contracts, transport });
  const deadLetters: MemoryDeadLetter[] = [];
  const maxReceiveCount = props.maxReceiveCount ?? DEFAULT_MAX_RECEIVE_COUNT;
  const underway = new Set<Promise<void>>();
  const silent = createLogger({ level: 'silent' });
  let subscriptions = 0;

  return {
    ...publisher,
    sent: transport.sent,
    deadLetters,
    async idle() {
      while (underway.size > 0) await Promise.all(underway);
    },
    subscribe<const Given extends ContractOrContracts>(
      contracts: Given,
      handler: Handler<ContractIn<Given>>,
      options: ConsumeOptions = {},
    ) {
      subscriptions += 1;
      const name = options.consumer ?? `subscription-${subscriptions}`;
      const settings = { publisher, logger: silent, maxReceiveCount, ...options, consumer: name };
      const consumer = consumerFrom(contractsIn(contracts), handler, settings);
      const names = new Set(consumer.contracts.map((contract: AnyEventContract) => contract.name));
      const lanes = new Map<string, Promise<void>>();

      const end = transport.onMessage((message) => {
        if (!names.has(message.eventType)) return;
        const run: MessageRun = {
          signal: new AbortController().signal,
          isOver: () => false,
          async deadLetter(_record, letter) {
            deadLetters.push({ consumer: name, message, ...letter });
            return true;
          },
        };
        const lane = groupIdOf(message);
        const delivery = (lanes.get(lane) ?? Promise.resolve()).then(() => deliver(consumer, message, run));
        lanes.set(lane, delivery);
        underway.add(delivery);
        void delivery.finally(() => underway.delete(delivery));
      });

      return {
        process: consume(contracts, handler, settings),
        async close() {
          end();
          await Promise.all(lanes.values());
        },
      };
    },
  };
}

/** Hands a message over until it is acknowledged. At its last receive the core dead-letters what still fails. */
async function deliver<Contract extends AnyEventContract>(
  consumer: Consumer<Contract>,
  message: EncodedMessage,
  run: MessageRun,
): Promise<void> {
  for (let receiveCount = 1; ; receiveCount += 1) {
    const outcome = await handleMessage(
      consumer,
      eventRecord(message, groupIdOf(message), receiveCount),
      run,
    );
    if (isAcknowledged(outcome)) return;
  }
}
