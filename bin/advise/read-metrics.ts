/** Figures from GET /events/metrics, or from a file with its answer. */
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';

import type { EventMetrics } from '../../lambda/runtime/event-store/metrics/types.ts';
import { TRANSPORTS } from '../../lib/estimate/transports/index.ts';
import { CommandError } from '../command-error.ts';
import type { Measured } from './measured.ts';

/** Milliseconds. */
const TIMEOUT = 30_000;
const VERSION = /^1\./;

/**
 * @param source an address, the path of a file, or `-` for stdin
 * @param token of an operator, for an address
 * @throws CommandError WAYBILL_METRICS_UNREADABLE, WAYBILL_METRICS_UNKNOWN
 */
export async function readMetrics(source: string, token: string | undefined): Promise<Measured> {
  const content = await contentOf(source, token);
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw unknown(source, 'it is no JSON', cause);
  }
  return fromEventMetrics(checked(source, parsed), source);
}

async function contentOf(source: string, token: string | undefined): Promise<string> {
  try {
    if (source === '-') return await text(process.stdin);
    if (!/^https?:\/\//.test(source)) return await readFile(source, 'utf8');
    const answer = await fetch(source, {
      headers: {
        accept: 'application/json',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.timeout(TIMEOUT),
    });
    if (answer.ok) return await answer.text();
    throw new Error(`it answered ${answer.status}`);
  } catch (cause) {
    throw new CommandError('WAYBILL_METRICS_UNREADABLE', `no metrics could be read from ${source}`, {
      cause,
      fix: 'give the address of GET /events/metrics with an operator token in WAYBILL_TOKEN, a file with its answer, or - for stdin',
    });
  }
}

function unknown(source: string, why: string, cause?: unknown): CommandError {
  return new CommandError('WAYBILL_METRICS_UNKNOWN', `${source} holds no metrics of an event store: ${why}`, {
    ...(cause !== undefined && { cause }),
    fix: 'give what GET /events/metrics answers, as it is',
  });
}

type Json = Readonly<Record<string, unknown>>;

/** The shape as far as it is read, so that a wrong file is told here and not by a figure that is NaN. */
function checked(source: string, value: unknown): EventMetrics {
  const metrics = objectAt(source, value, 'it');
  const version = metrics['schemaVersion'];
  if (typeof version !== 'string' || !VERSION.test(version)) {
    throw unknown(source, `its schemaVersion is ${JSON.stringify(version)}, and 1.x is understood`);
  }
  const numbers = (of: Json, path: string, names: readonly string[], orNull: boolean): void => {
    for (const name of names) {
      const one = of[name];
      if (!(typeof one === 'number' && Number.isFinite(one)) && !(orNull && one === null)) {
        throw unknown(source, `${path}.${name} is ${JSON.stringify(one)}`);
      }
    }
  };
  const events = objectAt(source, metrics['events'], 'events');
  numbers(events, 'events', ['perSecond', 'lastDay', 'busiestSecond', 'countedHours'], false);
  numbers(events, 'events', ['averageBytes'], true);
  const database = objectAt(source, metrics['database'], 'database');
  numbers(database, 'database', ['connections', 'maxConnections'], false);
  numbers(database, 'database', ['busyConnections'], true);
  numbers(metrics, 'it', ['deadLetters', 'oldestUnprocessedSeconds'], false);
  numbers(metrics, 'it', ['errorRate'], true);
  for (const [name, latency] of [
    ['publishLatency', events['publishLatency']],
    ['processingLatency', metrics['processingLatency']],
  ] as const) {
    if (latency !== null) numbers(objectAt(source, latency, name), name, ['p50', 'p99'], false);
  }
  const consumers = metrics['consumers'];
  if (!Array.isArray(consumers)) throw unknown(source, 'it has no list of consumers');
  for (const one of consumers) {
    const consumer = objectAt(source, one, 'a consumer');
    numbers(consumer, 'consumers', ['handledPerSecond'], false);
    const { name, transport } = consumer;
    if (typeof name !== 'string' || !TRANSPORTS.some((known) => known === transport)) {
      throw unknown(source, `consumer ${JSON.stringify(name)} is on ${JSON.stringify(transport)}`);
    }
  }
  return value as EventMetrics;
}

function objectAt(source: string, value: unknown, what: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw unknown(source, `${what} is no object`);
}

export function fromEventMetrics(metrics: EventMetrics, source: string): Measured {
  const { events, consumers, database } = metrics;
  // Without consumers nobody was asked for: not an idle system, but one that was not measured.
  const ofConsumers = <Value>(value: Value): Value | null => (consumers.length === 0 ? null : value);
  return {
    source,
    measuredAt: metrics.measuredAt,
    eventsPerSecond: events.perSecond,
    eventsLastDay: events.lastDay,
    countedHours: events.isComplete ? events.countedHours : null,
    busiestSecond: events.busiestSecond,
    averageBytes: events.averageBytes,
    handledPerSecond: ofConsumers(consumers.reduce((sum, one) => sum + one.handledPerSecond, 0)),
    publishLatency: events.publishLatency,
    processingLatency: metrics.processingLatency,
    errorRate: metrics.errorRate,
    deadLetters: ofConsumers(metrics.deadLetters),
    oldestUnprocessedSeconds: ofConsumers(metrics.oldestUnprocessedSeconds),
    agents: ofConsumers(consumers.length),
    connections: database.connections,
    maxConnections: database.maxConnections,
    busyConnections: database.busyConnections,
    liveOn: ofConsumers(consumers.map(({ name, transport }) => ({ agent: name, transport }))),
    notMeasured: metrics.notMeasured ?? [],
  };
}
