/** Who acts in an assembly: an AWS service on behalf of a resource, or whoever acts in a role. */
import { parseArn } from '../assembly/index.ts';
import type { Role } from '../assembly/index.ts';
import type { Principal } from '../policies/index.ts';

export type Actor =
  | {
      readonly kind: 'service';
      /** For example `sns.amazonaws.com`. */
      readonly service: string;
      /** The resource it acts for: a topic, a rule, an alarm. */
      readonly sourceArn: string;
      /** Where the ARN does not say, as that of a bucket. */
      readonly sourceAccount?: string;
    }
  | { readonly kind: 'role'; readonly role: Role };

export function principalOf(actor: Actor, accountId: string): Principal {
  if (actor.kind === 'service') return { kind: 'service', arn: actor.service, accountId };
  const { role } = actor;
  const session = role.arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/');
  return { kind: 'session', arn: `${session}/session`, accountId: role.accountId, roleArn: role.arn };
}

/** For people: `sns.amazonaws.com for arn:...`, or the construct path of the role. */
export function describeActor(actor: Actor): string {
  return actor.kind === 'service'
    ? `${actor.service} for ${actor.sourceArn}`
    : `role ${actor.role.resource.constructPath}`;
}

export function accountOf(actor: Actor): string {
  if (actor.kind === 'role') return actor.role.accountId;
  return actor.sourceAccount ?? parseArn(actor.sourceArn)?.accountId ?? '';
}
