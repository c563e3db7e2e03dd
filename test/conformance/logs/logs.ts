/** Shorthand of the CloudWatch Logs behaviours: a group with a stream, events in and out. */
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  FilterLogEventsCommand,
  PutLogEventsCommand,
  type FilterLogEventsCommandInput,
  type InputLogEvent,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Conformance } from '../harness.ts';

export const API = 'https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference';
export const GUIDE = 'https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs';

/** Seconds until what was written is found: AWS may take some, others none. */
export function patience({ embedded }: Conformance): number {
  return embedded ? 2 : 60;
}

export interface TestLogs {
  readonly client: CloudWatchLogsClient;
  readonly group: string;
  readonly stream: string;
  write(...messages: readonly string[]): Promise<unknown>;
  put(...logEvents: readonly InputLogEvent[]): ReturnType<typeof putOf>;
  /** The messages that a filter pattern finds, in order. */
  find(filterPattern?: string, input?: Partial<FilterLogEventsCommandInput>): Promise<string[]>;
}

const putOf = (
  client: CloudWatchLogsClient,
  group: string,
  stream: string,
  logEvents: readonly InputLogEvent[],
) =>
  client.send(
    new PutLogEventsCommand({ logGroupName: group, logStreamName: stream, logEvents: [...logEvents] }),
  );

/** A group with one stream; deleted afterwards. */
export async function logsOf(aws: Conformance): Promise<TestLogs> {
  const client = aws.client(CloudWatchLogsClient);
  const group = aws.uniqueName('logs');
  const stream = 'stream';
  await client.send(new CreateLogGroupCommand({ logGroupName: group }));
  aws.cleanup(() => client.send(new DeleteLogGroupCommand({ logGroupName: group })));
  await client.send(new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream }));
  const put = (...logEvents: readonly InputLogEvent[]) => putOf(client, group, stream, logEvents);
  return {
    client,
    group,
    stream,
    put,
    write: (...messages) => put(...messages.map((message) => ({ message, timestamp: Date.now() }))),
    async find(filterPattern = '', input = {}) {
      const { events = [] } = await client.send(
        new FilterLogEventsCommand({ logGroupName: group, filterPattern, ...input }),
      );
      return events.map(({ message = '' }) => message);
    },
  };
}
