/** The alarms of a run that are in ALARM, and whose dead letters they watch. */
import type { AwsContext } from '../aws/index.ts';
import type { Consumer } from './consumers.ts';

export interface RaisedAlarm {
  readonly name: string;
  readonly reason: string;
  /** The consumer whose dead-letter queue it watches. */
  readonly consumer: string | undefined;
}

export function raisedAlarms(context: AwsContext, consumers: readonly Consumer[]): RaisedAlarm[] {
  return context.services
    .get('monitoring')
    .alarms()
    .filter(({ state }) => state === 'ALARM')
    .map(({ name, reason, metric }) => {
      const queueName = metric?.dimensions['QueueName'];
      const watched = consumers.find(
        ({ deadLetterQueueArn }) =>
          deadLetterQueueArn?.split(':').at(-1) === queueName && queueName !== undefined,
      );
      return { name, reason, consumer: watched?.name };
    });
}
