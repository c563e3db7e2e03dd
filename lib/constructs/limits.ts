/** AWS's limits that the constructs check or rely on, each with its unit and the page it is from. */

/** Amazon SQS message quotas, SQSDeveloperGuide/quotas-messages.html. */
export const SQS_RETENTION_SECONDS = { min: 60, max: 1_209_600, unit: 'seconds' } as const;
/** AWS::SQS::Queue KmsDataKeyReusePeriodSeconds. */
export const SQS_DATA_KEY_REUSE_SECONDS = { min: 60, max: 86_400, unit: 'seconds' } as const;
/** Amazon SQS visibility timeout, SQSDeveloperGuide/sqs-visibility-timeout.html. */
export const SQS_VISIBILITY_TIMEOUT_SECONDS = { min: 0, max: 43_200, unit: 'seconds' } as const;
/** Messages in flight of one queue, standard or FIFO, SQSDeveloperGuide/quotas-queues.html. */
export const SQS_MAX_IN_FLIGHT = 120_000;
/** AWS::SQS::Queue RedrivePolicy. */
export const SQS_MAX_RECEIVE_COUNT = { min: 1, max: 1000, unit: 'receives' } as const;

/** Lambda quotas, lambda/latest/dg/gettingstarted-limits.html. */
export const LAMBDA_TIMEOUT_SECONDS = { min: 1, max: 900, unit: 'seconds' } as const;
/** Lambda quotas, lambda/latest/dg/gettingstarted-limits.html. */
export const LAMBDA_MEMORY_MIB = { min: 128, max: 10_240, unit: 'MiB' } as const;

/** Event source mapping of a standard queue, lambda/latest/dg/services-sqs-configure.html. */
export const STANDARD_BATCH_SIZE = { min: 1, max: 10_000, unit: 'messages' } as const;
/** Above this a batching window of at least a second is required; also the most for a FIFO queue. Same page. */
export const BATCH_SIZE_WITHOUT_WINDOW = 10;
/** Same page. A FIFO queue has no window. */
export const BATCHING_WINDOW_SECONDS = { min: 0, max: 300, unit: 'seconds' } as const;
/** ScalingConfig.MaximumConcurrency, lambda/latest/dg/services-sqs-scaling.html. */
export const MAPPING_MAX_CONCURRENCY = { min: 2, max: 1000, unit: 'invocations' } as const;
/** ProvisionedPollerConfig of a queue, lambda/latest/api/API_ProvisionedPollerConfig.html and services-sqs-scaling.html. */
export const MAPPING_POLLERS = { min: 2, max: 2000, unit: 'pollers' } as const;
/** Invocations at a time of one poller, lambda/latest/dg/services-sqs-scaling.html. */
export const INVOCATIONS_PER_POLLER = 10;
/** Visibility timeout over function timeout: AWS's advice for a queue that triggers a function, services-sqs-configure.html. */
export const VISIBILITY_TIMEOUT_FACTOR = 6;

/** Combinations of one filter policy, sns/latest/dg/subscription-filter-policy-constraints.html. */
export const SNS_FILTER_COMBINATIONS = 150;

/** EventBridge retry policy, eventbridge/latest/userguide/eb-rule-retry-policy.html. */
export const EVENTBRIDGE_MAX_EVENT_AGE_SECONDS = { min: 60, max: 86_400, unit: 'seconds' } as const;
/** Same page. The most is the default. */
export const EVENTBRIDGE_RETRY_ATTEMPTS = { min: 0, max: 185, unit: 'attempts' } as const;

/** Retention of a Custom Event Bus, eventbridge/latest/userguide/eb-quota.html (Custom Event Bus quotas). */
export const CUSTOM_EVENT_BUS_RETENTION_DAYS = { min: 1, max: 365, default: 1, unit: 'days' } as const;
/** All filters of one subscriber together, one per scope. Same page. */
export const SUBSCRIBER_FILTER_BYTES = 4096;
/** Retries of a subscriber; its default of 5 within 300 seconds is a trap. Same page. */
export const SUBSCRIBER_RETRY_ATTEMPTS = { min: 0, max: 185, unit: 'attempts' } as const;
/** Events of one SendMessageBatch, eventbridge/latest/userguide/eb-custom-bus-target-sqs.html. */
export const SUBSCRIBER_SQS_BATCH_SIZE = 10;

/** Kinesis Data Streams: a day to a year. streams/latest/dev/kinesis-extended-retention.html */
export const KINESIS_RETENTION_SECONDS = { min: 86_400, max: 31_536_000, unit: 'seconds' } as const;
/** Provisioned shards of one stream that an account may have by its quota at most, streams/latest/dev/service-sizes-and-limits.html. */
export const KINESIS_SHARDS = { min: 1, max: 20_000, unit: 'shards' } as const;
/** ParallelizationFactor, lambda/latest/dg/services-kinesis-parameters.html. */
export const KINESIS_PARALLELIZATION = { min: 1, max: 10, unit: 'invocations per shard' } as const;
/** TumblingWindowInSeconds, lambda/latest/dg/services-kinesis-windows.html. */
export const TUMBLING_WINDOW_SECONDS = { min: 1, max: 900, unit: 'seconds' } as const;
/** Mapping of a stream, Kafka topic or broker, lambda/latest/dg/services-kinesis-parameters.html and msk-esm-parameters.html. */
export const STREAM_BATCH_SIZE = { min: 1, max: 10_000, unit: 'records' } as const;
/** MaximumRetryAttempts; -1, for ever, is not offered here. Same pages, and kafka-retry-configurations.html. */
export const STREAM_RETRY_ATTEMPTS = { min: 0, max: 10_000, unit: 'attempts' } as const;
/** MaximumRecordAgeInSeconds. Same pages. */
export const STREAM_RECORD_AGE_SECONDS = { min: 60, max: 604_800, unit: 'seconds' } as const;

/** Event pollers of a Kafka mapping; more than there are partitions do nothing. lambda/latest/dg/kafka-scaling-modes.html */
export const KAFKA_POLLERS = { min: 1, max: 2000, unit: 'pollers' } as const;
/** Partitions of one topic: those of a serverless cluster that are not compacted, msk/latest/developerguide/limits.html. */
export const KAFKA_PARTITIONS = { min: 1, max: 2400, unit: 'partitions' } as const;

/** `x-delivery-limit` of a quorum queue, of which RabbitMQ sets no upper bound. rabbitmq.com/docs/quorum-queues */
export const BROKER_DELIVERY_LIMIT = { min: 1, max: 1000, unit: 'deliveries' } as const;
