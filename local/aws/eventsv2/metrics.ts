/** What CloudWatch hears of a subscriber. eventbridge/latest/userguide/eb-custom-bus-observability.html */
import type { AwsContext, ClockTimer } from '../context.ts';
import type { StoredEvent, Subscriber } from './model.ts';

export type SubscriberCount =
  | 'EventDeliveryAttempts'
  | 'EventTransformationFailures'
  | 'EventsDelivered'
  | 'EventsDropped'
  | 'FilterEvaluated'
  | 'FilterMatched'
  | 'OnFailureDestinationDelivered'
  | 'OnFailureDestinationFailed'
  | 'TargetInvocations';

export interface SubscriberMetrics {
  count(subscriber: Subscriber, name: SubscriberCount): void;
  /** The event is on its way to the subscriber. */
  began(subscriber: Subscriber, event: StoredEvent): void;
  /** @param retry 0 for the first attempt */
  attempted(subscriber: Subscriber, event: StoredEvent, retry: number): void;
  delivered(subscriber: Subscriber, event: StoredEvent): void;
  /** Delivered or given up. */
  ended(subscriber: Subscriber, event: StoredEvent): void;
  close(): void;
}

/** CloudWatch's shortest period for what AWS measures. */
const MINUTE_MS = 60_000;

export function createSubscriberMetrics(context: AwsContext): SubscriberMetrics {
  /** What is not delivered yet, oldest first. */
  const backlogs = new Map<Subscriber, Set<StoredEvent>>();
  let timer: ClockTimer | undefined;

  const put = (subscriber: Subscriber, name: string, value: number, unit?: string) =>
    context.metrics.put({
      namespace: 'AWS/EventsV2',
      name,
      dimensions: { EventBus: subscriber.busArn, Subscriber: subscriber.arn },
      value,
      ...(unit === undefined ? {} : { unit }),
    });

  const sinceIngestion = (event: StoredEvent) => Math.max(0, context.clock.now() - event.at);

  /** The age is measured each minute, as long as something waits. */
  const measure = () => {
    timer = undefined;
    for (const [subscriber, [oldest]] of backlogs) {
      if (oldest) put(subscriber, 'ApproximateBacklogAge', sinceIngestion(oldest), 'Milliseconds');
    }
    if (backlogs.size > 0) timer = context.clock.setTimeout(measure, MINUTE_MS);
  };

  return {
    count: (subscriber, name) => put(subscriber, name, 1),
    began(subscriber, event) {
      const backlog = backlogs.get(subscriber) ?? new Set<StoredEvent>();
      backlogs.set(subscriber, backlog.add(event));
      timer ??= context.clock.setTimeout(measure, MINUTE_MS);
    },
    attempted(subscriber, event, retry) {
      put(subscriber, 'EventDeliveryAttempts', 1);
      put(subscriber, 'TargetInvocations', 1);
      put(subscriber, 'IngestionToInvocationStartTime', sinceIngestion(event), 'Milliseconds');
      if (retry > 0) put(subscriber, 'RetryInvocationAttempts', retry);
    },
    delivered(subscriber, event) {
      put(subscriber, 'EventsDelivered', 1);
      put(subscriber, 'IngestionToInvocationEndTime', sinceIngestion(event), 'Milliseconds');
    },
    ended(subscriber, event) {
      const backlog = backlogs.get(subscriber);
      backlog?.delete(event);
      if (backlog?.size === 0) backlogs.delete(subscriber);
      if (backlogs.size > 0 || timer === undefined) return;
      context.clock.clearTimeout(timer);
      timer = undefined;
    },
    close() {
      if (timer !== undefined) context.clock.clearTimeout(timer);
    },
  };
}
