/** Poison that every system takes: messages that nobody can read, on each of its topics. */
import type { Topology } from '../../lib/topology/index.ts';
import { rootCaller } from '../aws/index.ts';
import { malformedMessages } from '../workload/malformed.ts';
import type { LocalRun } from './local-run.ts';

/** One on each topic that consumers subscribe to. */
export async function publishMalformed(run: Pick<LocalRun, 'aws' | 'topology' | 'deployed'>): Promise<void> {
  const { context, services } = run.aws;
  for (const message of malformedMessages(run.topology)) {
    const topic = run.deployed.resources.find(
      ({ stack, logicalId }) => stack === message.topic.stack && logicalId === message.topic.logicalId,
    );
    const attributes = Object.entries(message.attributes).map(
      ([name, value]) => [name, { DataType: 'String', StringValue: value }] as const,
    );
    await services.sns.handle(
      'Publish',
      {
        TopicArn: topic?.physicalId,
        Message: message.body,
        MessageAttributes: Object.fromEntries(attributes),
        ...(message.messageGroupId !== null && { MessageGroupId: message.messageGroupId }),
        ...(message.messageDeduplicationId !== null && {
          MessageDeduplicationId: message.messageDeduplicationId,
        }),
      },
      rootCaller(context),
    );
  }
}

/** Whose dead-letter queues they must end in. */
export function consumersOfMalformed(topology: Topology): readonly string[] {
  return [...new Set(malformedMessages(topology).flatMap(({ consumers }) => consumers))];
}
