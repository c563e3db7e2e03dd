/**
 * Several regions of one account in this process, each an embedded AWS of its own. What AWS carries from one to the
 * other reaches it: calls that are signed for it, targets and subscriptions in it, replicas of tables. A region can
 * fail and come back.
 */
import type { Clock, ClockTimer } from './clock.ts';
import type { AwsContext } from './context.ts';
import { AwsError } from './errors.ts';
import type { EmbeddedAws } from './index.ts';

/** One of several regions. */
export interface Region {
  readonly name: string;
  readonly aws: EmbeddedAws;
  readonly isUp: boolean;
  /**
   * The region is gone: its endpoint refuses connections, its functions end where they stand, nothing in it moves on.
   * What it holds stays as it is.
   */
  fail(): Promise<void>;
  /** It is back, with all it held, and goes on. Times that passed meanwhile are made up for at once. */
  recover(): Promise<void>;
}

/** A clock whose timers wait while it is paused. Time itself passes. */
export interface PausableClock extends Clock {
  pause(): void;
  /** Fires what fell due meanwhile, in the order in which it did. */
  resume(): void;
}

export interface RegionToJoin {
  readonly aws: EmbeddedAws;
  /** The clock that this region was started with. */
  readonly clock: PausableClock;
  /** What besides the region itself goes with it. */
  readonly companions?: Companions;
}

/** Servers beside the embedded AWS that are lost with a region, and come back with it. */
export interface Companions {
  suspend(): void;
  resume(): void;
}

/**
 * Joins regions that were started with the same account (`sameAccountAs`) and clocks on the same time.
 *
 * @returns the regions by name, in the order given
 */
export function joinRegions(joined: readonly RegionToJoin[]): ReadonlyMap<string, Region> {
  const byName = new Map(joined.map(({ aws }) => [aws.context.region, aws.context]));
  // One alone has no elsewhere.
  for (const { aws } of joined.length > 1 ? joined : [])
    aws.context.elsewhere = (region) => byName.get(region);
  return new Map(joined.map((one) => [one.aws.context.region, regionOf(one)]));
}

/**
 * Where a resource is: this region, or the one of its ARN when that is joined to this.
 *
 * @throws AwsError `ConnectionFailure`, to be tried again, while that region is down
 */
export function placeOfArn(context: AwsContext, arn: string): AwsContext {
  if (context.elsewhere === undefined) return context;
  const region = arn.split(':')[3] ?? '';
  const place = region === '' || region === context.region ? context : context.elsewhere(region);
  if (place?.outage !== undefined && place !== context) {
    throw new AwsError('ConnectionFailure', `The region ${region} does not answer`, 503);
  }
  return place ?? context;
}

export function pausableClock(clock: Clock): PausableClock {
  let paused = false;
  const held = new Set<{ cancelled: boolean; readonly run: () => void }>();
  const inner = new WeakMap<
    ClockTimer,
    { readonly timer: ClockTimer; readonly entry: { cancelled: boolean } }
  >();
  return {
    now: () => clock.now(),
    setTimeout(callback, milliseconds) {
      const entry = { cancelled: false, run: callback };
      const handle: ClockTimer = {};
      const timer = clock.setTimeout(() => {
        if (paused) held.add(entry);
        else callback();
      }, milliseconds);
      inner.set(handle, { timer, entry });
      return handle;
    },
    clearTimeout(handle) {
      const known = inner.get(handle);
      if (known === undefined) return;
      known.entry.cancelled = true;
      clock.clearTimeout(known.timer);
    },
    pause() {
      paused = true;
    },
    resume() {
      paused = false;
      for (const entry of held) {
        held.delete(entry);
        if (!entry.cancelled) entry.run();
      }
    },
  };
}

function regionOf({ aws, clock, companions }: RegionToJoin): Region {
  const { context } = aws;
  let end: (() => void) | undefined;
  return {
    name: context.region,
    aws,
    get isUp() {
      return context.outage === undefined;
    },
    async fail() {
      if (context.outage !== undefined) return;
      const outage = Promise.withResolvers<void>();
      end = outage.resolve;
      context.outage = outage.promise;
      clock.pause();
      companions?.suspend();
      await Promise.all([aws.endpoint.suspend(), aws.services.lambda.crash()]);
    },
    async recover() {
      if (context.outage === undefined) return;
      companions?.resume();
      await aws.endpoint.resume();
      context.outage = undefined;
      end?.();
      clock.resume();
    },
  };
}
