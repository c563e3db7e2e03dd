/** The alarms of a run that are in ALARM, and whose dead letters they watch. */
import type { AwsContext } from '../aws/index.ts';
import type { Consumer } from './consumers.ts';

export interface RaisedAlarm {
  readonly name: string;
  /** As the template calls it, without the hash. */
  readonly shortName: string;
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
      return { name, shortName: shortNameOf(name), reason, consumer: watched?.name };
    });
}

/**
 * `waybill-local-core/Relay/DeadLetterAlarm`, as our constructs name it, is `Relay/DeadLetterAlarm`;
 * `core-RelayDeadLetterAlarmAFB1A39F-b1599e4a0911`, as CloudFormation does, is the `RelayDeadLetterAlarm`.
 */
function shortNameOf(name: string): string {
  const slash = name.indexOf('/');
  if (slash > 0) return name.slice(slash + 1);
  return /([A-Za-z0-9]+?)(?:[0-9A-F]{8})?-[0-9a-z]{12}$/.exec(name)?.[1] ?? name;
}
