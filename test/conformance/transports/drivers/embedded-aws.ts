/** The embedded AWS of a driver: its clock is ours, and the runtime's own clients find it by the environment. */
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { manualClock, startEmbeddedAws } from '../../../../local/aws/index.ts';
import type { EmbeddedAws, ManualClock } from '../../../../local/aws/index.ts';
import { untilOnClock } from '../../../support/waiting.ts';
import { MAX_RECEIVES } from '../driver.ts';
import type { Group, KeptEvent, RunningTransport } from '../driver.ts';

/** Seconds of a queue's visibility. */
export const VISIBILITY = 30;
/** Milliseconds that time moves by between two looks. */
const STEP = 250;

export interface AwsUnderTest {
  readonly aws: EmbeddedAws;
  readonly clock: ManualClock;
  readonly sqs: SQSClient;
  readonly settings: {
    readonly endpoint: string;
    readonly region: string;
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  };
  until(condition: () => boolean | Promise<boolean>): Promise<void>;
  name(stem: string): string;
}

export interface Queue {
  readonly url: string;
  readonly arn: string;
}

/** What a queue's consumer needs: the queue, and where it puts what it gives up. */
export interface QueuePair {
  readonly queue: Queue;
  readonly dead: Queue;
}

export async function startAwsUnderTest(): Promise<AwsUnderTest & { stop(): Promise<void> }> {
  const clock = manualClock();
  const aws = await startEmbeddedAws({ clock, port: 0 });
  const settings = {
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  };
  const variables: Readonly<Record<string, string>> = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: settings.region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  const sqs = new SQSClient(settings);
  let names = 0;
  return {
    aws,
    clock,
    sqs,
    settings,
    until: (condition) => untilOnClock(clock, condition, STEP),
    name: (stem) => `${stem}-${(names += 1)}`,
    async stop() {
      for (const [name, value] of before) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      sqs.destroy();
      await aws.close();
    },
  };
}

export const runningOn = ({
  clock,
  until,
}: AwsUnderTest): Pick<RunningTransport, 'broker' | 'now' | 'until'> => ({
  broker: 'the embedded AWS',
  now: () => clock.now(),
  until,
});

export async function createQueue(
  { sqs }: AwsUnderTest,
  name: string,
  attributes: Readonly<Record<string, string>> = {},
): Promise<Queue> {
  const fifo = name.endsWith('.fifo') ? { FifoQueue: 'true' } : {};
  const { QueueUrl: url } = await sqs.send(
    new CreateQueueCommand({ QueueName: name, Attributes: { ...fifo, ...attributes } }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url!, AttributeNames: ['QueueArn'] }),
  );
  return { url: url!, arn: Attributes!['QueueArn']! };
}

/** A queue with a dead-letter queue, as QueueConsumer makes them. The redrive policy is the backstop, behind the consumer's own. */
export async function createQueuePair(under: AwsUnderTest, name: string, suffix = ''): Promise<QueuePair> {
  const dead = await createQueue(under, `${name}-dead${suffix}`);
  const queue = await createQueue(under, `${name}${suffix}`, {
    VisibilityTimeout: String(VISIBILITY),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: MAX_RECEIVES + 7 }),
  });
  return { queue, dead };
}

/** What both kinds of queues know of their dead letters. */
export function queueDeadLetters(
  under: AwsUnderTest,
  { queue, dead }: QueuePair,
): Pick<Group, 'deadLetters' | 'redrive'> & { look(): Promise<readonly KeptEvent[]> } {
  const look = async (): Promise<KeptEvent[]> => {
    const { Messages = [] } = await under.sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: dead.url,
        MaxNumberOfMessages: 10,
        VisibilityTimeout: 0,
        MessageAttributeNames: ['All'],
      }),
    );
    return Messages.map(({ Body: body = '', MessageAttributes: attributes }) => ({
      reason: attributes?.['deadLetterReason']?.StringValue,
      receiveCount: Number(attributes?.['deadLetterReceiveCount']?.StringValue),
      body,
    }));
  };
  return {
    look,
    async deadLetters(count) {
      let found: KeptEvent[] = [];
      await under.until(async () => (found = await look()).length >= count);
      return found;
    },
    async redrive() {
      await under.sqs.send(
        new StartMessageMoveTaskCommand({ SourceArn: dead.arn, DestinationArn: queue.arn }),
      );
    },
  };
}
