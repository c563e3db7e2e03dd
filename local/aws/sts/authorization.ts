/** What AssumeRole needs: the word of the role's trust policy, and of the caller's own when it only names the account. */
import type { AuthorizationRequest, AwsContext } from '../context.ts';

export function stsAuthorization(
  context: AwsContext,
  action: string,
  input: Readonly<Record<string, unknown>>,
): readonly AuthorizationRequest[] {
  const { RoleArn: resourceArn, RoleSessionName: sessionName, ExternalId: externalId } = input;
  // GetCallerIdentity needs no permission; a request without a role is refused for that.
  if (action !== 'AssumeRole' || typeof resourceArn !== 'string') return [];
  const role = context.services.find('iam')?.findRole(resourceArn.split('/').at(-1) ?? '');
  const known = role?.arn === resourceArn ? role : undefined;
  // A role that is on no record: in a quick test anybody may act in it.
  if (known === undefined && context.policies === 'enforced-where-present') return [];
  return [
    {
      action: 'sts:AssumeRole',
      resourceArn,
      ...(known && { resourcePolicy: known.trustPolicy }),
      conditionKeys: {
        ...(typeof sessionName === 'string' && { 'sts:RoleSessionName': sessionName }),
        ...(typeof externalId === 'string' && { 'sts:ExternalId': externalId }),
      },
    },
  ];
}
