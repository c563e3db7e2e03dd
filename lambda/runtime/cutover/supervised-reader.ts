/** One reader, brought to run or not to run: one change after the other, whatever is asked for meanwhile. */
import { fullJitter } from '../backoff.ts';
import type { Clock } from '../clock.ts';
import { sleep } from '../clock.ts';
import type { Logger } from '../logger.ts';
import { describeError } from '../logger.ts';
import type { SupervisedConsumer, SupervisedReader, SuperviseOptions } from './types.ts';

/** Milliseconds. */
const START_BACKOFF = { base: 500, cap: 30_000 };

export interface SupervisedReaderRun {
  /** Whether it is to run from now on. */
  set(isLive: boolean): void;
  isRunning(): boolean;
  /** Stops for good. Never rejects. @returns the handlings that were abandoned */
  end(within: number): Promise<number>;
}

export function superviseReader(
  { consumer, prepare, start }: SupervisedConsumer,
  {
    logger,
    clock,
    within,
    onChange,
  }: {
    readonly logger: Logger | undefined;
    readonly clock: Clock;
    readonly within: number;
    readonly onChange: SuperviseOptions['onChange'];
  },
): SupervisedReaderRun {
  let wanted = false;
  let isEnding = false;
  let reader: SupervisedReader | undefined;
  let isPrepared = prepare === undefined;
  let changing: Promise<void> | undefined;
  let abandoned = 0;
  let stopTime = within;
  let woken = new AbortController();

  const isSettled = (): boolean =>
    isEnding ? reader === undefined : isPrepared && wanted === (reader !== undefined);

  const step = async (): Promise<void> => {
    if (isEnding || (!wanted && reader !== undefined)) {
      const running = reader;
      if (running === undefined) return;
      try {
        abandoned += (await running.stop({ within: stopTime })).abandoned;
      } finally {
        // One that can not be stopped is not asked again: its effects are refused.
        reader = undefined;
        logger?.info('reader stopped', { consumer });
        onChange?.({ consumer, running: false });
      }
      return;
    }
    if (!isPrepared) {
      await prepare?.();
      isPrepared = true;
      return;
    }
    reader = await start();
    logger?.info('reader started', { consumer });
    onChange?.({ consumer, running: true });
  };

  const change = async (): Promise<void> => {
    for (let failures = 0; !isSettled();) {
      woken = new AbortController();
      try {
        await step();
        failures = 0;
      } catch (error) {
        failures += 1;
        logger?.error('a reader was not started or stopped; it is tried again', {
          consumer,
          error: describeError(error),
          reason: error instanceof Error ? error.message : undefined,
          failures,
        });
        await sleep(clock, fullJitter(START_BACKOFF, failures, Math.random), woken.signal);
      }
    }
  };

  const wake = (): void => {
    changing ??= change().finally(() => {
      changing = undefined;
      // What was asked for in the very last moment.
      if (!isSettled()) wake();
    });
  };

  return {
    set(isLive) {
      if (isEnding) return;
      if (wanted !== isLive) woken.abort();
      wanted = isLive;
      wake();
    },
    isRunning: () => reader !== undefined,
    async end(milliseconds) {
      isEnding = true;
      stopTime = milliseconds;
      woken.abort();
      wake();
      for (;;) {
        const underWay = changing;
        if (underWay === undefined) return abandoned;
        await underWay;
      }
    },
  };
}
