/** The payment provider, behind an interface: a circuit breaker wraps it, and a real one takes its place. */
import { createHash } from 'node:crypto';
import type { Money, PaymentMethod } from '../../../catalog/commerce/index.ts';

export interface ReservationRequest {
  /** The same for every try of one order: the provider reserves once. */
  readonly idempotencyKey: string;
  readonly amount: Money;
  readonly paymentMethod: PaymentMethod;
}

export type ReservationAnswer =
  | { readonly accepted: true; readonly reference: string }
  | { readonly accepted: false };

/**
 * All calls are safe to repeat, and end when their signal is aborted. They throw PaymentProviderUnavailable when the
 * provider can't be asked now.
 */
export interface PaymentProvider {
  reserve(request: ReservationRequest, signal: AbortSignal): Promise<ReservationAnswer>;
  /** @returns false when there is no such reservation any more */
  capture(reference: string, signal: AbortSignal): Promise<boolean>;
  /** Gives back what was reserved or captured under the key, if anything was. */
  giveBack(idempotencyKey: string, signal: AbortSignal): Promise<void>;
}

/** To be tried again. */
export class PaymentProviderUnavailable extends Error {
  readonly code = 'PAYMENT_PROVIDER_UNAVAILABLE';

  constructor(options?: ErrorOptions) {
    super('the payment provider can not be reached', options);
    this.name = 'PaymentProviderUnavailable';
  }
}

const REFERENCE_LENGTH = 12;

/** A provider that declines one method and takes the others, and that keeps no state: it answers by what it is asked. */
export function simulatedPaymentProvider(): PaymentProvider {
  return {
    async reserve({ idempotencyKey, paymentMethod }) {
      if (paymentMethod === 'card-declined') return { accepted: false };
      const hash = createHash('sha256').update(idempotencyKey).digest('hex');
      return { accepted: true, reference: `prv-${hash.slice(0, REFERENCE_LENGTH)}` };
    },
    async capture() {
      return true;
    },
    async giveBack() {
      return undefined;
    },
  };
}
