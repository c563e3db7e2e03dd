/** The alarms as synthesized, in the embedded AWS: who gets which notification, and when. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Duration, Stack } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnSubscription } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { ageOfOldest, backlog, deadLetters } from '../../../lib/constructs/alarms/index.ts';
import { AlertTopic, HopAlarms } from '../../../lib/constructs/index.ts';
import { manualClock, rootCaller } from '../../../local/aws/index.ts';
import { awsUnderTest, deploy, type AwsUnderTest } from '../../local/assembly/assembly-under-test.ts';
import { testApp } from './support.ts';

const MINUTE = 60_000;

let under: AwsUnderTest;
const clock = manualClock();
beforeEach(async () => {
  under = await awsUnderTest({ clock });
});
afterEach(() => under.close());

const call = async (action: string, input: Record<string, unknown>) => {
  const { context, services } = under.aws;
  return (await services.sqs.handle(action, input, rootCaller(context))) as Record<string, unknown>;
};

/** `Work` with its alarms, and two subscribers of the alert topic. */
function template(): object {
  const app = testApp();
  const stack = new Stack(app, 'Watched');
  const { topic } = new AlertTopic(stack, 'Alerts');
  for (const [id, severity] of [
    ['Everyone', undefined],
    ['Pager', 'critical'],
  ] as const) {
    const queue = new Queue(stack, id, { queueName: id });
    queue.grantSendMessages(new ServicePrincipal('sns.amazonaws.com'));
    new CfnSubscription(stack, `${id}Subscription`, {
      topicArn: topic.topicArn,
      protocol: 'sqs',
      endpoint: queue.queueArn,
      rawMessageDelivery: true,
      filterPolicy: AlertTopic.filterPolicy(severity),
      filterPolicyScope: 'MessageBody',
    });
  }
  const work = new Queue(stack, 'Work', { queueName: 'Work', retentionPeriod: Duration.days(1) });
  const alarms = new HopAlarms(stack, {}, stack);
  alarms.add('AgeAlarm', ageOfOldest(work, Duration.minutes(5)));
  alarms.add('DeadLetterAlarm', deadLetters(work, 'A message of work'));
  alarms.add(
    'BacklogAlarm',
    backlog(work, {
      peakPerSecond: 1 / 60,
      fifo: true,
      batchSize: 1,
      maxConcurrency: 2,
      timeoutSeconds: 30,
      visibilityTimeoutSeconds: 180,
      maxReceiveCount: 5,
      maxAgeSeconds: 60,
    }),
  );
  alarms.unhealthy('work', 'consumer-unhealthy');
  return app.synth().getStackByName('Watched').template as object;
}

interface Notification {
  readonly AlarmName: string;
  readonly NewStateValue: string;
}

/** Everything that has come since the last time, as `NAME STATE`. */
async function notified(queue: string): Promise<string[]> {
  const { QueueUrl } = await call('GetQueueUrl', { QueueName: queue });
  const all: string[] = [];
  for (;;) {
    const { Messages = [] } = (await call('ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 })) as {
      Messages?: { Body: string; ReceiptHandle: string }[];
    };
    if (Messages.length === 0) return all.toSorted();
    for (const { Body, ReceiptHandle } of Messages) {
      const { AlarmName, NewStateValue } = JSON.parse(Body) as Notification;
      all.push(`${AlarmName.replace('Watched/', '')} ${NewStateValue}`);
      await call('DeleteMessage', { QueueUrl, ReceiptHandle });
    }
  }
}

test('one page for the symptoms and one for what failed for good; warnings do not page; each end is told, no first OK', async () => {
  await deploy(under, { Watched: { template: template() } });
  const { QueueUrl } = await call('GetQueueUrl', { QueueName: 'Work' });

  await clock.advance(5 * MINUTE);
  expect(await notified('Everyone')).toEqual([]);

  for (const MessageBody of ['1', '2']) await call('SendMessage', { QueueUrl, MessageBody });
  await clock.advance(30 * MINUTE);
  expect(await notified('Pager')).toEqual(['DeadLetterAlarm ALARM', 'UnhealthyAlarm ALARM']);
  expect(await notified('Everyone')).toEqual([
    'BacklogAlarm ALARM',
    'DeadLetterAlarm ALARM',
    'UnhealthyAlarm ALARM',
  ]);

  await call('PurgeQueue', { QueueUrl });
  await clock.advance(10 * MINUTE);
  expect(await notified('Pager')).toEqual(['DeadLetterAlarm OK', 'UnhealthyAlarm OK']);
});
