/** What a QueueConsumer refuses. */
import {
  BATCH_SIZE_WITHOUT_WINDOW,
  BATCHING_WINDOW_SECONDS,
  MAPPING_MAX_CONCURRENCY,
  MAPPING_POLLERS,
  SNS_FILTER_COMBINATIONS,
  SQS_DATA_KEY_REUSE_SECONDS,
  SQS_MAX_RECEIVE_COUNT,
  SQS_RETENTION_SECONDS,
  SQS_VISIBILITY_TIMEOUT_SECONDS,
  STANDARD_BATCH_SIZE,
  VISIBILITY_TIMEOUT_FACTOR,
} from './limits.ts';
import { DEFAULT_TIMEOUT, FUNCTION_RULES } from './event-function.ts';
import type { EventSubscription } from './event-routes.ts';
import type { QueueConsumerProps } from './queue-consumer.ts';
import { DEFAULT_RETENTION } from './queue-settings.ts';
import { countTenants } from './tenant-filter.ts';
import { countDataConditions } from './topic-filter.ts';
import { numberInRange, secondsOf } from './validation.ts';
import type { Rule } from './validation.ts';

export const QUEUE_CONSUMER_RULES: readonly Rule<QueueConsumerProps>[] = [
  subscribesToSomething,
  takesAQueueAlone,
  putsBackOnItsOwnQueue,
  leavesSettingsToTheQueue,
  doesNotMixFifoAndStandard,
  takesNoClassicBusIntoFifo,
  namesTenants,
  agreesOnTenants,
  agreesOnData,
  filterFitsQuota,
  nameIsKebabCase,
  batchFits,
  windowFits,
  windowForLargeBatch,
  numberInRange(
    'WAYBILL_MAX_CONCURRENCY_OUT_OF_RANGE',
    'maxConcurrency',
    MAPPING_MAX_CONCURRENCY,
    'for one message at a time use a FIFO topic with one ordering key',
  ),
  numberInRange(
    'WAYBILL_POLLERS_OUT_OF_RANGE',
    'minimumPollers',
    MAPPING_POLLERS,
    'one poller has ten invocations at a time',
  ),
  numberInRange(
    'WAYBILL_POLLERS_OUT_OF_RANGE',
    'maximumPollers',
    MAPPING_POLLERS,
    'one poller has ten invocations at a time',
  ),
  pollersReplaceConcurrency,
  numberInRange(
    'WAYBILL_MAX_RECEIVE_COUNT_OUT_OF_RANGE',
    'maxReceiveCount',
    SQS_MAX_RECEIVE_COUNT,
    'give a whole number; 5 or more, because a throttled invocation is a receive too',
  ),
  numberInRange(
    'WAYBILL_RETENTION_OUT_OF_RANGE',
    'retentionPeriod',
    SQS_RETENTION_SECONDS,
    'use up to 14 days',
  ),
  numberInRange(
    'WAYBILL_VISIBILITY_TIMEOUT_OUT_OF_RANGE',
    'visibilityTimeout',
    SQS_VISIBILITY_TIMEOUT_SECONDS,
    'use up to 12 hours',
  ),
  visibilityCoversRetries,
  ageIsSeenBeforeMessagesExpire,
  numberInRange(
    'WAYBILL_DATA_KEY_REUSE_OUT_OF_RANGE',
    'dataKeyReuse',
    SQS_DATA_KEY_REUSE_SECONDS,
    'use a minute to a day',
  ),
  ...FUNCTION_RULES,
];

function subscribesToSomething({ subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  if (subscribesTo.some((source) => source.events.length > 0)) return undefined;
  return {
    code: 'WAYBILL_NOTHING_SUBSCRIBED',
    prop: 'subscribesTo',
    received: 'no event',
    allowed: 'at least one event of a topic or bus',
    fix: 'give topic.event(...), topic.events() or bus.event(...)',
  };
}

function takesAQueueAlone({ subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const queue = subscribesTo.find(({ kind }) => kind === 'queue');
  if (queue === undefined || subscribesTo.length === 1) return undefined;
  return {
    code: 'WAYBILL_QUEUE_NOT_ALONE',
    prop: 'subscribesTo',
    received: `${queue.origin.node.path} and ${subscribesTo.length - 1} more`,
    allowed: 'one EventQueue, or any number of topics and buses',
    fix: 'make two consumers: what is sent straight to a queue must not wait behind what comes from elsewhere',
  };
}

function putsBackOnItsOwnQueue({
  putsBack,
  subscribesTo,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  if (putsBack !== true || subscribesTo.some(({ kind, fifo }) => kind === 'queue' && !fifo)) return undefined;
  return {
    code: 'WAYBILL_PUT_BACK_UNSUPPORTED',
    prop: 'putsBack',
    received: subscribesTo.some(({ fifo }) => fifo) ? 'a FIFO queue' : 'subscriptions to topics or buses',
    allowed: 'one EventQueue without fifo',
    fix: 'leave it out: SQS takes no delay of a message on a FIFO queue, where a copy would lose its place too, and what comes by a topic is received again instead',
  };
}

const QUEUE_SETTINGS = [
  'visibilityTimeout',
  'retentionPeriod',
  'maxReceiveCount',
  'dataKeyReuse',
  'encryptionKey',
] as const;

function leavesSettingsToTheQueue(props: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  if (!props.subscribesTo.some(({ kind }) => kind === 'queue')) return undefined;
  const given = QUEUE_SETTINGS.filter((name) => props[name] !== undefined);
  if (given.length === 0) return undefined;
  return {
    code: 'WAYBILL_QUEUE_SETTING_ELSEWHERE',
    prop: given[0]!,
    received: `${given.join(', ')} of a queue that an EventQueue has made`,
    allowed: 'these settings on the EventQueue',
    fix: 'give them to the EventQueue, which makes the queue',
  };
}

/** With provisioned pollers a mapping takes no maximum: lambda/latest/dg/services-sqs-scaling.html. */
function pollersReplaceConcurrency({
  minimumPollers,
  maximumPollers,
  maxConcurrency,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const provisioned = minimumPollers !== undefined || maximumPollers !== undefined;
  if (!provisioned) return undefined;
  const failure = { code: 'WAYBILL_POLLERS_OUT_OF_RANGE' } as const;
  if (minimumPollers === undefined || maximumPollers === undefined || minimumPollers > maximumPollers) {
    return {
      ...failure,
      prop: 'maximumPollers',
      received: `minimumPollers ${minimumPollers ?? 'absent'} and maximumPollers ${maximumPollers ?? 'absent'}`,
      allowed: 'both, the minimum not above the maximum',
      fix: 'give both: the default maximum of 200 pollers is 2,000 invocations at a time',
    };
  }
  if (maxConcurrency === undefined) return undefined;
  return {
    ...failure,
    prop: 'maxConcurrency',
    received: `${maxConcurrency} together with pollers`,
    allowed: 'pollers or maxConcurrency',
    fix: 'leave maxConcurrency out: maximumPollers times ten is the most at a time',
  };
}

function doesNotMixFifoAndStandard({
  subscribesTo,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const ordering = subscribesTo.filter((source) => !isClassicBus(source));
  if (new Set(ordering.map(({ fifo }) => fifo)).size < 2) return undefined;
  const named = (wanted: boolean) =>
    [...new Set(ordering.filter(({ fifo }) => fifo === wanted).map(({ origin }) => origin.node.path))].join(
      ', ',
    );
  return {
    code: 'WAYBILL_FIFO_MIXED',
    prop: 'subscribesTo',
    received: `FIFO sources (${named(true)}) and standard ones (${named(false)})`,
    allowed: 'sources of one type',
    fix: 'make two consumers, or take the events of a bus of type custom with `fifo: true` too: a queue keeps order for all its messages or for none',
  };
}

function isClassicBus(source: EventSubscription): boolean {
  return source.kind === 'bus' && source.origin.busType === 'classic';
}

function takesNoClassicBusIntoFifo({
  subscribesTo,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const buses = subscribesTo.filter(isClassicBus);
  if (buses.length === 0 || !subscribesTo.some(({ fifo }) => fifo)) return undefined;
  return {
    code: 'WAYBILL_BUS_TO_FIFO_QUEUE',
    prop: 'subscribesTo',
    received: `order, and a classic bus (${buses.map(({ origin }) => origin.node.path).join(', ')})`,
    allowed: "FIFO topics and buses of busType: 'custom'",
    fix: "make two consumers, or the bus one of busType: 'custom' where the Region has it: a rule gives all its messages one static group id, so a classic bus cannot keep the order of a key (W16)",
  };
}

function namesTenants({ subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const empty = subscribesTo.find(({ tenants }) => tenants?.length === 0);
  if (empty === undefined) return undefined;
  return {
    code: 'WAYBILL_TENANTS_EMPTY',
    prop: 'subscribesTo',
    received: `no tenant for ${empty.events.map(({ name }) => name).join(', ')}`,
    allowed: 'at least one tenant, or no tenants prop for all of them',
    fix: 'a filter without values never matches: name tenants or leave the option out',
  };
}

function agreesOnTenants({ subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const byOrigin = Map.groupBy(subscribesTo, ({ origin }) => origin);
  for (const [origin, sources] of byOrigin) {
    const lists = new Set(sources.map(({ tenants }) => JSON.stringify(tenants?.toSorted() ?? null)));
    if (lists.size > 1) {
      return {
        code: 'WAYBILL_TENANTS_DIFFER',
        prop: 'subscribesTo',
        received: `events of ${origin.node.path} with different tenants`,
        allowed: 'the same tenants for all events of one topic or bus',
        fix: 'make a consumer for each set of tenants: a queue has one subscription per topic, and so one filter',
      };
    }
  }
  return undefined;
}

function agreesOnData({ subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const byTopic = Map.groupBy(
    subscribesTo.filter((source) => source.kind === 'topic'),
    ({ origin }) => origin,
  );
  for (const [origin, sources] of byTopic) {
    const conditions = new Set(sources.map(({ data }) => JSON.stringify(data ?? null)));
    if (conditions.size > 1) {
      return {
        code: 'WAYBILL_DATA_CONDITIONS_DIFFER',
        prop: 'subscribesTo',
        received: `events of ${origin.node.path} with different conditions on their data`,
        allowed: 'the same conditions for all events of one topic',
        fix: 'make a consumer for each set of conditions: a queue has one subscription per topic, and so one filter',
      };
    }
  }
  return undefined;
}

function filterFitsQuota({ subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const byOrigin = Map.groupBy(
    subscribesTo.filter((source) => source.kind === 'topic'),
    ({ origin }) => origin,
  );
  for (const [origin, sources] of byOrigin) {
    const everyEvent = sources.some((source) => source.everyEvent);
    const events = everyEvent ? 1 : new Set(sources.flatMap((source) => source.events)).size;
    const [first] = sources;
    const combinations = events * countTenants(first?.tenants) * countDataConditions(first?.data);
    if (combinations > SNS_FILTER_COMBINATIONS) {
      return {
        code: 'WAYBILL_FILTER_TOO_LARGE',
        prop: 'subscribesTo',
        received: `${combinations} combinations of event and tenant for ${origin.node.path}`,
        allowed: `up to ${SNS_FILTER_COMBINATIONS}, the quota of an SNS filter policy`,
        fix: 'subscribe to all events with events(), or split the tenants over several consumers',
      };
    }
  }
  return undefined;
}

function nameIsKebabCase({ consumerName }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  if (consumerName === undefined || /^[a-z][a-z0-9-]{0,63}$/.test(consumerName)) return undefined;
  return {
    code: 'WAYBILL_CONSUMER_NAME_INVALID',
    prop: 'consumerName',
    received: `'${consumerName}'`,
    allowed: "lower case letters, digits and '-', at most 64 characters, beginning with a letter",
    fix: 'for example search-index',
  };
}

function batchFits({ batchSize, subscribesTo }: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const fifo = subscribesTo.some(({ fifo }) => fifo);
  const max = fifo ? BATCH_SIZE_WITHOUT_WINDOW : STANDARD_BATCH_SIZE.max;
  return numberInRange<{ batchSize?: number | undefined }>(
    'WAYBILL_BATCH_SIZE_OUT_OF_RANGE',
    'batchSize',
    { ...STANDARD_BATCH_SIZE, max },
    fifo ? 'a FIFO queue gives at most 10 messages at a time' : 'give a whole number',
  )({ batchSize });
}

function windowFits({
  maxBatchingWindow,
  subscribesTo,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const fifo = subscribesTo.some(({ fifo }) => fifo);
  const max = fifo ? 0 : BATCHING_WINDOW_SECONDS.max;
  return numberInRange<{ maxBatchingWindow?: typeof maxBatchingWindow }>(
    'WAYBILL_BATCHING_WINDOW_OUT_OF_RANGE',
    'maxBatchingWindow',
    { ...BATCHING_WINDOW_SECONDS, max },
    fifo ? 'leave it out: a FIFO queue has no batching window' : 'give whole seconds',
  )({ maxBatchingWindow });
}

function windowForLargeBatch({
  batchSize,
  maxBatchingWindow,
  subscribesTo,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  if (
    batchSize === undefined ||
    batchSize <= BATCH_SIZE_WITHOUT_WINDOW ||
    subscribesTo.some(({ fifo }) => fifo)
  ) {
    return undefined;
  }
  if ((secondsOf(maxBatchingWindow) ?? 0) >= 1) return undefined;
  return {
    code: 'WAYBILL_BATCHING_WINDOW_REQUIRED',
    prop: 'maxBatchingWindow',
    received: `none with a batchSize of ${batchSize}`,
    allowed: `at least a second with a batchSize above ${BATCH_SIZE_WITHOUT_WINDOW}`,
    fix: 'give maxBatchingWindow: Duration.seconds(1) or more',
  };
}

function visibilityCoversRetries({
  subscribesTo,
  visibilityTimeout,
  timeout,
  maxBatchingWindow,
  extendsVisibility = false,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const queue = subscribesTo.find((source) => source.kind === 'queue')?.origin;
  const given = secondsOf(visibilityTimeout ?? queue?.visibilityTimeout);
  const timeoutSeconds = secondsOf(timeout ?? DEFAULT_TIMEOUT) ?? 0;
  const needed = extendsVisibility
    ? timeoutSeconds
    : VISIBILITY_TIMEOUT_FACTOR * timeoutSeconds + (secondsOf(maxBatchingWindow) ?? 0);
  if (given === undefined || given >= needed) return undefined;
  return {
    code: 'WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT',
    prop: 'visibilityTimeout',
    received: `${given} seconds`,
    ...(extendsVisibility
      ? {
          allowed: `at least ${needed} seconds, the timeout, also with extendsVisibility`,
          fix: 'raise it: Lambda takes no mapping of a queue whose visibility timeout is below the timeout of the function',
        }
      : {
          allowed: `at least ${needed} seconds: ${VISIBILITY_TIMEOUT_FACTOR} times the timeout plus the batching window`,
          fix: 'leave it out or raise it: a message that shows up again while it is being handled is handled twice (W13). Where it has to be shorter, extendsVisibility: true has the runtime extend it while a handler runs',
        }),
  };
}

function ageIsSeenBeforeMessagesExpire({
  maxAge,
  retentionPeriod = DEFAULT_RETENTION,
}: QueueConsumerProps): ReturnType<Rule<QueueConsumerProps>> {
  const [age, retention] = [secondsOf(maxAge), secondsOf(retentionPeriod)];
  if (age === undefined || retention === undefined || age < retention) return undefined;
  return {
    code: 'WAYBILL_MAX_AGE_ABOVE_RETENTION',
    prop: 'maxAge',
    received: `${age} seconds`,
    allowed: `less than ${retention} seconds, the retentionPeriod`,
    fix: 'lower maxAge or raise retentionPeriod: SQS deletes a message of that age before the alarm can rise',
  };
}
