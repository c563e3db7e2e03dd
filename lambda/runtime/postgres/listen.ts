/**
 * LISTEN on a connection of its own, as a hint. When the connection breaks, or only seems open, it is replaced;
 * until then polling does the work.
 */
import type { Pool, PoolClient } from 'pg';

import type { Backoff } from '../backoff.ts';
import { fullJitter } from '../backoff.ts';
import type { Clock, Random } from '../clock.ts';
import { sleep } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import { timed } from './query.ts';

export interface ListenOptions {
  /** Leads to the database itself: through a pooler that pools transactions LISTEN hears nothing. */
  readonly pool: Pool;
  /** SQL: the channel's name. */
  readonly channel: string;
  /** Who listens, for the log. */
  readonly listener: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger | undefined;
  /** At each notification, and when it begins to listen, without a payload. */
  readonly notified: (payload?: string) => void;
  /**
   * Milliseconds between two checks that the other side still answers.
   * @default 15000
   */
  readonly checkInterval?: number;
}

/** Milliseconds. */
const RECONNECT: Backoff = { base: 200, cap: 10_000 };
/** Milliseconds between two checks that the other side still answers, and how long the answer may take. */
const CHECK_INTERVAL = 15_000;
const CHECK_TIMEOUT = 5_000;

export function listen(options: ListenOptions): { close(): Promise<void> } {
  const closing = new AbortController();
  const listening = listenUntil(options, closing.signal);
  return {
    close: async () => {
      closing.abort();
      await listening;
    },
  };
}

async function listenUntil(options: ListenOptions, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      await listenOnce(options, signal, () => (failures = 0));
    } catch (error) {
      if (failures++ === 0) {
        options.logger?.warn(
          `the LISTEN connection of ${options.listener} broke; polling goes on meanwhile`,
          {
            error: describeError(error),
          },
        );
      }
      await sleep(options.clock, fullJitter(RECONNECT, failures, options.random), signal);
    }
  }
}

/** Resolves when the signal is aborted, rejects when the connection is no more. */
async function listenOnce(options: ListenOptions, signal: AbortSignal, connected: () => void): Promise<void> {
  const client = await options.pool.connect();
  // Closed while it connected: nothing would tell of it any more.
  if (signal.aborted) return client.release();
  const ended = new AbortController();
  const end = (): void => ended.abort();
  let failure: Error | undefined;
  const fail = (error?: Error): void => {
    failure = error ?? new Error('the connection was closed');
    end();
  };
  const heard = ({ payload }: { readonly payload?: string | undefined }): void => options.notified(payload);
  client.on('notification', heard);
  client.on('error', fail);
  client.on('end', fail);
  signal.addEventListener('abort', end);
  try {
    const { rows } = await client.query<{ channel: string }>(`select ${options.channel} as channel`);
    await client.query(`listen ${client.escapeIdentifier(rows[0]!.channel)}`);
    connected();
    // What was committed while nobody listened.
    options.notified();
    while (!ended.signal.aborted) {
      await sleep(options.clock, options.checkInterval ?? CHECK_INTERVAL, ended.signal);
      if (!ended.signal.aborted) await check(client, options.checkInterval);
    }
    if (failure !== undefined) throw failure;
  } catch (error) {
    failure ??= error as Error;
    throw error;
  } finally {
    signal.removeEventListener('abort', end);
    client.off('notification', heard);
    client.off('end', fail);
    client.off('error', fail);
    // Never back into the pool: it still listens.
    client.release(failure ?? true);
  }
}

async function check(client: PoolClient, interval = CHECK_INTERVAL): Promise<void> {
  await client.query(timed(Math.min(CHECK_TIMEOUT, interval), 'select 1'));
}
