/**
 * From a bus to its subscribers: filter, attempt, retry, record what failed. A FIFO subscriber has one event of each
 * group under way at a time; a failing one holds up its group as long as it is retried.
 */
import type { AwsContext } from '../context.ts';
import {
  attemptWithFaults,
  createDeliveries,
  createDeliveryJournal,
  type DeliveryOutcome,
  eventRetries,
  roleCaller,
  sendToQueue,
} from '../delivery/index.ts';
import { asAwsError, AwsError } from '../errors.ts';
import { SERVICE_PRINCIPAL } from './buses.ts';
import { TRANSFORMATION_FAILURE } from './expressions.ts';
import { failureRecord } from './failure.ts';
import { matchesFilters } from './filters.ts';
import { createSubscriberMetrics } from './metrics.ts';
import type { CustomEventBus, StoredEvent, Subscriber } from './model.ts';
import { type EventsV2State, eventsAfter } from './state.ts';
import { callTarget } from './target-call.ts';

export interface SubscriberDelivery {
  /** Reads on from where the subscriber is, when it runs. Each first attempt starts at once. */
  pump(bus: CustomEventBus, subscriber: Subscriber): Promise<unknown>;
  /** Forgets what waits behind others; what is under way ends. */
  forget(subscriber: Subscriber): void;
  /** Keeps the deliveries that have not ended, before whoever put the events gets an answer. */
  save(): void;
  /** Takes up what an earlier process could not deliver. */
  resume(): void;
  pending(): number;
  close(): void;
}

/** One event on its way to one subscriber. */
interface Delivery {
  readonly subscriber: Subscriber;
  readonly event: StoredEvent;
  readonly systemMetadata: Readonly<Record<string, string>>;
  /** When it reached the subscriber, in milliseconds since the epoch; its age counts from there. */
  readonly since: number;
  readonly end: () => void;
}

interface KeptDelivery {
  readonly subscriberArn: string;
  readonly sequence: number;
  readonly since: number;
}

/** Tries of a record for the dead-letter queue; AWS tells no number. */
const RECORD_RETRIES = 5;
const RECORD_AGE_SECONDS = 300;

export function createSubscriberDelivery(context: AwsContext, state: EventsV2State): SubscriberDelivery {
  const deliveries = createDeliveries(context);
  const journal = createDeliveryJournal<KeptDelivery>(context.state, 'eventsv2.deliveries');
  const metrics = createSubscriberMetrics(context);
  /** What waits behind an event of its group, the one under way first. */
  const lanes = new Map<string, Delivery[]>();

  const enqueue = (subscriber: Subscriber, event: StoredEvent, since: number): Promise<unknown> => {
    const key = `${subscriber.arn} ${event.sequence}`;
    const end = journal.begin(key, () => ({
      subscriberArn: subscriber.arn,
      sequence: event.sequence,
      since,
    }));
    const systemMetadata = withDeliveryType(subscriber, event);
    const delivery = { subscriber, event, systemMetadata, since, end };
    metrics.began(subscriber, event);
    if (subscriber.type === 'UNORDERED' || event.groupId === undefined) return run(delivery);
    const lane = `${subscriber.arn} ${event.groupId}`;
    const waiting = lanes.get(lane);
    if (waiting) {
      waiting.push(delivery);
      return Promise.resolve();
    }
    lanes.set(lane, [delivery]);
    return runLane(lane);
  };

  const runLane = async (lane: string): Promise<void> => {
    for (let [head] = lanes.get(lane) ?? []; head; [head] = lanes.get(lane) ?? []) {
      await run(head);
      lanes.get(lane)?.shift();
    }
    lanes.delete(lane);
  };

  const run = async (delivery: Delivery): Promise<void> => {
    const { subscriber, event, since, end } = delivery;
    const { settings, arn, targetArn } = subscriber;
    const asked = { SubscriberArn: arn, TargetArn: targetArn };
    let attempts = 0;
    const outcome = await deliveries.run(
      () =>
        retryable(() => {
          metrics.attempted(subscriber, event, attempts++);
          return attemptWithFaults(context, 'eventsv2', arn, asked, () =>
            callTarget(context, subscriber, delivery),
          );
        }),
      eventRetries(settings.maxRetryAttempts, settings.maxEventAgeSeconds, context.faults),
      since,
    );
    const failed = outcome.delivered ? undefined : { ...outcome, error: original(outcome.error) };
    context.events.emit({
      kind: failed ? 'delivery-failed' : 'delivered',
      service: 'eventsv2',
      resourceArn: arn,
      messageId: event.id,
      detail: {
        target: targetArn,
        retries: outcome.retries,
        ...(failed && { errorCode: failed.error.code }),
      },
    });
    if (failed) {
      if (failed.error.code === TRANSFORMATION_FAILURE)
        metrics.count(subscriber, 'EventTransformationFailures');
      await recordFailure(subscriber, event, failed);
    } else {
      metrics.delivered(subscriber, event);
    }
    metrics.ended(subscriber, event);
    end();
  };

  const recordFailure = async (
    subscriber: Subscriber,
    event: StoredEvent,
    failure: DeliveryOutcome & { readonly delivered: false },
  ): Promise<void> => {
    const { arn, settings } = subscriber;
    const { onFailureArn } = settings;
    if (onFailureArn === undefined) {
      metrics.count(subscriber, 'EventsDropped');
      return;
    }
    const caller = roleCaller(SERVICE_PRINCIPAL, settings.roleArn, arn);
    const message = failureRecord(subscriber, event, failure);
    const outcome = await deliveries.run(
      async () => sendToQueue(context, onFailureArn, message, caller),
      eventRetries(RECORD_RETRIES, RECORD_AGE_SECONDS, context.faults),
      context.clock.now(),
    );
    metrics.count(
      subscriber,
      outcome.delivered ? 'OnFailureDestinationDelivered' : 'OnFailureDestinationFailed',
    );
    context.events.emit({
      kind: outcome.delivered ? 'dead-lettered' : 'delivery-failed',
      service: 'eventsv2',
      resourceArn: arn,
      messageId: event.id,
      detail: {
        target: onFailureArn,
        deadLetter: true,
        ...(outcome.delivered ? {} : { errorCode: outcome.error.code }),
      },
    });
  };

  return {
    pump(bus, subscriber) {
      if (subscriber.state !== 'RUNNING') return Promise.resolve();
      const started: Promise<unknown>[] = [];
      const since = context.clock.now();
      for (const event of eventsAfter(bus, subscriber.position)) {
        subscriber.position = event.sequence;
        if (subscriber.endPoint !== undefined && event.at > subscriber.endPoint) continue;
        metrics.count(subscriber, 'FilterEvaluated');
        const systemMetadata = withDeliveryType(subscriber, event);
        if (!matchesFilters(subscriber.settings.filters, event, systemMetadata)) continue;
        metrics.count(subscriber, 'FilterMatched');
        const { arn: resourceArn } = subscriber;
        context.events.emit({ kind: 'matched', service: 'eventsv2', resourceArn, messageId: event.id });
        started.push(enqueue(subscriber, event, since));
      }
      state.savePosition(subscriber);
      return Promise.all(started);
    },
    forget({ arn }) {
      for (const [lane, waiting] of lanes) {
        if (lane.startsWith(`${arn} `)) for (const { end } of waiting.splice(1)) end();
      }
    },
    save: () => journal.save(),
    resume() {
      for (const [key, kept] of journal.left()) {
        const subscriber = state.subscribers.get(kept.subscriberArn);
        const bus = subscriber && state.buses.get(subscriber.busArn);
        const [event] = bus ? eventsAfter(bus, kept.sequence - 1) : [];
        if (subscriber && event?.sequence === kept.sequence) void enqueue(subscriber, event, kept.since);
        else journal.begin(key, () => kept)();
      }
    },
    pending: () => deliveries.pending(),
    close() {
      deliveries.close();
      metrics.close();
    },
  };
}

function withDeliveryType(subscriber: Subscriber, event: StoredEvent): Readonly<Record<string, string>> {
  const type = event.sequence <= subscriber.replayUntil ? 'REPLAY' : 'LIVE';
  return { ...event.systemMetadata, 'aws:DeliveryType': type };
}

/** "There is no delivery failure that skips RetryPolicy": a refusal for good is tried again too. */
async function retryable(attempt: () => Promise<void>): Promise<void> {
  try {
    await attempt();
  } catch (thrown) {
    const error = asAwsError(thrown);
    const again = new AwsError(error.code, error.message, 503);
    again.cause = error;
    throw again;
  }
}

const original = (error: AwsError): AwsError => (error.cause instanceof AwsError ? error.cause : error);
