/** The outcome of a commerce run: one JSON object, and everything that makes it a failure. */
import type { DeadLetter } from '../../run/dead-letters.ts';
import type { Observed } from '../../run/systems/system.ts';
import { failuresOf, lostEventsOf } from '../../run/report.ts';
import type { Measurement } from '../measure.ts';
import { orderFailures } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import { REASON_OF_FATE } from './plan.ts';
import type { OrderFate } from './plan.ts';
import type { SagaMeasure } from './saga.ts';

/** Of one class of traffic, in milliseconds from the commit of the event to its effect. */
export interface ClassLatency {
  readonly p50: number;
  readonly p99: number;
  readonly count: number;
}

/** What an analytics consumer counted of one type of event, against what was written. */
export interface AnalyticsCount {
  readonly consumer: string;
  readonly eventType: string;
  readonly written: number;
  readonly counted: number;
}

export interface CommerceOutcome extends Observed {
  /** The orders that the API took. */
  readonly placed: readonly { readonly orderId: string; readonly fate: OrderFate }[];
  readonly ledger: Ledger;
  readonly measured: Measurement;
  readonly saga: SagaMeasure;
  readonly analytics: readonly AnalyticsCount[];
  /** Stock counts that the old system told, each once, against those that became events. */
  readonly legacyCounts: { readonly told: number; readonly taken: number };
  readonly latency: Readonly<Record<string, ClassLatency | null>>;
  /** Of high priority, by hop. Undefined where two regions took part. */
  readonly hops?: Readonly<Record<string, ClassLatency | null>> | undefined;
  /** A region died half way, and another one took over. */
  readonly regionLost: boolean;
  /** The region that works at the end. */
  readonly region: string;
  /** Orders whose saga was begun again by a failover, which forgets that it had begun. */
  readonly begunAgain: number;
  readonly unexpectedAnswers: Readonly<Record<string, number>>;
  readonly poisoned: readonly string[];
}

export function commerceReport(outcome: CommerceOutcome): object {
  const { ledger, measured, saga, denials, alarms, retried, seconds } = outcome;
  const deadLetters = stillMeant(outcome);
  const { totals, byType } = ledger;
  return {
    orders: {
      placed: totals.placed,
      confirmed: totals.confirmed,
      shipped: totals.shipped,
      cancelled: totals.cancelled,
    },
    saga,
    consumers: Object.fromEntries(
      Object.entries(measured.consumers).map(([name, consumer]) => [
        name,
        {
          expected: consumer.expected,
          handled: consumer.handled,
          missing: consumer.missing.length,
          duplicates: consumer.duplicates,
          orderViolations: consumer.fifo ? consumer.orderViolations : null,
        },
      ]),
    ),
    customerOrder: customerOrderOf(outcome),
    money: totals.money,
    stock: totals.stock,
    notifications: totals.notifications,
    analytics: outcome.analytics,
    legacyCounts: outcome.legacyCounts,
    published: measured.published,
    byType,
    retried,
    deadLettered: deadLetters.length,
    ...(outcome.regionLost && { handledElsewhere: outcome.deadLetters.length - deadLetters.length }),
    lost: lostEventsOf(outcome).length,
    denied: denials.reduce((sum, { times }) => sum + times, 0),
    alarms: alarms.map(({ name }) => name),
    latencyMs: outcome.latency,
    ...(outcome.hops && { highPriorityHopsMs: outcome.hops }),
    seconds,
  };
}

/** Of the consumers that are promised each customer's events in order: how many those were, and how often it was not kept. */
function customerOrderOf({ measured, ledger }: CommerceOutcome): object {
  const ordered = Object.entries(measured.consumers).filter(([, { fifo, expected }]) => fifo && expected > 0);
  return {
    customers: new Set([...ledger.orders.values()].map(({ customerId }) => customerId)).size,
    consumers: ordered.map(([name]) => name),
    events: ordered.reduce((sum, [, { handled }]) => sum + handled, 0),
    violations: ordered.reduce((sum, [, { orderViolations }]) => sum + orderViolations, 0),
  };
}

export function commerceSummary({ ledger, saga, measured, seconds, ...outcome }: CommerceOutcome): string {
  const { placed, shipped, cancelled } = ledger.totals;
  const ended = Object.values(cancelled).reduce((sum, count) => sum + count, 0);
  const latency = Object.entries(outcome.latency).flatMap(([name, one]) =>
    one === null ? [] : [`${name} p50 ${one.p50.toFixed(0)} ms, p99 ${one.p99.toFixed(0)} ms`],
  );
  return [
    `${placed} orders: ${shipped} shipped, ${ended} compensated`,
    `${saga.compensations} compensations, ${saga.retries} steps tried again`,
    `${measured.published} events published, ${outcome.deadLetters.length} dead-lettered`,
    `${seconds.toFixed(1)} s`,
    ...latency,
  ].join('; ');
}

/** Every reason why the run is not a success, in words; empty when it is one. */
export function commerceFailures(outcome: CommerceOutcome): string[] {
  return [
    ...failuresOf({
      ...outcome,
      deadLetters: stillMeant(outcome),
      measured: withoutBegunAgain(outcome),
    }),
    ...[...outcome.ledger.orders.values()].flatMap(orderFailures),
    ...fateFailures(outcome),
    ...sagaFailures(outcome),
    ...analyticsFailures(outcome),
    ...legacyFailures(outcome),
  ];
}

/**
 * Dead letters without those that a move of the database explains: a region that is left takes no writes, so what its
 * queues held failed there.
 *
 * | dead letter | in the region that was left | in the one that works |
 * |---|---|---|
 * | of an event that its consumer has handled | published again, and handled in the other region | the same, when it was left |
 * | of an event that it has not handled | meant | meant |
 * | of a command of a saga, or a system error it raised | of a saga that was begun again: told by the orders' fates | meant |
 */
function stillMeant(outcome: CommerceOutcome): readonly DeadLetter[] {
  const { deadLetters, measured, ledger, regionLost, region: working } = outcome;
  if (!regionLost) return deadLetters;
  return deadLetters.filter(({ consumer, eventId, region }) => {
    const isEvent = eventId !== null && ledger.eventIds.has(eventId);
    if (!isEvent) return region === working;
    return measured.consumers[consumer]?.missing.includes(eventId) ?? region === working;
  });
}

/** The starter of sagas handles those orders twice, on purpose. */
function withoutBegunAgain({ measured, begunAgain }: CommerceOutcome): Measurement {
  const starter = measured.consumers['saga-starter'];
  if (starter === undefined || begunAgain === 0) return measured;
  const duplicates = Math.max(0, starter.duplicates - begunAgain);
  return { ...measured, consumers: { ...measured.consumers, 'saga-starter': { ...starter, duplicates } } };
}

/** Each order that was taken ends as its plan says: a failure that is provoked has its own reason. */
function fateFailures({ placed, ledger }: CommerceOutcome): string[] {
  const failures = placed.flatMap(({ orderId, fate }) => {
    const order = ledger.orders.get(orderId);
    if (order === undefined) return [`order ${orderId} was taken by the API and is in no event`];
    const ended = order.shipped > 0 ? 'shipped' : (order.cancelled[0] ?? 'nothing');
    const wanted = fate === 'fulfilled' ? 'shipped' : REASON_OF_FATE[fate];
    return ended === wanted ? [] : [`order ${orderId} should have ended as ${wanted}, and ended as ${ended}`];
  });
  const known = new Set(placed.map(({ orderId }) => orderId));
  const foreign = [...ledger.orders.keys()].filter((orderId) => !known.has(orderId));
  if (foreign.length > 0) failures.push(`${foreign.length} orders were placed twice, such as ${foreign[0]}`);
  return failures;
}

function sagaFailures({ saga, placed, regionLost }: CommerceOutcome): string[] {
  // Of the region that works, those from before it was left once are ended by hand, or fail without their database. What
  // those of a region that was left have come to is no matter: each order has one that succeeded.
  const good = new Set(['succeeded', ...(regionLost ? ['aborted', 'failed', 'timed_out'] : [])]);
  return [
    ...Object.entries(saga.executions)
      .filter(([status]) => !good.has(status))
      .map(([status, count]) => `${count} sagas are ${status}`),
    ...(saga.ended < placed.length ? [`${placed.length - saga.ended} orders have no saga that ended`] : []),
  ];
}

function analyticsFailures({ analytics }: CommerceOutcome): string[] {
  return analytics.flatMap(({ consumer, eventType, written, counted }) =>
    written === counted ? [] : [`${consumer} counted ${counted} ${eventType}, and ${written} were written`],
  );
}

function legacyFailures({ legacyCounts: { told, taken } }: CommerceOutcome): string[] {
  return told === taken ? [] : [`the old warehouse told ${told} counts, and ${taken} became events`];
}
