/** Writes lines into CloudWatch Logs for a service, making group and stream when they are missing. */
import { randomUUID } from 'node:crypto';
import type { AwsContext, Caller } from '../context.ts';
import { asAwsError } from '../errors.ts';
import { call } from './targets.ts';

export interface LogWriter {
  /** Writes one line with a role's permissions. Rejects never: a log that can't be written stops nobody. */
  write(groupName: string, roleArn: string, message: string): Promise<void>;
}

/** Each writer has one stream per group. */
export function createLogWriter(context: AwsContext): LogWriter {
  const streams = new Map<string, Promise<string>>();

  const openStream = async (groupName: string, caller: Caller): Promise<string> => {
    const name = randomUUID();
    await unlessThere(call(context, 'logs', 'CreateLogGroup', { logGroupName: groupName }, caller));
    const stream = { logGroupName: groupName, logStreamName: name };
    await unlessThere(call(context, 'logs', 'CreateLogStream', stream, caller));
    return name;
  };

  return {
    async write(groupName, roleArn, message) {
      const caller = roleCaller(context, roleArn);
      try {
        let stream = streams.get(groupName);
        if (!stream) streams.set(groupName, (stream = openStream(groupName, caller)));
        const logEvents = [{ timestamp: context.clock.now(), message }];
        const input = { logGroupName: groupName, logStreamName: await stream, logEvents };
        await call(context, 'logs', 'PutLogEvents', input, caller);
      } catch (error) {
        streams.delete(groupName);
        context.events.emit({
          kind: 'delivery-failed',
          service: 'logs',
          resourceArn: groupName,
          detail: { errorCode: asAwsError(error).code },
        });
      }
    },
  };
}

/** A service that acts with a role of the account. */
export function roleCaller(context: Pick<AwsContext, 'accountId'>, roleArn: string): Caller {
  const accountId = roleArn.split(':')[4] || context.accountId;
  const role = roleArn.split('/').at(-1) ?? roleArn;
  return { accountId, arn: `arn:aws:sts::${accountId}:assumed-role/${role}/${randomUUID()}` };
}

async function unlessThere(creation: Promise<unknown>): Promise<void> {
  try {
    await creation;
  } catch (error) {
    if (asAwsError(error).code !== 'ResourceAlreadyExistsException') throw error;
  }
}
