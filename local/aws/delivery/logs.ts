/** Lines in CloudWatch Logs that another service writes, and roles that services act in. */
import { randomUUID } from 'node:crypto';
import type { AwsContext, Caller } from '../context.ts';
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

/** A service that acts in a role of the account. */
export function roleCaller(context: Pick<AwsContext, 'accountId'>, roleArn: string): Caller {
  const accountId = roleArn.split(':')[4] || context.accountId;
  const role = roleArn.split('/').at(-1) ?? roleArn;
  return { accountId, arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${randomUUID()}` };
}
