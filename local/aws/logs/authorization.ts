/**
 * The permission each call needs.
 * "Actions, resources, and condition keys for Amazon CloudWatch Logs", service-authorization/latest/reference/list_amazoncloudwatchlogs.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';

/** Actions on one stream rather than on a group. */
const STREAM_ACTIONS: ReadonlySet<string> = new Set(['PutLogEvents', 'GetLogEvents', 'DeleteLogStream']);
const ACCOUNT_ACTIONS: ReadonlySet<string> = new Set([
  'PutResourcePolicy',
  'DeleteResourcePolicy',
  'DescribeResourcePolicies',
  'TestMetricFilter',
]);

export function logsAuthorization(
  context: AwsContext,
  resourcePolicy: unknown,
  action: string,
  input: Readonly<Record<string, unknown>>,
): readonly AuthorizationRequest[] {
  const resourceArn = ACCOUNT_ACTIONS.has(action) ? '*' : arnFor(context, action, input);
  return [{ action: `logs:${action}`, resourceArn, ...(resourcePolicy !== undefined && { resourcePolicy }) }];
}

function arnFor(context: AwsContext, action: string, input: Readonly<Record<string, unknown>>): string {
  const given = input['resourceArn'] ?? input['logGroupIdentifier'];
  if (typeof given === 'string' && given.startsWith('arn:')) return given;
  const name = input['logGroupName'] ?? given;
  const group = `arn:aws:logs:${context.region}:${context.accountId}:log-group:${typeof name === 'string' ? name : '*'}`;
  const stream = input['logStreamName'];
  if (STREAM_ACTIONS.has(action) && typeof stream === 'string') return `${group}:log-stream:${stream}`;
  // Identity policies name groups as `...:log-group:NAME:*`, as CDK and the console write them.
  return `${group}:*`;
}
