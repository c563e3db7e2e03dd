/** Lines in CloudWatch Logs that another service writes, and roles that services act in. */
import { createHash } from 'node:crypto';
import type { AwsContext, Caller } from '../context.ts';
import { actingRole } from '../iam/role-caller.ts';
import type { LogsService } from '../logs/index.ts';
import { notRunning } from './targets.ts';

/** Writes one line; group and stream are made when they are missing. Throws what CloudWatch Logs answers. */
export function appendToLog(
  context: AwsContext,
  groupName: string,
  streamName: string,
  event: { readonly timestamp: number; readonly message: string },
  caller: Caller,
): void {
  const logs: LogsService | undefined = context.services.find('logs');
  if (!logs) throw notRunning('logs');
  logs.append(groupName, streamName, [event], caller);
}

/** A service that acts in a role of the account, for one of its resources. */
export function roleCaller(service: string, roleArn: string, sourceArn: string): Caller {
  // AWS makes a session name up; one that stays the same lets the authorizer remember its answers.
  const sessionName = createHash('sha256').update(sourceArn).digest('hex').slice(0, 32);
  return actingRole(service, roleArn, sessionName, sourceArn);
}
