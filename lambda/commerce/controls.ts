/** The controls of the commerce system's consumers: what may be switched off, and what is called through a breaker. */
import { createControls, isPermanentError } from '../runtime/index.ts';
import type { Dependency } from '../runtime/index.ts';
import type { NotificationSender } from './notifications/senders.ts';
import type { PaymentProvider } from './payments/provider.ts';

/** Switches of the consumer and of its tenants. */
export const controls = createControls();

/** Calls to a provider at a time, of one instance: as many as messages of a batch. */
const MAX_CONCURRENT = 10;

/** A refusal of one request says nothing against the one who refuses. */
const isFailure = (error: unknown): boolean => !isPermanentError(error);

/** @param name one of the construct's `dependencies` */
export function dependency(name: string): Dependency {
  return controls.dependency(name, { maxConcurrent: MAX_CONCURRENT, isFailure });
}

/** The provider through its bulkhead and its breaker: while that is open, commands wait in their queue. */
export function guardedProvider(provider: PaymentProvider, through: Dependency): PaymentProvider {
  return {
    reserve: (request, signal) => through.call((limited) => provider.reserve(request, limited), signal),
    capture: (reference, signal) => through.call((limited) => provider.capture(reference, limited), signal),
    giveBack: (key, signal) => through.call((limited) => provider.giveBack(key, limited), signal),
  };
}

export function guardedSender(sender: NotificationSender, through: Dependency): NotificationSender {
  return {
    channel: sender.channel,
    send: (notification, signal) =>
      through.call((callSignal) => sender.send(notification, callSignal), signal),
  };
}
