/**
 * W19: a function may run as often as its queues invoke it.
 *
 * | reserved concurrency | its mappings of queues | W19 | W19A |
 * |---|---|---|---|
 * | none | any | | |
 * | below the sum of their maxima | each has one | found | |
 * | any | one has none: it grows to 1,250 by itself, provisioned pollers to 10 each | | found |
 * | at or above the sum | each has one | | |
 *
 * Mappings that are switched off do not count, and streams are not throttled into a dead-letter queue.
 *
 * lambda/latest/dg/services-sqs-scaling.html, "Setting maximum concurrency"
 */
import type { EventSourceMapping, LambdaFunction, Messaging } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';
import { INVOCATIONS_PER_POLLER } from './limits.ts';

const EXPLANATION =
  'A poller that may invoke more often than the function may run takes messages, is throttled, and gives them back. Each time counts as a receive, until good messages are in the dead-letter queue.';
const SOURCE = 'lambda/latest/dg/services-sqs-scaling.html';

export const reservedConcurrency: Guard = {
  id: 'W19',
  title: 'The reserved concurrency of a function is below the maxima of its queues',
  explanation: EXPLANATION,
  source: SOURCE,
  level: 'error',
  check: (messaging) =>
    functionsWithReserve(messaging).flatMap(({ fn, reserved, mappings }) => {
      const sum = mappings.reduce((total, mapping) => total + maximumOf(mapping), 0);
      if (sum === Infinity || !(reserved < sum)) return [];
      return [
        finding(
          fn,
          `${reserved}, where ${mappings.length === 1 ? 'its mapping invokes' : `its ${mappings.length} mappings invoke`} up to ${sum} at once`,
          `at least ${sum}`,
          'raise it, or lower MaximumConcurrency of the mappings, which throttles without a receive',
        ),
      ];
    }),
};

export const unboundedMapping: Guard = {
  id: 'W19A',
  title: 'A function with reserved concurrency is invoked by a queue without a maximum',
  explanation: EXPLANATION,
  source: SOURCE,
  level: 'warning',
  check: (messaging) =>
    functionsWithReserve(messaging).flatMap(({ fn, reserved, mappings }) =>
      mappings
        .filter((mapping) => maximumOf(mapping) === Infinity)
        .map((mapping) => ({
          ...finding(
            fn,
            `none, for ${fn.resource.constructPath} with a reserved concurrency of ${reserved}`,
            `a maximum of at most ${reserved}`,
            'set MaximumConcurrency (2 to 1,000), or leave the reserved concurrency out',
          ),
          resource: mapping.resource,
          property: 'ScalingConfig.MaximumConcurrency',
        })),
    ),
};

interface ReservedFunction {
  readonly fn: LambdaFunction;
  readonly reserved: number;
  readonly mappings: readonly EventSourceMapping[];
}

function functionsWithReserve(messaging: Messaging): ReservedFunction[] {
  const byFunction = Map.groupBy(
    messaging.mappings.filter(
      ({ enabled, eventSourceArn }) => enabled && eventSourceArn?.includes(':sqs:') === true,
    ),
    ({ functionArn }) => functionArn,
  );
  return messaging.functions.flatMap((fn) => {
    const mappings = byFunction.get(fn.arn) ?? [];
    const { reservedConcurrency: reserved } = fn;
    return reserved === undefined || Number.isNaN(reserved) || mappings.length === 0
      ? []
      : [{ fn, reserved, mappings }];
  });
}

function maximumOf({ maxConcurrency, provisionedPollers }: EventSourceMapping): number {
  if (provisionedPollers !== undefined) return provisionedPollers.maximum * INVOCATIONS_PER_POLLER;
  return maxConcurrency ?? Infinity;
}

function finding(fn: LambdaFunction, received: string, allowed: string, fix: string): Finding {
  return { resource: fn.resource, property: 'ReservedConcurrentExecutions', received, allowed, fix };
}
