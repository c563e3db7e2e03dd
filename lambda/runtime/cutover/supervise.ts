/** `superviseConsumers()`: runs each reader of a process while its consumer is live on the process's transport. */
import { fullJitter } from '../backoff.ts';
import { sleep, systemClock } from '../clock.ts';
import { describeError } from '../logger.ts';
import type { StopReport } from '../poll.ts';
import { listen as listenTo } from '../postgres/listen.ts';
import { timed } from '../postgres/query.ts';
import { registerConsumers } from './claim.ts';
import { CUTOVER_CHANNEL } from './schema.ts';
import { superviseReader } from './supervised-reader.ts';
import type { SupervisedReaderRun } from './supervised-reader.ts';
import type { SuperviseOptions, Supervisor } from './types.ts';

/** Milliseconds. */
const DEFAULT_POLL = 500;
const DEFAULT_STOP = 20_000;
/** Milliseconds for a look. On a connection that only seems open no answer ever comes. */
const LOOK_TIMEOUT = 5_000;
const LOOK_BACKOFF = { base: 500, cap: 5_000 };

/**
 * Starts each consumer's reader when it is live on this transport, and stops it, with its handlers drained, when it is
 * not.
 *
 * | the database | readers |
 * |---|---|
 * | says live here | started; again with backoff where the start fails |
 * | says live elsewhere | stopped: what runs is finished, what waits is left to a rollback |
 * | does not answer | go on as they are: `claimEffect` keeps two transports apart, this only saves them the trouble |
 *
 * @returns when it has looked once, or could not
 *
 * @example
 * const supervisor = await superviseConsumers({
 *   pool,
 *   transport: 'redis',
 *   consumers: [{
 *     consumer: 'sentiment',
 *     configured: 'postgres',
 *     prepare: () => makeRedisGroup({ stream: 'feedback', partitions: 8, group: 'sentiment' }),
 *     start: () => pollRedis({ consumer: sentiment, stream: 'feedback', partitions: 8, order: 'key' }),
 *   }],
 * });
 * process.once('SIGTERM', () => void supervisor.stop().then(() => process.exit(0)));
 */
export async function superviseConsumers(options: SuperviseOptions): Promise<Supervisor> {
  const { pool, transport, consumers, logger, clock = systemClock, listen = true } = options;
  const stopping = new AbortController();
  const within = options.stopWithin ?? DEFAULT_STOP;
  const readers = new Map<string, SupervisedReaderRun>(
    consumers.map((one) => [
      one.consumer,
      superviseReader(one, { logger, clock, within, onChange: options.onChange }),
    ]),
  );
  let hint = new AbortController();
  let lastLook = 0;
  const first = Promise.withResolvers<void>();

  const look = async (): Promise<void> => {
    const { rows } = await pool.query<{ consumer: string; live_on: string }>(
      timed(
        LOOK_TIMEOUT,
        'select consumer, live_on from consumer_transport where consumer = any($1::text[])',
        [[...readers.keys()]],
      ),
    );
    if (stopping.signal.aborted) return;
    const live = new Map(rows.map((row) => [row.consumer, row.live_on]));
    for (const [consumer, reader] of readers) reader.set(live.get(consumer) === transport);
    lastLook = clock.now();
  };

  const watch = async (): Promise<void> => {
    let isRegistered = false;
    for (let failures = 0; !stopping.signal.aborted;) {
      // Before the look, so that a hint during it is not lost.
      hint = new AbortController();
      try {
        if (!isRegistered) await registerConsumers(pool, consumers);
        isRegistered = true;
        await look();
        failures = 0;
      } catch (error) {
        if (failures++ === 0) {
          logger?.warn('where consumers are live is not known; readers go on as they are', {
            error: describeError(error),
            reason: error instanceof Error ? error.message : undefined,
          });
        }
      }
      first.resolve();
      const wait =
        failures === 0
          ? (options.pollMilliseconds ?? DEFAULT_POLL)
          : fullJitter(LOOK_BACKOFF, failures, Math.random);
      await sleep(clock, wait, AbortSignal.any([stopping.signal, hint.signal]));
    }
  };

  // Without a listener a broken idle connection ends the process.
  const broken = (): void => undefined;
  pool.on('error', broken);
  const listener =
    listen === false
      ? undefined
      : listenTo({
          pool: listen === true ? pool : listen,
          channel: CUTOVER_CHANNEL,
          listener: `consumers on ${transport}`,
          clock,
          random: Math.random,
          logger,
          notified: () => hint.abort(),
        });
  const watching = watch();

  let stopped: Promise<StopReport> | undefined;
  const stop = async (milliseconds: number): Promise<StopReport> => {
    stopping.abort();
    const [reports] = await Promise.all([
      Promise.all([...readers.values()].map((reader) => reader.end(milliseconds))),
      watching,
      listener?.close(),
    ]);
    pool.off('error', broken);
    return { abandoned: reports.reduce((sum, one) => sum + one, 0) };
  };

  await first.promise;
  return {
    running: () => [...readers].filter(([, reader]) => reader.isRunning()).map(([consumer]) => consumer),
    lastLook: () => lastLook,
    stop: ({ within: milliseconds = within } = {}) => (stopped ??= stop(milliseconds)),
  };
}
