/** An example message on its way through an assembly: what filters and patterns look at. */
import type { JsonObject, Place } from '../assembly/index.ts';
import { parseObject, record } from '../json.ts';
import type { TopologyEvent } from '../topology/index.ts';

export interface Message {
  /** SNS and SQS message attributes, all of them texts. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The body as text; undefined once a transformer has made something that only AWS knows. */
  readonly body: string | undefined;
  /** The event as EventBridge sees it; undefined outside a bus. */
  readonly event: Readonly<Record<string, unknown>> | undefined;
}

/** The same on every wire: what the runtime's publisher makes of an event. See lambda/runtime/transports. */
export interface ExampleEvent {
  readonly name: string;
  readonly source: string;
  readonly tenantId: string;
  readonly envelope: JsonObject;
  readonly attributes: Readonly<Record<string, string>>;
}

const EXAMPLE_TENANT = 'tenant-1';
const EXAMPLE_TIME = '2026-01-01T00:00:00.000Z';
const EXAMPLE_ID = '01941f29-7c00-7000-8000-000000000001';

/** One for each of the event's examples; one without data where it has none. */
export function examplesOf(event: TopologyEvent, tenantId = EXAMPLE_TENANT): readonly ExampleEvent[] {
  const examples = event.examples.length === 0 ? [{}] : event.examples;
  return examples.map((data) => ({
    name: event.name,
    source: event.source,
    tenantId,
    envelope: {
      eventId: EXAMPLE_ID,
      eventType: event.name,
      eventVersion: event.version,
      source: event.source,
      timestamp: EXAMPLE_TIME,
      correlationId: EXAMPLE_ID,
      causationId: null,
      tenantId,
      data: record(data) as JsonObject,
      metadata: { hopCount: 0 },
    },
    attributes: {
      eventType: event.name,
      eventVersion: event.version,
      tenantId,
      priority: event.priority,
    },
  }));
}

/** As it is published to a topic or sent to a queue. */
export function asMessage({ envelope, attributes }: ExampleEvent): Message {
  return { attributes, body: JSON.stringify(envelope), event: undefined };
}

/** As it is put on a bus of this account and Region. */
export function asBusEvent({ envelope, name, source }: ExampleEvent, place: Place): Message {
  return busMessage({ source, detailType: name, detail: envelope }, place);
}

export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export function busMessage({ source, detailType, detail }: BusEntry, place: Place): Message {
  return {
    attributes: {},
    body: undefined,
    event: {
      version: '0',
      id: EXAMPLE_ID,
      'detail-type': detailType,
      source,
      account: place.accountId,
      time: EXAMPLE_TIME,
      region: place.region,
      resources: [],
      detail,
    },
  };
}

/** The body as JSON object; undefined for anything else. */
export function bodyOf({ body }: Message): Readonly<Record<string, unknown>> | undefined {
  return body === undefined ? undefined : parseObject(body);
}
