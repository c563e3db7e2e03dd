/** Acknowledges entries: what is done in one turn of the event loop goes in one call, and what failed is tried again. */
import { fullJitter } from '../backoff.ts';
import { sleep } from '../clock.ts';
import type { Clock, Random } from '../clock.ts';
import { describeError } from '../logger.ts';
import type { Logger } from '../logger.ts';
import type { RedisConnection } from './connection.ts';
import { isMissingGroup } from './errors.ts';
import type { PartitionKeys } from './keys.ts';

export interface Acknowledgements {
  /**
   * Resolves when the server has taken it, or has no such group any more; false when it was given up because the
   * reader stops. What is not acknowledged comes again.
   */
  add(id: string, wasDelayed: boolean): Promise<boolean>;
}

export interface AcknowledgementProps {
  readonly connection: RedisConnection;
  readonly keys: PartitionKeys;
  readonly group: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Aborted when nothing is tried again any more. */
  readonly stopping: AbortSignal;
}

/** Milliseconds. */
const BACKOFF = { base: 200, cap: 5_000 };
const MAX_IDS = 1_000;

interface Waiting {
  readonly id: string;
  readonly wasDelayed: boolean;
  readonly resolve: (acknowledged: boolean) => void;
}

export function acknowledgements(props: AcknowledgementProps): Acknowledgements {
  const { connection, keys, group, clock, random, logger, stopping } = props;
  const waiting: Waiting[] = [];
  let running = false;

  const send = async (batch: readonly Waiting[]): Promise<void> => {
    const delayed = batch.filter(({ wasDelayed }) => wasDelayed).map(({ id }) => id);
    const set = keys.delayed(group);
    await Promise.all([
      connection.command(keys.stream, 'XACK', keys.stream, group, ...batch.map(({ id }) => id)),
      ...(delayed.length === 0 ? [] : [connection.command(set, 'ZREM', set, ...delayed)]),
    ]);
  };

  const flush = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    for (let failures = 0; waiting.length > 0;) {
      const batch = waiting.slice(0, MAX_IDS);
      try {
        await send(batch);
      } catch (error) {
        failures += 1;
        const over = isMissingGroup(error) || (stopping.aborted && failures > 1);
        if (!over) {
          logger.warn('not acknowledged; it is tried again', { detail: describeError(error), failures });
          await sleep(clock, fullJitter(BACKOFF, failures, random), stopping);
          continue;
        }
        for (const { resolve } of waiting.splice(0, batch.length)) resolve(isMissingGroup(error));
        continue;
      }
      failures = 0;
      for (const { resolve } of waiting.splice(0, batch.length)) resolve(true);
    }
  };

  return {
    add(id, wasDelayed) {
      return new Promise((resolve) => {
        waiting.push({ id, wasDelayed, resolve });
        if (running) return;
        running = true;
        void flush().finally(() => {
          running = false;
        });
      });
    },
  };
}
