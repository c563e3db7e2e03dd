/** The permissions that each action of EventBridge Scheduler needs. scheduler/latest/UserGuide/security-iam.html */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { passRole } from '../iam/pass-role.ts';

export function schedulerAuthorization(
  { region, accountId }: AwsContext,
  action: string,
  input: Readonly<Record<string, unknown>>,
): readonly AuthorizationRequest[] {
  const { Name: name, GroupName: group, Target: target } = input;
  const prefix = `arn:aws:scheduler:${region}:${accountId}:`;
  let resourceArn = '*';
  if (typeof name === 'string') {
    const inGroup = typeof group === 'string' ? group : 'default';
    resourceArn = action.endsWith('Group')
      ? `${prefix}schedule-group/${name}`
      : `${prefix}schedule/${inGroup}/${name}`;
  }
  const { RoleArn: role } = (target ?? {}) as { readonly RoleArn?: unknown };
  return [
    { action: `scheduler:${action}`, resourceArn },
    ...passRole('scheduler.amazonaws.com', [typeof role === 'string' ? role : undefined]),
  ];
}
