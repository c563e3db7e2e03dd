/** The bridge's side of the broker: what is declared there, how a pick list goes out, and how our own echo is told. */
import { brokerFromEnvironment, createAmqpPublisher, declareTopology } from '../../runtime/amqp/index.ts';
import type { AmqpTopology, IncomingMessage } from '../../runtime/amqp/index.ts';
import { keptOnceMade } from '../../service/kept-once-made.ts';
import type { LegacyMessage } from './pick-list.ts';

export const LEGACY_EXCHANGE = 'legacy.orders';
export const PICK_LISTS_QUEUE = 'pick-lists';
export const STOCK_COUNTS_QUEUE = 'stock-counts';

/** Both directions. Declared by whoever comes first, the same by each. */
export const legacyTopology: AmqpTopology = {
  exchanges: [{ name: LEGACY_EXCHANGE, type: 'topic' }],
  queues: [
    { name: PICK_LISTS_QUEUE, bindings: [{ exchange: LEGACY_EXCHANGE, routingKey: 'order.#' }] },
    { name: STOCK_COUNTS_QUEUE },
  ],
};

const ROUTING_KEY = 'order.confirmed';
/** Marks what we sent. The old system keeps headers when it forwards a message, and can't be told not to forward. */
const ORIGIN_HEADER = 'origin';
const ORIGIN = 'waybill';

const publisher = createAmqpPublisher();
const declared = keptOnceMade(() => declareTopology(brokerFromEnvironment(), legacyTopology));

/** @throws AmqpError when the broker did not confirm it */
export async function sendToLegacy(message: LegacyMessage): Promise<void> {
  await declared();
  await publisher.publish({
    ...message,
    exchange: LEGACY_EXCHANGE,
    routingKey: ROUTING_KEY,
    appId: ORIGIN,
    headers: { [ORIGIN_HEADER]: ORIGIN },
  });
}

/** True for a message that we sent ourselves and that came back. */
export function isOurEcho({ appId, headers }: Pick<IncomingMessage, 'appId' | 'headers'>): boolean {
  return appId === ORIGIN || headers[ORIGIN_HEADER] === ORIGIN;
}
