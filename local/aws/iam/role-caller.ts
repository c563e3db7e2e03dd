/** Callers that act in a role: instances of functions, rules, schedules, pipes, state machines. */
import type { Caller } from '../context.ts';

/**
 * The session of a role as a caller, as AssumeRole would make it.
 *
 * @param sessionName what AWS names the session: the function's name for a function, else the service's choice
 */
export function roleCaller(roleArn: string, sessionName: string, session?: Caller['session']): Caller {
  const accountId = roleArn.split(':')[4] ?? '';
  // The path of a role is not part of its sessions' ARNs.
  const roleName = roleArn.split('/').at(-1) ?? '';
  return {
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName.slice(0, SESSION_NAME_LENGTH)}`,
    ...(session && { session }),
  };
}

/**
 * A service that acts in a role: the role must trust it.
 *
 * @param sourceArn the resource it acts for, where the service tells it (`aws:SourceArn` in the trust policy)
 */
export function actingRole(
  service: string,
  roleArn: string,
  sessionName: string,
  sourceArn?: string,
): Caller {
  return roleCaller(roleArn, sessionName, {
    assumedBy: { service, ...(sourceArn !== undefined && { sourceArn }) },
  });
}

/** STS/latest/APIReference/API_AssumeRole.html */
const SESSION_NAME_LENGTH = 64;
