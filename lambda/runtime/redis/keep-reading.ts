/** Reads a partition again and again: a group that is gone is made again, whatever else fails is tried again later. */
import { fullJitter } from '../backoff.ts';
import { sleep } from '../clock.ts';
import { describeError } from '../logger.ts';
import { isMissingGroup } from './errors.ts';
import { makeGroupAgain } from './groups.ts';
import type { PartitionKeys } from './keys.ts';
import { READ_BACKOFF } from './reader.ts';
import type { ReaderProps } from './reader.ts';

/**
 * @param read one read; told how many before it have failed in a row
 * @returns when `ending` is aborted and the read that was under way has ended
 */
export async function keepReading(
  { connection, consumer: { clock, logger }, settings: { group }, random }: ReaderProps,
  keys: PartitionKeys,
  ending: AbortSignal,
  read: (failures: number) => Promise<void>,
): Promise<void> {
  for (let failures = 0; !ending.aborted;) {
    try {
      await read(failures);
      failures = 0;
    } catch (failure) {
      let error: unknown = failure;
      if (isMissingGroup(failure)) {
        try {
          await makeGroupAgain(connection, keys, group, logger);
          continue;
        } catch (cause) {
          // A server that is full, or may not be asked for it, would be asked again at once.
          error = cause;
        }
      }
      failures += 1;
      logger.error('reading failed; it is tried again', {
        stream: keys.name,
        detail: describeError(error),
        failures,
      });
      await sleep(clock, fullJitter(READ_BACKOFF, failures, random), ending);
    }
  }
}
