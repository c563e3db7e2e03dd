/** Handing a role to a service takes a permission of its own. IAM/latest/UserGuide/id_roles_use_passrole.html */
import type { AuthorizationRequest } from '../context.ts';

/** What a caller needs to give these roles to `service`; absent ones need nothing. */
export function passRole(
  service: string,
  roleArns: readonly (string | undefined)[],
): readonly AuthorizationRequest[] {
  const given = new Set(roleArns.filter((arn) => arn !== undefined));
  return [...given].map((resourceArn) => ({
    action: 'iam:PassRole',
    resourceArn,
    conditionKeys: { 'iam:PassedToService': service },
  }));
}
