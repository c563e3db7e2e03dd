/** The outcome of `npm start -- --once`: one JSON object, and what makes it a failure. */
import type { ConsumerMeasure, Measurement } from '../workload/index.ts';
import type { RaisedAlarm } from './alarms.ts';
import { MOVED_BY_SQS } from './dead-letters.ts';
import type { DeadLetter } from './dead-letters.ts';
import type { DeniedCall } from './denials.ts';

export interface Report {
  readonly published: number;
  readonly consumers: Readonly<
    Record<string, { readonly expected: number; readonly handled: number; readonly duplicates: number }>
  >;
  readonly retried: number;
  readonly deadLettered: number;
  readonly lost: number;
  /** Calls and deliveries that a policy denied. */
  readonly denied: number;
  /** Names of the alarms in ALARM at the end. */
  readonly alarms: readonly string[];
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null;
  readonly seconds: number;
}

export interface Outcome {
  readonly measured: Measurement;
  readonly deadLetters: readonly DeadLetter[];
  readonly denials: readonly DeniedCall[];
  readonly alarms: readonly RaisedAlarm[];
  readonly retried: number;
  readonly seconds: number;
  /** What still ran when the time was up. */
  readonly waitingFor: readonly string[];
  /** Answers of the API that the workload did not expect, by status. */
  readonly unexpectedAnswers: Readonly<Record<string, number>>;
  /** Consumers that were poisoned on purpose: only they may have dead letters, and they must. */
  readonly poisoned: readonly string[];
}

export function reportOf({ measured, deadLetters, denials, alarms, retried, seconds }: Outcome): Report {
  return {
    published: measured.published,
    consumers: Object.fromEntries(
      Object.entries(measured.consumers).map(([name, { expected, handled, duplicates }]) => [
        name,
        { expected, handled, duplicates },
      ]),
    ),
    retried,
    deadLettered: deadLetters.length,
    lost: lostEventsOf({ measured, deadLetters }).length,
    alarms: alarms.map(({ name }) => name),
    denied: denials.reduce((sum, { times }) => sum + times, 0),
    latencyMs: measured.latencyMs,
    seconds,
  };
}

/** Every reason why the run is not a success, in words; empty when it is one. */
export function failuresOf(outcome: Outcome): string[] {
  const { measured, deadLetters, denials, poisoned } = outcome;
  const failures: string[] = [];
  for (const { principal, action, resourceArn, times } of denials)
    failures.push(`${principal} was denied ${action} on ${resourceArn}, ${times} times`);
  if (outcome.waitingFor.length > 0)
    failures.push(`not quiet in time, still waiting for ${outcome.waitingFor.join(', ')}`);
  if (measured.published === 0) failures.push('nothing was published');
  if (measured.waiting > 0) failures.push(`${measured.waiting} events are still in the outbox`);
  if (measured.quarantined > 0) failures.push(`${measured.quarantined} rows of the outbox are quarantined`);
  for (const [status, count] of Object.entries(outcome.unexpectedAnswers)) {
    failures.push(`the API answered ${count} requests with ${status}, which the workload did not expect`);
  }
  for (const [name, consumer] of Object.entries(measured.consumers)) {
    const own = deadLetters.filter((deadLetter) => deadLetter.consumer === name);
    const lost = lostEvents(name, consumer, deadLetters);
    if (lost.length > 0) failures.push(`${name} lost ${lost.length} events, for example ${lost[0]}`);
    if (consumer.duplicates > 0) failures.push(`${name} had ${consumer.duplicates} effects more than once`);
    if (consumer.uninvited > 0)
      failures.push(`${name} handled ${consumer.uninvited} events that its filter keeps away`);
    if (consumer.fifo && consumer.orderViolations > 0) {
      failures.push(
        `${name} handled ${consumer.orderViolations} events before an earlier one of the same key`,
      );
    }
    if (own.length > 0 && !poisoned.includes(name)) {
      failures.push(
        `${name} has ${own.length} dead letters: ${[...new Set(own.map(({ reason }) => reason))].join(', ')}`,
      );
    }
  }
  for (const name of poisoned) {
    const own = deadLetters.filter(({ consumer }) => consumer === name);
    const unexplained = own.filter((letter) => !isExplained(letter, own));
    if (own.length === 0)
      failures.push(
        `${name} was poisoned, but its dead-letter queue is empty: give more --events when so few held no poisoned one`,
      );
    else if (unexplained.length > 0)
      failures.push(
        `${name} has ${unexplained.length} dead letters without a reason, for example ${unexplained[0]?.eventId ?? 'one that is no envelope'}`,
      );
    else if (!outcome.alarms.some(({ consumer }) => consumer === name))
      failures.push(`${name} has dead letters, but no alarm of its dead-letter queue is in ALARM`);
  }
  return failures;
}

/**
 * The runtime gives a reason at the last receive. Only where a crash took that receive from it, SQS moves the message
 * without one; and a message that could not be deleted is moved too, beside the copy that has the reason.
 */
function isExplained(letter: DeadLetter, all: readonly DeadLetter[]): boolean {
  if (letter.reason !== MOVED_BY_SQS || letter.cutOff) return true;
  return all.some(({ eventId, reason }) => eventId === letter.eventId && reason !== MOVED_BY_SQS);
}

/** Of every consumer: events without an effect that are not in its dead-letter queue either. */
export function lostEventsOf({
  measured,
  deadLetters,
}: Pick<Outcome, 'measured' | 'deadLetters'>): readonly string[] {
  return Object.entries(measured.consumers).flatMap(([name, consumer]) =>
    lostEvents(name, consumer, deadLetters),
  );
}

/** Events without an effect that are not in the consumer's dead-letter queue either. */
function lostEvents(
  name: string,
  { missing }: ConsumerMeasure,
  deadLetters: readonly DeadLetter[],
): string[] {
  const kept = new Set(deadLetters.filter(({ consumer }) => consumer === name).map(({ eventId }) => eventId));
  return missing.filter((eventId) => !kept.has(eventId));
}
