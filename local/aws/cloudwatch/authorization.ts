/**
 * The permission each call needs.
 * "Actions, resources, and condition keys for Amazon CloudWatch", service-authorization/latest/reference/list_amazoncloudwatch.html
 */
import type { AuthorizationRequest, AwsContext } from '../context.ts';

type Input = Readonly<Record<string, unknown>>;

export function cloudWatchAuthorization(
  context: AwsContext,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const resources = resourcesOf(context, action, input);
  const namespace = input['Namespace'];
  const conditionKeys =
    action === 'PutMetricData' && typeof namespace === 'string'
      ? { 'cloudwatch:namespace': namespace }
      : undefined;
  return resources.map((resourceArn) => ({
    action: `cloudwatch:${action}`,
    resourceArn,
    ...(conditionKeys && { conditionKeys }),
  }));
}

function resourcesOf(context: AwsContext, action: string, input: Input): readonly string[] {
  const alarm = (name: unknown) =>
    `arn:aws:cloudwatch:${context.region}:${context.accountId}:alarm:${String(name)}`;
  const dashboard = (name: unknown) => `arn:aws:cloudwatch::${context.accountId}:dashboard/${String(name)}`;
  const named = (member: string) => {
    const names = input[member];
    return Array.isArray(names) && names.length > 0 ? (names as unknown[]) : ['*'];
  };
  switch (action) {
    case 'PutMetricAlarm':
    case 'PutCompositeAlarm':
    case 'SetAlarmState':
      return [alarm(input['AlarmName'])];
    case 'DeleteAlarms':
    case 'DescribeAlarms':
    case 'EnableAlarmActions':
    case 'DisableAlarmActions':
      return named('AlarmNames').map(alarm);
    case 'DescribeAlarmHistory':
      return [alarm(input['AlarmName'] ?? '*')];
    case 'GetDashboard':
    case 'PutDashboard':
      return [dashboard(input['DashboardName'])];
    case 'DeleteDashboards':
      return named('DashboardNames').map(dashboard);
    case 'TagResource':
    case 'UntagResource':
    case 'ListTagsForResource':
      return [typeof input['ResourceARN'] === 'string' ? input['ResourceARN'] : '*'];
    default:
      return ['*'];
  }
}
