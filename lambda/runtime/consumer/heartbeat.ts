/** Keeps one received message invisible while it waits or is worked on, and tells when that no longer holds. */
import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';

export interface HeartbeatProps {
  readonly visibilityTimeoutSeconds: number;
  /** @default - so often that there is time for another try */
  readonly everySeconds?: number | undefined;
  /** The message is invisible for another time than this one until the first renewal, which is then made at once. */
  readonly renewsAtOnce?: boolean;
  /** Seconds from the start after which the message is not renewed any more. */
  readonly maximumSeconds: number;
  /**
   * Sets the visibility timeout anew. 'lost' when SQS says that the message is not ours any more,
   * 'unknown' when the call failed and may be tried again.
   */
  readonly renew: () => Promise<'renewed' | 'lost' | 'unknown'>;
  /** Called at most once. `why` is for people. */
  readonly onLost: (why: string) => void;
  readonly clock?: Clock;
}

export interface Heartbeat {
  /** True from the moment at which another consumer may get the message. */
  isLost(): boolean;
  /**
   * No renewal begins after this, and none is under way when it resolves: a renewal that came after a backoff
   * would overwrite it, and one after the delete would fail.
   */
  stop(): Promise<void>;
}

/** Milliseconds: the longest time before the end of the visibility timeout at which it is renewed. */
const RENEWAL_BUFFER = 10_000;

/**
 * ```
 * started --------------- renew ------ expires        renew = every; else expires - min(timeout / 2, 10 s)
 *                           renewed: the same again from now
 *                           unknown: again after half of what is left, until it expires
 *                           lost, or older than maximumSeconds: onLost
 * ```
 */
export function startHeartbeat(props: HeartbeatProps): Heartbeat {
  const clock = props.clock ?? systemClock;
  const timeout = props.visibilityTimeoutSeconds * 1000;
  const interval =
    props.everySeconds === undefined
      ? timeout - Math.min(timeout / 2, RENEWAL_BUFFER)
      : props.everySeconds * 1000;
  const startedAt = clock.now();
  let expiresAt = startedAt + timeout;
  let timer: unknown;
  let underway: Promise<void> = Promise.resolve();
  let stopped = false;
  let lost = false;

  const lose = (why: string): void => {
    lost = true;
    if (!stopped) props.onLost(why);
  };

  const schedule = (delay: number): void => {
    timer = clock.setTimeout(() => {
      underway = beat();
    }, delay);
  };

  const beat = async (): Promise<void> => {
    const askedAt = clock.now();
    if (askedAt >= expiresAt) {
      lose('its visibility timeout ended before it could be renewed');
      return;
    }
    if (askedAt - startedAt >= props.maximumSeconds * 1000) {
      lose(`it has been in work for ${props.maximumSeconds} s, the longest that it is kept`);
      return;
    }
    const answer = await props.renew();
    if (answer === 'lost') lose('SQS says that it is not ours any more');
    if (answer === 'renewed') expiresAt = askedAt + timeout;
    if (stopped || lost) return;
    const now = clock.now();
    schedule(answer === 'renewed' ? askedAt + interval - now : Math.max((expiresAt - now) / 2, 100));
  };

  if (props.renewsAtOnce === true) underway = beat();
  else schedule(interval);

  return {
    isLost: () => lost,
    async stop() {
      stopped = true;
      clock.clearTimeout(timer);
      await underway;
    },
  };
}
