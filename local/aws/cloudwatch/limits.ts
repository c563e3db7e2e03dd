/**
 * The limits of CloudWatch.
 * "CloudWatch service quotas", AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html, and the API's pages.
 */

/** Metrics in one PutMetricData, values of one of them, dimensions of a metric. API_PutMetricData, API_MetricDatum */
export const MAXIMUM_METRICS_PER_PUT = 1000;
export const MAXIMUM_VALUES_PER_METRIC = 150;
export const MAXIMUM_DIMENSIONS = 30;
/** A value's absolute amount. API_PutMetricData */
export const LARGEST_VALUE = 2 ** 360;
/** Milliseconds: how old a data point may be, and how far ahead. API_PutMetricData */
export const OLDEST_DATA_POINT = 14 * 24 * 60 * 60 * 1000;
export const NEWEST_DATA_POINT = 2 * 60 * 60 * 1000;
/** Data points of one GetMetricStatistics. API_GetMetricStatistics */
export const MAXIMUM_STATISTICS_DATA_POINTS = 1440;
/** Queries in one GetMetricData. API_GetMetricData */
export const MAXIMUM_QUERIES = 500;
/** Results on a page of ListMetrics. */
export const LIST_METRICS_PAGE = 500;
/** Names in one DescribeAlarms or DeleteAlarms, and alarms on a page. */
export const MAXIMUM_ALARM_NAMES = 100;
export const MAXIMUM_ALARM_PAGE = 100;
export const DEFAULT_ALARM_PAGE = 50;
/** Actions for one state of an alarm. API_PutMetricAlarm */
export const MAXIMUM_ACTIONS = 5;
/** Seconds: evaluation periods times period. API_PutMetricAlarm; seven days when the period is an hour or more. */
export const LONGEST_EVALUATION = 24 * 60 * 60;
export const LONGEST_HOURLY_EVALUATION = 7 * 24 * 60 * 60;
/** Metrics in an alarm's math expression. API_PutMetricAlarm */
export const MAXIMUM_ALARM_METRICS = 10;
/** Characters of a composite alarm's rule, and alarms in it. API_PutCompositeAlarm */
export const MAXIMUM_RULE_LENGTH = 10_240;
export const MAXIMUM_RULE_ALARMS = 100;
/** Milliseconds for which the history of alarms is kept: "AlarmThatSendsEmail" says 30 days. */
export const HISTORY_KEPT = 30 * 24 * 60 * 60 * 1000;
/** History items of one alarm that this embedded AWS keeps. Ours. */
export const HISTORY_ITEMS = 1000;
/** Tags of an alarm. */
export const MAXIMUM_TAGS = 50;
/** Series and buckets of data points that this embedded AWS keeps; the oldest go first. Ours. */
export const KEPT_SERIES = 50_000;
export const KEPT_BUCKETS = 1_000_000;
