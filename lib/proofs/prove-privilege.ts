/** Claims of privilege: everything that is needed is granted, and nothing that is granted is not needed (W22). */
import { decide, decideTrust, excessOf, needsOf } from '../access/index.ts';
import type { Need } from '../access/index.ts';
import type { Messaging, Role } from '../assembly/index.ts';
import { breakOf } from './check-access.ts';
import { unique } from './proof.ts';
import type { Break, Proof } from './proof.ts';

export function provePrivilege(messaging: Messaging): readonly Proof[] {
  const excess = excessOf(messaging);
  // What no role of the assembly needs is asked of the policies of resources.
  const byRole = Map.groupBy(needsOf(messaging), ({ permission: { actor, resourceArn, action } }) => {
    const arn = action === 'sts:AssumeRole' ? resourceArn : actor.kind === 'role' ? actor.role.arn : '';
    return messaging.role(arn) === undefined ? '' : arn;
  });
  const ofRole = (role: Role): readonly Break[] => {
    const mine = new Set([role.resource, ...role.policies.map(({ resource }) => resource)]);
    return [
      ...unmetNeeds(messaging, byRole.get(role.arn) ?? []),
      ...excess.filter(({ resource }) => mine.has(resource)).map(breakOfExcess),
    ];
  };
  const roles = messaging.roles.map((role): Proof => ({
    kind: 'privilege',
    claim: `${role.resource.constructPath} may do what it needs, and nothing more`,
    steps: [...new Set((byRole.get(role.arn) ?? []).map(({ because }) => because))],
    breaks: unique(ofRole(role)),
  }));
  const ofRoles = new Set(
    messaging.roles.flatMap(({ resource, policies }) => [
      resource,
      ...policies.map((policy) => policy.resource),
    ]),
  );
  return [
    ...roles,
    {
      kind: 'privilege',
      claim:
        'policies of queues, topics, buses, functions and keys let in whom they have to, and nobody else',
      steps: [],
      breaks: unique([
        ...unmetNeeds(messaging, byRole.get('') ?? []),
        ...excess.filter(({ resource }) => !ofRoles.has(resource)).map(breakOfExcess),
      ]),
    },
  ];
}

/** What is needed and not granted. */
export function unmetNeeds(messaging: Messaging, needs: readonly Need[]): readonly Break[] {
  return needs.flatMap(({ permission, because }) => {
    const { actor, action, resourceArn } = permission;
    const role = action === 'sts:AssumeRole' ? messaging.role(resourceArn) : undefined;
    const access =
      role !== undefined && actor.kind === 'service'
        ? decideTrust(role, actor.service, actor.sourceArn)
        : decide(messaging, permission);
    return breakOf(access).map((found) => ({ ...found, message: `${found.message} (for ${because})` }));
  });
}

function breakOfExcess({ resource, kind, message }: ReturnType<typeof excessOf>[number]): Break {
  return {
    code: kind === 'unused' ? 'WAYBILL_PROOF_PERMISSION_UNUSED' : 'WAYBILL_PROOF_PERMISSION_TOO_WIDE',
    resource: resource.constructPath,
    message,
    fix: kind === 'unused' ? 'remove it' : 'name what is needed',
  };
}
