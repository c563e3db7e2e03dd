/** What each action of IAM needs: itself, on the role or the policy that it names. */
import type { AuthorizationRequest, AwsContext } from '../context.ts';

export function iamAuthorization(
  { accountId }: AwsContext,
  action: string,
  input: Readonly<Record<string, unknown>>,
): readonly AuthorizationRequest[] {
  const { RoleName: role, PolicyArn: policy, PolicyName: newPolicy } = input;
  const path = typeof input['Path'] === 'string' ? input['Path'] : '/';
  const prefix = `arn:aws:iam::${accountId}:`;
  let resourceArn = '*';
  if (typeof role === 'string') resourceArn = `${prefix}role${path}${role}`;
  else if (typeof policy === 'string') resourceArn = policy;
  else if (action === 'CreatePolicy') resourceArn = `${prefix}policy${path}${String(newPolicy)}`;
  const attached = action.endsWith('RolePolicy') && typeof policy === 'string' ? policy : undefined;
  const boundary = input['PermissionsBoundary'];
  return [
    {
      action: `iam:${action}`,
      resourceArn,
      conditionKeys: {
        ...(attached !== undefined && { 'iam:PolicyARN': attached }),
        ...(typeof boundary === 'string' && { 'iam:PermissionsBoundary': boundary }),
      },
    },
  ];
}
