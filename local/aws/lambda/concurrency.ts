/**
 * Lambda's concurrency limits: what a function reserved is its own and its ceiling, the rest is shared.
 *
 * https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
 */
import { AwsError } from '../errors.ts';

/** The default quota of an account and region (page above). */
const ACCOUNT_CONCURRENCY = 1000;
/** "You can reserve up to the unreserved account concurrency minus 100" (page above). */
const UNRESERVED_MINIMUM = 100;

export interface Concurrency {
  /** Counts one invocation in. Returns the function that counts it out; throws when it is one too many. */
  enter(functionName: string): () => void;
  /** `undefined` gives the reservation back. */
  reserve(functionName: string, reserved: number | undefined): void;
  inFlight(functionName: string): number;
}

export function createConcurrency(limit = ACCOUNT_CONCURRENCY): Concurrency {
  const reserved = new Map<string, number>();
  const running = new Map<string, number>();
  let unreservedRunning = 0;

  const totalReserved = (): number => [...reserved.values()].reduce((sum, each) => sum + each, 0);

  return {
    enter(functionName) {
      const own = reserved.get(functionName);
      const current = running.get(functionName) ?? 0;
      if (own !== undefined) {
        if (current >= own) throw throttled('ReservedFunctionConcurrentInvocationLimitExceeded');
      } else {
        if (unreservedRunning >= limit - totalReserved())
          throw throttled('ConcurrentInvocationLimitExceeded');
        unreservedRunning++;
      }
      running.set(functionName, current + 1);
      return () => {
        running.set(functionName, (running.get(functionName) ?? 1) - 1);
        if (own === undefined) unreservedRunning--;
      };
    },
    reserve(functionName, amount) {
      reserved.delete(functionName);
      if (amount === undefined) return;
      if (totalReserved() + amount > limit - UNRESERVED_MINIMUM) {
        throw new AwsError(
          'InvalidParameterValueException',
          `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${UNRESERVED_MINIMUM}].`,
        );
      }
      reserved.set(functionName, amount);
    },
    inFlight: (functionName) => running.get(functionName) ?? 0,
  };
}

export function throttled(reason: string): AwsError {
  return new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, { fields: { Reason: reason } });
}
