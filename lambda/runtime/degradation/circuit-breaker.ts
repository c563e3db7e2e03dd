/** A circuit breaker per dependency, shared by all instances of all functions that call it. */
import type { DynamoDbClient } from '../aws/dynamodb.ts';
import { systemClock } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { createLogger, describeError } from '../logger.ts';
import { retryAfterOf } from '../consumer/admission.ts';
import { breakerStore, CLOSED } from './breaker-store.ts';
import type { BreakerState } from './breaker-store.ts';
import { cached } from './cached.ts';
import { callWindow } from './call-window.ts';
import { UnavailableError } from './errors.ts';
import { countMetric } from './metric.ts';

export interface CircuitBreakerProps {
  /** The controls table. */
  readonly client: DynamoDbClient;
  /** The dependency's name, as the constructs' `dependencies` has it. */
  readonly dependency: string;
  /**
   * Share of failed calls from which it opens: above 0, to 1.
   * @default 0.5
   */
  readonly failureRate?: number;
  /**
   * Calls of all instances within the window below which nothing is decided.
   * @default 10
   */
  readonly minimumCalls?: number;
  /**
   * Seconds over which calls are counted.
   * @default 30
   */
  readonly windowSeconds?: number;
  /**
   * Seconds it is open the first time. Each failed probe doubles it, to `maxOpenSeconds`; up to a half is added by
   * chance, so that what waits does not come back at one moment.
   * @default 30
   */
  readonly openSeconds?: number;
  /** @default 600 */
  readonly maxOpenSeconds?: number;
  /**
   * Seconds a call may take while it is a probe; its signal is aborted then, and it has failed.
   * @default 10
   */
  readonly probeSeconds?: number;
  /**
   * Milliseconds for which the shared state is not read again.
   * @default 2000
   */
  readonly maxStateAge?: number;
  /**
   * Which errors speak against the dependency. A refusal of one request (a card that is declined) does not.
   * @default - every error
   */
  readonly isFailure?: (error: unknown) => boolean;
  /** @default - JSON lines on standard output */
  readonly logger?: Logger;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests. */
  readonly random?: Random;
}

export interface CircuitBreaker {
  readonly dependency: string;
  /**
   * Calls the dependency, or not.
   *
   * | shared state | |
   * |---|---|
   * | closed | called, and counted |
   * | open | UnavailableError until `openUntil` |
   * | open, and the time is over | one instance calls as a probe; the others get UnavailableError |
   * | the probe has worked | closed |
   * | the probe has failed, or took too long | open, for twice as long |
   * | forced open or closed by an operator | as said; calls change nothing |
   * | the table can't be read | as last known, at first closed; opened by this instance's own calls for itself |
   *
   * @throws UnavailableError WAYBILL_BREAKER_OPEN, or whatever `fn` throws
   */
  call<Result>(fn: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  /** Milliseconds for which a call is refused, 0 where it is not. Takes no probe. */
  closedIn(): Promise<number>;
}

const DEFAULTS = {
  failureRate: 0.5,
  minimumCalls: 10,
  windowSeconds: 30,
  openSeconds: 30,
  maxOpenSeconds: 600,
  probeSeconds: 10,
  maxStateAge: 2_000,
};

export function createCircuitBreaker(props: CircuitBreakerProps): CircuitBreaker {
  const settings = { ...DEFAULTS, ...definedOf(props) };
  const { dependency, isFailure = () => true } = props;
  const clock = props.clock ?? systemClock;
  const random = props.random ?? Math.random;
  const logger = (props.logger ?? createLogger()).with({ dependency });
  const store = breakerStore(props.client, dependency);
  const unreachable = (error: unknown): void => {
    logger.warn('controls table not reached; the last known state of the breaker counts', {
      detail: describeError(error),
    });
    countMetric(logger, 'ControlsUnreadable', { dependency });
  };
  const shared = cached<BreakerState>({
    read: () => store.read(),
    initial: CLOSED,
    maxAge: settings.maxStateAge,
    clock,
    onFailure: unreachable,
  });
  const calls = callWindow({ store, windowSeconds: settings.windowSeconds, clock, onFailure: unreachable });

  const openTime = (openings: number): number => {
    const seconds = Math.min(settings.maxOpenSeconds, settings.openSeconds * 2 ** Math.min(openings - 1, 20));
    return Math.round(1_000 * seconds * (1 + random() / 2));
  };

  const open = async (before: BreakerState, why: string): Promise<void> => {
    const now = clock.now();
    const openings = before.openings + 1;
    const openUntil = now + openTime(openings);
    const after = await store.open(before, openUntil, openings, now).catch((error: unknown) => {
      unreachable(error);
      // Nobody else learns of it; this instance at least leaves the dependency alone.
      return { ...before, state: 'open' as const, openUntil, openings, probeUntil: 0 };
    });
    calls.reset();
    if (after === undefined) return shared.forget();
    shared.set(after);
    logger.error('circuit breaker opened', {
      why,
      openings,
      openSeconds: Math.round((openUntil - now) / 1_000),
    });
    countMetric(logger, 'BreakerOpened', { dependency });
  };

  const close = async (probed: BreakerState): Promise<void> => {
    const after = await store.close(probed, clock.now()).catch((error: unknown) => {
      unreachable(error);
      return { ...CLOSED, generation: probed.generation };
    });
    calls.reset();
    if (after === undefined) return shared.forget();
    shared.set(after);
    logger.info('circuit breaker closed', {});
    countMetric(logger, 'BreakerClosed', { dependency });
  };

  const refusal = (until: number): UnavailableError =>
    new UnavailableError('WAYBILL_BREAKER_OPEN', dependency, (until - clock.now()) / 1_000);

  const probe = async <Result>(
    before: BreakerState,
    fn: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> => {
    const now = clock.now();
    const until = now + 1_000 * settings.probeSeconds;
    const mine = await store.takeProbe(before, until).catch((error: unknown) => {
      unreachable(error);
      return { ...before, probeUntil: until };
    });
    if (mine === undefined) {
      shared.forget();
      throw refusal(until);
    }
    // Other calls of this instance see that a probe is under way.
    shared.set(mine);
    const timeout = new AbortController();
    const timer = clock.setTimeout(
      () => timeout.abort(refusal(clock.now() + 1_000)),
      1_000 * settings.probeSeconds,
    );
    try {
      const result = await fn(AbortSignal.any([signal, timeout.signal]));
      await close(mine);
      return result;
    } catch (error) {
      // What is no failure of the dependency is an answer of it.
      if (isFailure(error)) await open(mine, 'the probe failed');
      else await close(mine);
      throw error;
    } finally {
      clock.clearTimeout(timer);
    }
  };

  const counted = async <Result>(
    state: BreakerState,
    fn: (signal: AbortSignal) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result> => {
    try {
      const result = await fn(signal);
      calls.succeeded();
      return result;
    } catch (error) {
      // Nothing was called where a bulkhead or another breaker within `fn` has refused.
      if (retryAfterOf(error) !== undefined) throw error;
      if (!isFailure(error)) {
        calls.succeeded();
        throw error;
      }
      const total = await calls.failed(state.generation);
      const tooMany =
        total.calls >= settings.minimumCalls && total.failures >= settings.failureRate * total.calls;
      if (tooMany && state.forced === undefined) {
        await open(state, `${Math.round(total.failures)} of ${Math.round(total.calls)} calls failed`);
      }
      throw error;
    }
  };

  return {
    dependency,
    async call(fn, signal = new AbortController().signal) {
      const state = await shared.get();
      const now = clock.now();
      if (state.forced === 'open') throw refusal(now + 1_000 * settings.openSeconds);
      if (state.forced === 'closed' || state.state === 'closed') return counted(state, fn, signal);
      if (now < state.openUntil) throw refusal(state.openUntil);
      if (now < state.probeUntil) throw refusal(state.probeUntil);
      return probe(state, fn, signal);
    },
    async closedIn() {
      const state = await shared.get();
      if (state.forced === 'open') return 1_000 * settings.openSeconds;
      if (state.forced === 'closed' || state.state === 'closed') return 0;
      return Math.max(0, Math.max(state.openUntil, state.probeUntil) - clock.now());
    },
  };
}

/** An option that is given as undefined is not given. */
function definedOf(props: CircuitBreakerProps): Partial<typeof DEFAULTS> {
  return Object.fromEntries(
    Object.keys(DEFAULTS).flatMap((name) => {
      const value = props[name as keyof typeof DEFAULTS];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}
