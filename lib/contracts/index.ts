/** Public surface of the contracts: no CDK, no AWS SDK, no validator. */
export { toCloudEvent, fromCloudEvent } from './cloud-events.ts';
export type { CloudEvent } from './cloud-events.ts';
export { decode } from './decode.ts';
export { createEnvelope, MAX_HOP_COUNT, orderingKeyOf, parseEnvelope } from './envelope.ts';
export type { Envelope, EnvelopeMetadata, EnvelopeOf, NewEvent, ReplayMark } from './envelope.ts';
export { ContractError, isContractError } from './errors.ts';
export type { ContractErrorCode } from './errors.ts';
export { event, majorOf } from './event.ts';
export type {
  AnyEventContract,
  DataOf,
  EventContract,
  EventPriority,
  EventProps,
  EventTraffic,
  EventVersion,
  InputOf,
  Upcaster,
} from './event.ts';
export type { FieldPath } from './field-path.ts';
export { valueAt } from './field-path.ts';
export { service } from './service.ts';
export type { ServiceContract, ServiceProps } from './service.ts';
export { describeIssues } from './standard-schema.ts';
export type {
  InferInput,
  InferOutput,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
} from './standard-schema.ts';
export { isUuid, uuidv7 } from './uuid.ts';
