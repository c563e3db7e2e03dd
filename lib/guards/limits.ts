/** AWS's limits and defaults that the guards compare with, each with its unit and the page it is from. */

/** SQSDeveloperGuide/quotas-messages.html */
export const SQS_MAXIMUM_RETENTION_SECONDS = 1_209_600;
/** AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export const SQS_DEFAULT_RETENTION_SECONDS = 345_600;
/** Visibility timeout over function timeout, lambda/latest/dg/services-sqs-configure.html */
export const VISIBILITY_TIMEOUT_FACTOR = 6;
/** Invocations at once of one poller in provisioned mode, lambda/latest/dg/services-sqs-scaling.html */
export const INVOCATIONS_PER_POLLER = 10;

/** One queue's policy, SQSDeveloperGuide/quotas-messages.html, "Policies". */
export const QUEUE_POLICY = { statements: 20, bytes: 8192, principals: 50, conditions: 10 } as const;
/** One topic's policy, sns/latest/dg/sns-access-policy-language-api-permissions-reference.html */
export const TOPIC_POLICY = { statements: 100, bytes: 30_720 } as const;
/** One bus's policy, in characters, eventbridge/latest/userguide/eb-quota.html */
export const BUS_POLICY_CHARACTERS = 10_240;
/** One function's policy, in bytes, lambda/latest/dg/gettingstarted-limits.html */
export const FUNCTION_POLICY_BYTES = 20_480;
/** eventbridge/latest/userguide/eb-quota.html. AWS does not raise it. */
export const TARGETS_PER_RULE = 5;
/** general/latest/gr/sns.html. AWS raises it on request. */
export const FILTER_POLICIES_PER_TOPIC = 200;
