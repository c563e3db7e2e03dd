/** Waits until nothing in the embedded AWS goes on by itself: what is left waits for the clock or for a call. */
import type { AwsContext } from '../aws/index.ts';

/** Milliseconds between two looks while something runs: to ask all the time takes the processor from what is waited for. */
const PAUSE_MILLISECONDS = 1;

/** Rounds of the event loop without anything happening that count as quiet. */
const QUIET_ROUNDS = 5;

/** Longer than a function's instance takes to start and run in any sensible test. Milliseconds of the machine's time. */
const LONGEST_WAIT_MILLISECONDS = 30_000;

/** Thrown when something still runs after 30 s of the machine's time. */
export class NotSettledError extends Error {
  override readonly name = 'NotSettledError';
  readonly code = 'WAYBILL_NOT_SETTLED';
}

export function createSettle(context: AwsContext): () => Promise<void> {
  let happenings = 0;
  context.events.observe(() => happenings++);
  const lambda = context.services.get('lambda');
  const pipes = context.services.get('pipes');
  const busy = (): number => lambda.busy() + pipes.busy();

  return async () => {
    const deadline = Date.now() + LONGEST_WAIT_MILLISECONDS;
    let seen = happenings;
    for (let quiet = 0; quiet < QUIET_ROUNDS;) {
      await new Promise((resolve) =>
        busy() > 0 ? setTimeout(resolve, PAUSE_MILLISECONDS) : setImmediate(resolve),
      );
      const calm = busy() === 0 && happenings === seen;
      quiet = calm ? quiet + 1 : 0;
      seen = happenings;
      if (calm) continue;
      if (Date.now() > deadline) {
        throw new NotSettledError(
          `After ${LONGEST_WAIT_MILLISECONDS / 1000} s the embedded AWS still works: ${busy()} invocations or batches run. ` +
            'A handler that waits for real time, or messages that go round in a circle, keep it busy; look at ' +
            '`aws.function(name).invocations()`.',
        );
      }
    }
  };
}
