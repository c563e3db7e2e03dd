/** Schedules under test, with the calls that nearly every behaviour makes. */
import {
  CreateScheduleCommand,
  DeleteScheduleCommand,
  SchedulerClient,
  type CreateScheduleCommandInput,
  type Target,
} from '@aws-sdk/client-scheduler';
import type { Conformance } from '../harness.ts';

/** The pages that most behaviours come from. */
export const API = 'https://docs.aws.amazon.com/scheduler/latest/APIReference';
export const GUIDE = 'https://docs.aws.amazon.com/scheduler/latest/UserGuide';

export const scheduler = (aws: Conformance): SchedulerClient => aws.client(SchedulerClient);

/** A role for the schedule; only the embedded AWS takes one that nobody made. */
export async function role(aws: Conformance): Promise<string> {
  if (!aws.embedded) aws.notRun('needs a role for EventBridge Scheduler');
  return `arn:aws:iam::${await aws.accountId()}:role/scheduler`;
}

/** A new schedule. Deleted afterwards, when it is still there. */
export async function schedule(
  aws: Conformance,
  ScheduleExpression: string,
  target: Partial<Target> & Pick<Target, 'Arn'>,
  input: Partial<CreateScheduleCommandInput> = {},
) {
  const Name = aws.uniqueName('schedule');
  const { ScheduleArn = '' } = await scheduler(aws).send(
    new CreateScheduleCommand({
      Name,
      ScheduleExpression,
      FlexibleTimeWindow: { Mode: 'OFF' },
      ...input,
      Target: { RoleArn: await role(aws), ...target },
    }),
  );
  const { GroupName } = input;
  aws.cleanup(() =>
    scheduler(aws).send(new DeleteScheduleCommand({ Name, ...(GroupName ? { GroupName } : {}) })),
  );
  return { name: Name, arn: ScheduleArn };
}

/** A wall time in UTC so many seconds from now on the endpoint's clock, as at() has it. */
export async function inSeconds(aws: Conformance, seconds: number): Promise<string> {
  return new Date((await now(aws)) + seconds * 1000).toISOString().slice(0, 19);
}

/** The endpoint's time, in milliseconds: a message's SentTimestamp. */
export async function now(aws: Conformance): Promise<number> {
  const queue = await aws.queue();
  await queue.send('what time is it?');
  const [message] = await queue.receive(1);
  return Number(message?.Attributes?.['SentTimestamp']);
}
