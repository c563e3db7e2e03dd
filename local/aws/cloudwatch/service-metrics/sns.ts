/** AWS/SNS, told from what happens. "Monitoring Amazon SNS topics using CloudWatch", sns-monitoring-using-cloudwatch.html */
import type { AwsContext, Happening } from '../../context.ts';
import type { MetricStore } from '../metric-store.ts';
import { createCounters } from './counters.ts';
import type { ServiceMetrics } from './index.ts';

export function snsMetrics(context: AwsContext, store: MetricStore): ServiceMetrics {
  const counters = createCounters(store, 'AWS/SNS');

  const count = ({ kind, resourceArn, detail, at }: Happening): void => {
    // `arn:aws:sns:REGION:ACCOUNT:TOPIC`, with the subscription's id behind it.
    const topicAt = endOfAccount(resourceArn);
    const topicEnd = resourceArn.indexOf(':', topicAt);
    const isSubscription = topicEnd >= 0;
    const dimensions = { TopicName: resourceArn.slice(topicAt, isSubscription ? topicEnd : undefined) };
    const put = (name: string, value = 1, unit = 'Count') =>
      counters.put({ name, dimensions, value, unit, at });
    if (kind === 'published') {
      put('NumberOfMessagesPublished');
      put('PublishSize', Number(detail?.['bytes'] ?? 0), 'Bytes');
    } else if (!isSubscription) {
      // What happened to the topic is no delivery.
    } else if (kind === 'delivered') put('NumberOfNotificationsDelivered');
    else if (kind === 'dead-lettered') put('NumberOfNotificationsRedrivenToDlq');
    else if (kind === 'delivery-failed') {
      put(
        detail?.['deadLetter'] === true
          ? 'NumberOfNotificationsFailedToRedriveToDlq'
          : 'NumberOfNotificationsFailed',
      );
    } else if (kind === 'filtered') {
      put('NumberOfNotificationsFilteredOut');
      put(`NumberOfNotificationsFilteredOut-${detail?.['reason'] ?? 'MessageAttributes'}`);
    }
  };

  return { close: context.events.observe(count, ['sns']) };
}

/** Where the sixth part of an ARN begins. */
function endOfAccount(arn: string): number {
  let at = 0;
  for (let part = 0; part < 5; part++) at = arn.indexOf(':', at) + 1;
  return at;
}
