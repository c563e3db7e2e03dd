/**
 * The metrics of the services that do not put their own (`context.metrics`). What a service counts is collected when somebody looks and
 * at the end of each minute; what it has is measured at the end of each minute.
 */
import type { AwsContext } from '../../context.ts';
import type { MetricStore } from '../metric-store.ts';
import { eventsMetrics } from './events.ts';
import { schedulerMetrics } from './scheduler.ts';
import { snsMetrics } from './sns.ts';
import { sqsMetrics } from './sqs.ts';

/** The metrics of one service. */
export interface ServiceMetrics {
  /** Puts what was counted since the last time. `at` is in milliseconds since the epoch. */
  collect?(at: number): void;
  /** Puts what is measured now, as the value of the minute that ends. */
  sample?(at: number): void;
  close?(): void;
}

export interface AllServiceMetrics {
  collect(): void;
  /** At the full minute `at`. */
  sample(at: number): void;
  close(): void;
}

export function startServiceMetrics(context: AwsContext, store: MetricStore): AllServiceMetrics {
  const services: readonly ServiceMetrics[] = [
    sqsMetrics(context, store),
    snsMetrics(context, store),
    eventsMetrics(context, store),
    schedulerMetrics(context, store),
  ];
  return {
    collect() {
      for (const service of services) service.collect?.(context.clock.now());
    },
    sample(at) {
      // What happened up to the full minute belongs to the minute that it ends.
      for (const service of services) {
        service.collect?.(at - 1);
        service.sample?.(at - 1);
      }
    },
    close() {
      for (const service of services) service.close?.();
    },
  };
}
