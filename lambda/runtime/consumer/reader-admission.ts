/**
 * Controls at readers that have one position: a shard, a partition, a queue of a broker behind a mapping. Nothing can
 * wait in it alone, so the reader waits as a whole, in its place, or the record is set aside with its reason.
 */
import { sleep } from '../clock.ts';
import type { ConsumerAdmission } from './admission.ts';
import type { Deadline } from './deadline.ts';
import type { Consumer } from './handle-message.ts';
import { receiveCountOf } from './handle-message.ts';

/** Milliseconds between looks at the switches and at the time that is left. */
const HOLD_STEP = 500;

/**
 * Waits while the consumer is switched off, or while what it needs is away. The invocation lasts as long as it may, so
 * that the few attempts of a mapping last until the mapping itself is paused, which takes about a minute.
 *
 * @param cause - 'switch': circuit breakers are no reason to wait, because what meets one can wait elsewhere
 * @returns false where time ran out: give everything back, untouched
 */
export async function untilReleased(
  { controls, name, clock, logger }: Pick<Consumer, 'controls' | 'name' | 'clock' | 'logger'>,
  deadline: Pick<Deadline, 'isClosing' | 'remaining' | 'signal'>,
  cause: 'any' | 'switch' = 'any',
): Promise<boolean> {
  if (controls === undefined) return true;
  for (let told = false; ; told = true) {
    const hold = await controls.holdReceives(name, cause);
    if (hold <= 0) return true;
    if (deadline.isClosing() || deadline.remaining() === Number.POSITIVE_INFINITY) return false;
    if (!told) logger.warn('the reader waits: it is switched off, or what it needs is away');
    await sleep(clock, Math.min(hold, HOLD_STEP), deadline.signal);
  }
}

/** The same for pollers outside Lambda: waits as long as it takes, or until the signal. */
export async function whileHeld(
  { controls, name, clock }: Pick<Consumer, 'controls' | 'name' | 'clock'>,
  signal: AbortSignal,
  cause: 'any' | 'switch' = 'any',
): Promise<void> {
  if (controls === undefined) return;
  while (!signal.aborted) {
    const hold = await controls.holdReceives(name, cause);
    if (hold <= 0) return;
    await sleep(clock, Math.min(hold, HOLD_STEP), signal);
  }
}

/** Resolves when {@link whileHeld} would wait, or at the signal. */
export async function untilHeld(
  { controls, name, clock }: Pick<Consumer, 'controls' | 'name' | 'clock'>,
  signal: AbortSignal,
): Promise<void> {
  if (controls === undefined) return;
  while (!signal.aborted) {
    if ((await controls.holdReceives(name)) > 0) return;
    await sleep(clock, HOLD_STEP, signal);
  }
}

/**
 * | the controls say | the reader |
 * |---|---|
 * | the consumer is off, a breaker is open | stops at this record: see {@link untilReleased} |
 * | the tenant is off | sets the record aside in its dead letters, as TENANT_PAUSED; its neighbours flow |
 * | more important work goes first | handles it: what waited would hold up the important work behind it |
 *
 * Nothing is counted in the table of controls: attempts are the mapping's, or in the record's headers.
 */
export function readerAdmission(controls: ConsumerAdmission): ConsumerAdmission {
  return {
    async admit(message) {
      const verdict = await controls.admit({ ...message, maxReceiveCount: undefined });
      if (verdict.kind !== 'postpone') return verdict;
      if (verdict.reason === 'LOAD_SHED') return { kind: 'handle' };
      if (verdict.reason !== 'TENANT_PAUSED') return verdict;
      return {
        kind: 'dead-letter',
        letter: { reason: 'TENANT_PAUSED', detail: 'the tenant was switched off for this consumer' },
      };
    },
    settled: (record, outcome, consumer) => controls.settled(record, outcome, consumer),
    countFailure: async (record) => receiveCountOf(record),
    holdReceives: (consumer, cause) => controls.holdReceives(consumer, cause),
  };
}
