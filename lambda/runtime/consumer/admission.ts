/**
 * What may keep a message from its handler although nothing is wrong with it: kill switches, an open circuit breaker,
 * overload. The consumer core knows this interface only; `consumerControls` (../degradation) implements it, so that a
 * bundle holds it only where a handler asks for it.
 */
import type { AnyEventContract, Envelope } from '../../../lib/contracts/index.ts';
import type { Logger } from '../logger.ts';
import type { SqsRecord } from '../types.ts';
import type { DeadLetter } from './handle-message.ts';
import type { Outcome } from './outcome.ts';

export type Verdict =
  | { readonly kind: 'handle' }
  /** It comes back after so many seconds, and the receive is not counted as a failure. */
  | { readonly kind: 'postpone'; readonly seconds: number; readonly reason: string }
  /** A copy waits in the parking queue: this message is done with. */
  | { readonly kind: 'parked'; readonly reason: string }
  /** It goes to the dead letters: it has ended the process as often as it may, or is set aside. */
  | { readonly kind: 'dead-letter'; readonly letter: DeadLetter };

export interface MessageToAdmit {
  readonly event: Envelope;
  readonly contract: AnyEventContract | undefined;
  readonly record: SqsRecord;
  readonly consumer: string;
  readonly maxReceiveCount: number | undefined;
  readonly logger: Logger;
}

export interface ConsumerAdmission {
  /** Never rejects: what cannot be found out is handled. */
  admit(message: MessageToAdmit): Promise<Verdict>;
  /** A message that has come to its handler, or was read no further, has an outcome. False: the note of it failed, so it has to come back. */
  settled(record: SqsRecord, outcome: Outcome, consumer: string): Promise<boolean>;
  /** Counts a real failure and answers how many there were; undefined where that is not known. */
  countFailure(record: SqsRecord, consumer: string): Promise<number | undefined>;
  /**
   * Milliseconds for which nothing should be received: the consumer is switched off, or what it needs is away.
   * @param cause - 'switch' for the first alone. Default: any
   */
  holdReceives(consumer: string, cause?: 'any' | 'switch'): Promise<number>;
}

/** Seconds until the messages that were postponed come back. A record belongs to one receive. */
const waits = new WeakMap<SqsRecord, number>();

/** Longer waits hide that the outage is over. */
export const MAX_POSTPONEMENT_SECONDS = 900;

export function postpone(record: SqsRecord, seconds: number): Outcome {
  waits.set(record, Math.min(MAX_POSTPONEMENT_SECONDS, Math.max(1, Math.ceil(seconds))));
  return 'postponed';
}

export function postponementOf(record: SqsRecord): number {
  return waits.get(record) ?? 1;
}

/**
 * Seconds until a new try makes sense, where the error says that it is the dependency's fault and not the message's.
 *
 * @param receiveCount of the message, where its receives are limited. Who is live elsewhere may be so for long: the wait
 * doubles, so that ten receives of a queue last for fifty minutes and not for one
 */
export function retryAfterOf(error: unknown, receiveCount = 1): number | undefined {
  // By name, because `instanceof` fails across copies of the package.
  if (!(error instanceof Error)) return undefined;
  const isNotLive = 'code' in error && error.code === 'WAYBILL_TRANSPORT_NOT_LIVE';
  if (error.name !== 'UnavailableError' && !isNotLive) return undefined;
  const seconds: unknown = 'retryAfterSeconds' in error ? error.retryAfterSeconds : undefined;
  if (typeof seconds !== 'number') return undefined;
  return isNotLive ? Math.min(MAX_POSTPONEMENT_SECONDS, seconds * 2 ** (receiveCount - 1)) : seconds;
}
