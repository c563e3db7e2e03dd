/**
 * Filter policies for subscriptions to an alert topic. CloudWatch publishes no message attributes, so they look
 * into the body: AmazonCloudWatch/latest/monitoring/alarm-notification-format.html.
 */
import type { AlarmSeverity } from './alarm-props.ts';

/**
 * What rises and what ends, but not the first OK of an alarm that was just deployed: otherwise each deployment
 * of a hundred alarms would send a hundred messages.
 *
 * @param severity only alarms of this severity
 */
export function notificationFilter(severity?: AlarmSeverity): Readonly<Record<string, unknown>> {
  return {
    $or: [{ NewStateValue: ['ALARM'] }, { OldStateValue: ['ALARM', 'OK'] }],
    ...(severity === undefined ? {} : { AlarmDescription: [{ prefix: `${severity.toUpperCase()}: ` }] }),
  };
}
