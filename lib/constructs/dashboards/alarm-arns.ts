/** The alarms that a dashboard shows: those that act, by ARNs made of their names, so that no stack exports them. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { alarmsWithin } from '../alarms/index.ts';
import type { AlarmSeverity } from '../alarms/index.ts';

export function alarmArns(
  dashboard: IConstruct,
  scopes: readonly IConstruct[],
  severity: AlarmSeverity,
  except: readonly IConstruct[] = [],
): readonly string[] {
  const stack = Stack.of(dashboard);
  const elsewhere = new Set(alarmsWithin(except));
  return alarmsWithin(scopes)
    .filter(
      (registered) =>
        !registered.silent &&
        registered.severity === severity &&
        !elsewhere.has(registered) &&
        Stack.of(registered.alarm).environment === stack.environment,
    )
    .map(({ name }) =>
      stack.formatArn({
        service: 'cloudwatch',
        resource: 'alarm',
        resourceName: name,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
}
