/** The awslogs driver: what a container writes, in CloudWatch Logs, written with the rights of the execution role. */
import type { AwsContext, Caller } from '../context.ts';
import type { InputLogEvent } from '../logs/index.ts';
import type { LogTarget } from './model.ts';

/** Lines that wait for more before they are written, at most. */
const BATCH_LINES = 200;

export interface TaskLog {
  line(text: string): void;
  /** Writes what waits. */
  flush(): void;
}

/**
 * @param stream `PREFIX/CONTAINER/TASK-ID`
 * @throws an Error with ECS's words when the group is missing or the role may not write to it
 */
export function openTaskLog(
  context: AwsContext,
  { group, createsGroup }: LogTarget,
  stream: string,
  caller: Caller,
): TaskLog {
  const logs = context.services.find('logs');
  if (logs !== undefined && !createsGroup && !logs.groupNames().includes(group)) {
    throw new Error(
      `failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist. (${group})`,
    );
  }
  // Nothing is written: whether the role may is found before the first line is lost.
  logs?.append(group, stream, [], caller);
  let waiting: InputLogEvent[] = [];
  let scheduled = false;
  const flush = (): void => {
    scheduled = false;
    const events = waiting;
    waiting = [];
    if (events.length === 0) return;
    try {
      logs?.append(group, stream, events, caller);
    } catch {
      // A log that can't be written does not stop the container.
    }
  };
  return {
    line(text) {
      waiting.push({ timestamp: context.clock.now(), message: text });
      if (waiting.length >= BATCH_LINES) flush();
      else if (!scheduled) {
        scheduled = true;
        setImmediate(flush);
      }
    },
    flush,
  };
}
