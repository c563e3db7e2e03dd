/** Codes of the contracts, of the catalogue with its lock, and of the topology file. */
import type { LockFindingCode } from '../../lib/contracts/catalogue-lock.ts';
import type { ContractErrorCode } from '../../lib/contracts/errors.ts';
import type { TopologyErrorCode } from '../../lib/topology/index.ts';
import type { AreaExplanation } from './explanation.ts';

export const CONTRACT_EXPLANATIONS = {
  WAYBILL_CONTRACT_INVALID: {
    what: 'An event or a service was declared in a way that cannot work.',
    why: 'Names, versions and sources become filters, metrics and rows: a wrong one fails far from here.',
    fix: 'Correct what the message names; it says what is allowed.',
    example:
      "event('OrderPlaced', { version: '1.0', source: 'orders', data: z.object({ orderId: z.string() }) })",
  },
  WAYBILL_ENVELOPE_NOT_JSON: {
    what: 'A message body is not JSON.',
    why: 'No retry makes it one: the runtime dead-letters it at once, with this code as the reason.',
    fix: 'Find the sender. Often somebody sends to the queue by hand, or raw delivery is off and SNS wraps the message.',
    example: 'rawMessageDelivery: true',
  },
  WAYBILL_ENVELOPE_INVALID: {
    what: 'A message is JSON and no envelope: fields are missing or of the wrong type.',
    why: 'No retry mends it: the runtime dead-letters it at once, with this code as the reason.',
    fix: 'Publish with the publisher or the outbox of Waybill, which make the envelope.',
    example: 'createEnvelope(OrderPlaced, { tenantId, data: { orderId } })',
  },
  WAYBILL_EVENT_DATA_INVALID: {
    what: 'The data of an event does not fit its schema.',
    why: 'At the publisher nothing has been sent. At a consumer no retry mends it: the message is dead-lettered.',
    fix: 'Correct the field that the message names. If consumers see it, the publisher has an older contract.',
    example: 'npm run contracts:check',
  },
  WAYBILL_EVENT_DATA_ELSEWHERE: {
    what: 'An event was decoded whose data is in a claim check bucket.',
    why: 'The envelope holds only its short fields, which could pass for the whole.',
    fix: 'Read it with consume() or poll() and a claim check, which fetch and verify the data first.',
    example: 'consume(ReportWritten, archive, { claimCheck: s3ClaimCheck() })',
  },
  WAYBILL_EVENT_TYPE_UNKNOWN: {
    what: 'A consumer got an event that it does not handle.',
    why: 'Its filter lets more through than its handler takes.',
    fix: 'Add the event to consume(), or take it from subscribesTo.',
    example: 'consume([OrderPlaced, OrderCancelled], handler)',
  },
  WAYBILL_EVENT_VERSION_UNSUPPORTED: {
    what: 'A consumer got a major version of an event that it cannot read.',
    why: 'A major version is a promise broken on purpose: the data may mean something else.',
    fix: 'Deploy the consumer with the new contract first, with an upcaster from the old one.',
    example: "upcast: { '1': (data) => ({ ...data, currency: 'EUR' }) }",
  },
  WAYBILL_UPCAST_FAILED: {
    what: 'An upcaster threw, or what it made does not fit the schema.',
    why: 'An event of an older version cannot be read; no retry mends it.',
    fix: 'Correct the upcaster, deploy, and redrive the dead-letter queue.',
    example: "upcast: { '1': (data) => ({ ...data, currency: 'EUR' }) }",
  },
  WAYBILL_CLOUDEVENT_INVALID: {
    what: 'What should be read as a CloudEvent is none.',
    why: 'Required attributes are missing or of the wrong type.',
    fix: 'Send specversion, id, source and type, as the message names them.',
    example: '{"specversion":"1.0","id":"...","source":"orders","type":"OrderPlaced.v1"}',
  },
} as const satisfies Record<ContractErrorCode, AreaExplanation>;

export const LOCK_EXPLANATIONS = {
  WAYBILL_LOCK_INCOMPATIBLE: {
    what: 'A minor version of an event is not compatible with the one before.',
    why: 'Consumers that are deployed read new events with the old contract, and would refuse them.',
    fix: 'Make the change optional, or a new major version with an upcaster.',
    example: "version: '2.0'",
  },
  WAYBILL_LOCK_CHANGED_IN_PLACE: {
    what: 'A version that has been recorded was changed.',
    why: 'Events of that version are in queues and archives already.',
    fix: 'Take the change back, and give it a version of its own.',
    example: "version: '1.1'",
  },
  WAYBILL_LOCK_REMOVED: {
    what: 'A version that has been recorded is no longer in the catalogue.',
    why: 'Its events may still be in queues, archives and dead-letter queues.',
    fix: 'Restore it, at least until nothing of it can come back.',
    example: 'git log -- catalog/catalogue.lock.json',
  },
  WAYBILL_LOCK_UPCASTER_MISSING: {
    what: 'A new major version says nothing about how the one before becomes it.',
    why: 'Consumers with the new contract cannot read what is still on its way.',
    fix: 'Add an upcaster from the version before.',
    example: "upcast: { '1': (data) => ({ ...data, currency: 'EUR' }) }",
  },
  WAYBILL_LOCK_NOT_RECORDED: {
    what: 'A version is in the catalogue and not in its lock file.',
    why: 'What is not recorded is not protected from being changed.',
    fix: 'Record it, and commit the file with the change.',
    example: 'waybill contracts lock',
  },
  WAYBILL_CATALOGUE_EXAMPLE_INVALID: {
    what: 'An example of an event does not fit its schema.',
    why: 'Proofs evaluate filters on the examples, and the local run feeds them.',
    fix: 'Correct the example or the schema.',
    example: "examples: [{ orderId: 'o-1' }]",
  },
  WAYBILL_CATALOGUE_DUPLICATE: {
    what: 'Two contracts in the catalogue have the same name and version.',
    why: 'Nobody could tell their events apart.',
    fix: 'Remove or rename one of them.',
    example: "event('OrderPlaced', { version: '1.1', ... })",
  },
} as const satisfies Record<LockFindingCode, AreaExplanation>;

export const TOPOLOGY_EXPLANATIONS = {
  WAYBILL_TOPOLOGY_NOT_FOUND: {
    what: 'A cloud assembly has no waybill.topology.json.',
    why: 'What is declared is read from it; without it there is nothing to compare the templates with.',
    fix: 'Synthesize first. An application without constructs of Waybill has none: use the guards of waybill/nag.',
    example: 'npm run synth -- -c env=prod',
  },
  WAYBILL_TOPOLOGY_NOT_JSON: {
    what: 'waybill.topology.json cannot be read as JSON.',
    why: 'It was cut off or changed by hand.',
    fix: 'Synthesize again.',
    example: 'npm run synth -- -c env=prod',
  },
  WAYBILL_TOPOLOGY_INVALID: {
    what: 'The graph in waybill.topology.json contradicts itself, for example an edge to a node that is not there.',
    why: 'Everything that reads it would draw wrong conclusions.',
    fix: 'Synthesize again; if a construct of yours records nodes or edges, correct what the message names.',
    example: "recordEdge(scope, { kind: 'publishes', from: fn, to: topic, events: [OrderPlaced] });",
  },
  WAYBILL_TOPOLOGY_VERSION_UNSUPPORTED: {
    what: 'waybill.topology.json was written by a release that this one cannot read.',
    why: 'Its schema version is another.',
    fix: 'Use the same release of waybill for the synth and for what reads it.',
    example: 'npm ls waybill',
  },
} as const satisfies Record<TopologyErrorCode, AreaExplanation>;
