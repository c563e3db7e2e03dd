/** What a construct throws when its props cannot work: every failure at once, each with a stable code. */
import type { IConstruct } from 'constructs';

export type ValidationCode =
  | 'WAYBILL_ALERT_TOPIC_MISSING'
  | 'WAYBILL_BATCH_SIZE_OUT_OF_RANGE'
  | 'WAYBILL_BATCHING_WINDOW_OUT_OF_RANGE'
  | 'WAYBILL_BATCHING_WINDOW_REQUIRED'
  | 'WAYBILL_BUS_TO_FIFO_QUEUE'
  | 'WAYBILL_BROKER_INSTANCE_UNSUPPORTED'
  | 'WAYBILL_BROKER_QUEUE_NAME_INVALID'
  | 'WAYBILL_KAFKA_BROKERS_UNSUPPORTED'
  | 'WAYBILL_KAFKA_TOPIC_SETTING_UNSUPPORTED'
  | 'WAYBILL_KAFKA_TOPIC_NAME_INVALID'
  | 'WAYBILL_PARALLELIZATION_OUT_OF_RANGE'
  | 'WAYBILL_RECORD_AGE_OUT_OF_RANGE'
  | 'WAYBILL_RETRIES_OUT_OF_RANGE'
  | 'WAYBILL_SHARDS_OUT_OF_RANGE'
  | 'WAYBILL_TUMBLING_WINDOW_OUT_OF_RANGE'
  | 'WAYBILL_BUS_LOG_LEVEL_UNSUPPORTED'
  | 'WAYBILL_BUS_NAME_INVALID'
  | 'WAYBILL_BUNDLE_FAILED'
  | 'WAYBILL_BUS_IN_OTHER_REGION'
  | 'WAYBILL_BUNDLER_MISSING'
  | 'WAYBILL_CONSUMER_NAME_INVALID'
  | 'WAYBILL_CONSUMER_NAME_TAKEN'
  | 'WAYBILL_DATA_KEY_REUSE_OUT_OF_RANGE'
  | 'WAYBILL_CUSTOM_EVENT_BUS_ELSEWHERE'
  | 'WAYBILL_DATA_CONDITIONS_DIFFER'
  | 'WAYBILL_DATABASE_MISSING'
  | 'WAYBILL_DEPENDENCIES_INVALID'
  | 'WAYBILL_DESIRED_COUNT_OUT_OF_RANGE'
  | 'WAYBILL_DRAIN_TIMEOUT_OUT_OF_RANGE'
  | 'WAYBILL_DUPLICATE_EVENT'
  | 'WAYBILL_ENTRY_NOT_FOUND'
  | 'WAYBILL_ENVIRONMENT_UNRESOLVED'
  | 'WAYBILL_ENTRY_NOT_A_SOURCE'
  | 'WAYBILL_ENVIRONMENT_VARIABLE_RESERVED'
  | 'WAYBILL_EVENT_SOURCE_MISMATCH'
  | 'WAYBILL_FIFO_MIXED'
  | 'WAYBILL_FILTER_TOO_LARGE'
  | 'WAYBILL_MAX_AGE_ABOVE_RETENTION'
  | 'WAYBILL_MAX_CONCURRENCY_OUT_OF_RANGE'
  | 'WAYBILL_MAX_RECEIVE_COUNT_OUT_OF_RANGE'
  | 'WAYBILL_MEMORY_SIZE_OUT_OF_RANGE'
  | 'WAYBILL_NOTHING_PUBLISHED'
  | 'WAYBILL_NOTHING_SUBSCRIBED'
  | 'WAYBILL_PHYSICAL_NAME_MISSING'
  | 'WAYBILL_PUBLISHER_NOT_A_ROLE'
  | 'WAYBILL_REDIS_SETTING_UNSUPPORTED'
  | 'WAYBILL_REPLICA_BUS_TYPE'
  | 'WAYBILL_REPLICA_NOT_ELSEWHERE'
  | 'WAYBILL_REPLICA_OF_REPLICA'
  | 'WAYBILL_PARTITIONS_OUT_OF_RANGE'
  | 'WAYBILL_POLLERS_OUT_OF_RANGE'
  | 'WAYBILL_PUT_BACK_UNSUPPORTED'
  | 'WAYBILL_QUEUE_HAS_CONSUMER'
  | 'WAYBILL_QUEUE_NOT_ALONE'
  | 'WAYBILL_QUEUE_SETTING_ELSEWHERE'
  | 'WAYBILL_RETENTION_OUT_OF_RANGE'
  | 'WAYBILL_SCHEDULE_OUT_OF_RANGE'
  | 'WAYBILL_CLAIM_EXPIRATION_TOO_SHORT'
  | 'WAYBILL_STANDBY_KEY_MISSING'
  | 'WAYBILL_SUBSCRIBER_FILTER_TOO_LARGE'
  | 'WAYBILL_TENANTS_AMBIGUOUS'
  | 'WAYBILL_TENANTS_DIFFER'
  | 'WAYBILL_TENANTS_EMPTY'
  | 'WAYBILL_TIMEOUT_OUT_OF_RANGE'
  | 'WAYBILL_TOPIC_IMPORTED'
  | 'WAYBILL_VISIBILITY_TIMEOUT_OUT_OF_RANGE'
  | 'WAYBILL_VISIBILITY_TIMEOUT_TOO_SHORT'
  | 'WAYBILL_VPC_MISSING';

export interface ValidationFailure {
  readonly code: ValidationCode;
  /** The prop, in the words of its interface. */
  readonly prop: string;
  readonly received: string;
  readonly allowed: string;
  /** What to do, and where it is not obvious, why. */
  readonly fix: string;
}

export class ValidationError extends Error {
  /** Where in the construct tree. */
  readonly constructPath: string;
  readonly failures: readonly ValidationFailure[];
  /** The codes of all failures, for a test or a tool. */
  readonly codes: readonly ValidationCode[];

  constructor(scope: IConstruct, failures: readonly ValidationFailure[], options?: ErrorOptions) {
    super(`[${scope.node.path}] ${failures.map(describeFailure).join('\n')}`, options);
    this.name = 'ValidationError';
    this.constructPath = scope.node.path;
    this.failures = failures;
    this.codes = failures.map((failure) => failure.code);
    // The message has it all: Node.js would print it twice more, below the stack.
    for (const property of ['name', 'constructPath', 'failures', 'codes']) {
      Object.defineProperty(this, property, { enumerable: false });
    }
  }
}

/** One line: code, prop, received, allowed, fix. */
export function describeFailure(failure: ValidationFailure): string {
  return `${failure.code}: ${failure.prop}: received ${failure.received}, allowed ${failure.allowed}; ${failure.fix}`;
}
