/**
 * The limits of CloudWatch Logs.
 * "CloudWatch Logs quotas", AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 */

/** Log events in one PutLogEvents request. */
export const MAXIMUM_BATCH_EVENTS = 10_000;
/** Bytes of one PutLogEvents request: all messages in UTF-8, and {@link EVENT_OVERHEAD_BYTES} for each. */
export const MAXIMUM_BATCH_BYTES = 1_048_576;
export const EVENT_OVERHEAD_BYTES = 26;
/** Milliseconds that one batch may span. API_PutLogEvents */
export const MAXIMUM_BATCH_SPAN = 24 * 60 * 60 * 1000;
/** Milliseconds: older events are rejected, and events that are so far in the future. API_PutLogEvents */
export const MAXIMUM_EVENT_AGE = 14 * 24 * 60 * 60 * 1000;
export const MAXIMUM_EVENT_FUTURE = 2 * 60 * 60 * 1000;
/** Events and bytes that one answer of GetLogEvents or FilterLogEvents holds. */
export const MAXIMUM_ANSWER_EVENTS = 10_000;
export const MAXIMUM_ANSWER_BYTES = 1_048_576;
/** Days. API_PutRetentionPolicy */
export const RETENTION_DAYS: readonly number[] = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];
export const MAXIMUM_METRIC_FILTERS = 100;
export const MAXIMUM_SUBSCRIPTION_FILTERS = 2;
/** Dimensions of a metric transformation. API_MetricTransformation */
export const MAXIMUM_DIMENSIONS = 3;
export const MAXIMUM_RESOURCE_POLICIES = 10;
/** Characters. API_PutResourcePolicy */
export const MAXIMUM_POLICY_LENGTH = 5_120;
/** Results on a page of the Describe actions. */
export const MAXIMUM_PAGE = 50;
/** Characters of log text that this embedded AWS keeps, of all groups together; the oldest go first. Ours. */
export const KEPT_CHARACTERS = 64 * 1024 * 1024;
