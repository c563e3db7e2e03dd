/**
 * Alarms of an event store's consumers, by what a function measures in the database every minute: whatever carries the
 * events, and also where the process that should read them is gone.
 */
import type { IConstruct } from 'constructs';
import { maximumOf } from './specification.ts';
import type { AlarmSpecification } from './specification.ts';

/** As lambda/agents/measure.ts writes them. */
const NAMESPACE = 'Waybill/EventStore';

export interface MeasuredConsumer {
  /** An environment may share its account with others. */
  readonly environment: string;
  readonly consumer: string;
}

/**
 * An event that is in the record waits for its consumer, or for the mirror that copies it to another transport.
 *
 * @param seconds the objective
 */
export function consumerLate(
  watched: IConstruct,
  { environment, consumer }: MeasuredConsumer,
  seconds: number,
): AlarmSpecification {
  return {
    watched,
    metric: maximumOf(NAMESPACE, 'OldestUnprocessedSeconds', dimensionsOf(environment, consumer)),
    threshold: seconds,
    comparison: '>=',
    minutes: 3,
    severity: 'critical',
    runbook: 'event-store',
    missingData: 'silence',
    description: `An event has waited ${seconds} seconds or longer for ${consumer}. See its process, its lag, and what it fails on.`,
  };
}

/** Dead letters of a subscription or of a group: they are kept with their reason until somebody redrives them. */
export function eventsGivenUp(
  watched: IConstruct,
  { environment, consumer }: MeasuredConsumer,
): AlarmSpecification {
  return {
    watched,
    metric: maximumOf(NAMESPACE, 'DeadLetters', dimensionsOf(environment, consumer)),
    threshold: 0,
    minutes: 1,
    severity: 'critical',
    runbook: 'event-store',
    description: `${consumer} has given an event up. Read its reason, mend the cause, redrive.`,
  };
}

function dimensionsOf(environment: string, consumer: string): Record<string, string> {
  return { Environment: environment, Consumer: consumer };
}
