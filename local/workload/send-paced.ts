/** Sends what was planned: so many at once, so many a second, until all are sent or it is stopped. */
import { setTimeout as delay } from 'node:timers/promises';

export interface PacedSending {
  /** Infinity until the signal. */
  readonly count: number;
  /** On their way at once. */
  readonly inFlight: number;
  /** @default - as fast as they are answered */
  readonly perSecond?: number | undefined;
  /** Nothing further is sent, and what fails from then on is no failure. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each, one after the other, with how many were sent. */
  readonly before?: ((sent: number) => Promise<void> | void) | undefined;
  /** Sends one. The first that fails is the last. */
  readonly send: (sent: number) => Promise<void>;
}

/**
 * Resolves when all that was sent is answered.
 * @throws what the first that failed threw
 */
export async function sendPaced({
  count,
  inFlight,
  perSecond,
  signal,
  before,
  send,
}: PacedSending): Promise<void> {
  const isStopped = (): boolean => signal?.aborted === true;
  const waiting = new Set<Promise<void>>();
  const startedAt = Date.now();
  let failure: unknown;
  for (let sent = 0; sent < count && !isStopped(); sent += 1) {
    if (perSecond !== undefined) {
      const due = startedAt + (sent * 1000) / perSecond;
      await delay(Math.max(0, due - Date.now()), undefined, signal && { signal }).catch(() => {});
    }
    await before?.(sent);
    const sending: Promise<void> = send(sent)
      .catch((error: unknown) => {
        if (!isStopped()) failure ??= error;
      })
      .finally(() => waiting.delete(sending));
    waiting.add(sending);
    if (waiting.size >= inFlight) await Promise.race(waiting);
    if (failure !== undefined) break;
  }
  await Promise.all(waiting);
  if (failure !== undefined) throw failure;
}
