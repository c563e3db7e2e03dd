/**
 * The envelope as a CloudEvents 1.0 event in structured JSON, and back, without loss.
 *
 * | envelope              | CloudEvents                                                         |
 * |-----------------------|---------------------------------------------------------------------|
 * | eventId, eventType    | id, type                                                            |
 * | source, timestamp     | source, time                                                        |
 * | eventVersion          | dataschema `urn:waybill:event:TYPE:VERSION`                         |
 * | correlationId         | correlationid (extension "correlation")                             |
 * | causationId           | causationid (extension "correlation"), left out when null           |
 * | tenantId              | tenantid                                                            |
 * | metadata.traceparent  | traceparent, tracestate (extension "distributed tracing")           |
 * | metadata.hopCount     | hopcount                                                            |
 * | metadata.replay       | replaykind, replayof, replayat                                      |
 * | other metadata        | metadata, as JSON text: attribute values must not be objects        |
 *
 * Source: CloudEvents specification 1.0.2, "Context Attributes" and "JSON Event Format".
 */
import type { Envelope, EnvelopeMetadata, ReplayMark } from './envelope.ts';
import { parseEnvelope } from './envelope.ts';
import { ContractError } from './errors.ts';

export interface CloudEvent {
  readonly specversion: '1.0';
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly dataschema: string;
  readonly correlationid: string;
  readonly causationid?: string;
  readonly tenantid: string;
  readonly traceparent?: string;
  readonly tracestate?: string;
  readonly hopcount: number;
  readonly replaykind?: string;
  readonly replayof?: string;
  readonly replayat?: string;
  readonly metadata?: string;
  readonly data: unknown;
}

const DATA_SCHEMA = /^urn:waybill:event:([^:]+):(\d+\.\d+)$/;

export function toCloudEvent(envelope: Envelope): CloudEvent {
  const { traceparent, tracestate, hopCount, replay, ...others } = envelope.metadata;
  return {
    specversion: '1.0',
    id: envelope.eventId,
    type: envelope.eventType,
    source: envelope.source,
    time: envelope.timestamp,
    datacontenttype: 'application/json',
    dataschema: `urn:waybill:event:${envelope.eventType}:${envelope.eventVersion}`,
    correlationid: envelope.correlationId,
    ...(envelope.causationId !== null && { causationid: envelope.causationId }),
    tenantid: envelope.tenantId,
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    hopcount: hopCount,
    ...(replay !== undefined && { replaykind: replay.kind, replayof: replay.of, replayat: replay.at }),
    ...(Object.keys(others).length > 0 && { metadata: JSON.stringify(others) }),
    data: envelope.data,
  };
}

/**
 * Reads a CloudEvent made by `toCloudEvent`, or by anyone who sets the same extensions.
 * @throws ContractError WAYBILL_CLOUDEVENT_INVALID with the attribute that is missing
 */
export function fromCloudEvent(cloudEvent: Readonly<Record<string, unknown>>): Envelope {
  if (cloudEvent['specversion'] !== '1.0') {
    throw invalid(`specversion must be '1.0', received '${String(cloudEvent['specversion'])}'`);
  }
  const schema = DATA_SCHEMA.exec(String(cloudEvent['dataschema']));
  if (schema === null || schema[1] !== cloudEvent['type']) {
    throw invalid(`dataschema must be 'urn:waybill:event:TYPE:VERSION' with the type of the event`);
  }
  if ('data_base64' in cloudEvent) throw invalid('data_base64 is not read: send data as JSON');
  const envelope = {
    eventId: cloudEvent['id'],
    eventType: cloudEvent['type'],
    eventVersion: schema[2],
    source: cloudEvent['source'],
    timestamp: cloudEvent['time'],
    correlationId: cloudEvent['correlationid'] ?? cloudEvent['id'],
    causationId: cloudEvent['causationid'] ?? null,
    tenantId: cloudEvent['tenantid'],
    data: cloudEvent['data'],
    metadata: metadataFrom(cloudEvent),
  };
  try {
    return parseEnvelope(JSON.stringify(envelope));
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function metadataFrom(cloudEvent: Readonly<Record<string, unknown>>): EnvelopeMetadata {
  const text = (name: string): string | undefined =>
    typeof cloudEvent[name] === 'string' ? cloudEvent[name] : undefined;
  const traceparent = text('traceparent');
  const tracestate = text('tracestate');
  const replay: ReplayMark | undefined =
    cloudEvent['replaykind'] === undefined
      ? undefined
      : {
          kind: cloudEvent['replaykind'] as ReplayMark['kind'],
          of: text('replayof') ?? '',
          at: text('replayat') ?? '',
        };
  const others = text('metadata');
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(tracestate !== undefined && { tracestate }),
    hopCount: typeof cloudEvent['hopcount'] === 'number' ? cloudEvent['hopcount'] : 0,
    ...(replay !== undefined && { replay }),
    ...(others !== undefined && (JSON.parse(others) as object)),
  };
}

function invalid(reason: string, cause?: unknown): ContractError {
  return new ContractError('WAYBILL_CLOUDEVENT_INVALID', `not a CloudEvent that can be read: ${reason}`, {
    cause,
  });
}
