/**
 * What an alarm does when its state changes: notify topics, invoke functions, put an event on the default bus.
 * AmazonCloudWatch/latest/monitoring/alarm-actions.html
 */
import { serviceCaller, type AwsContext } from '../context.ts';
import { call } from '../delivery/index.ts';
import { asAwsError, AwsError } from '../errors.ts';
import type { Alarm, AlarmState } from './alarm-model.ts';
import { eventDetail, notification, offsetTime, regionName } from './alarm-view.ts';

/** CloudWatch's own names as a caller of other services. */
const SERVICE_PRINCIPAL = 'cloudwatch.amazonaws.com';
const LAMBDA_PRINCIPAL = 'lambda.alarms.cloudwatch.amazonaws.com';
/** Characters of a topic message's subject. API_Publish of SNS */
const SUBJECT_LENGTH = 100;

/** Runs one action; resolves with the error when it failed. */
export async function runAction(
  context: AwsContext,
  actionArn: string,
  alarm: Alarm,
  previous: AlarmState,
): Promise<AwsError | undefined> {
  try {
    await start(context, actionArn, alarm, previous);
    return undefined;
  } catch (thrown) {
    return asAwsError(thrown);
  }
}

async function start(
  context: AwsContext,
  actionArn: string,
  alarm: Alarm,
  previous: AlarmState,
): Promise<void> {
  const service = actionArn.split(':')[2];
  if (service === 'sns') {
    const { value } = alarm.state;
    const input = {
      TopicArn: actionArn,
      Subject: `${value}: "${alarm.name}" in ${regionName(context)}`.slice(0, SUBJECT_LENGTH),
      Message: notification(context, alarm, previous),
    };
    await call(context, 'sns', 'Publish', input, serviceCaller(context, SERVICE_PRINCIPAL, alarm.arn));
    return;
  }
  if (service === 'lambda') {
    const event = {
      source: 'aws.cloudwatch',
      alarmArn: alarm.arn,
      accountId: context.accountId,
      time: offsetTime(alarm.state.updatedAt),
      region: context.region,
      alarmData: eventDetail(alarm, previous),
    };
    const input = { FunctionName: actionArn, InvocationType: 'Event', Payload: JSON.stringify(event) };
    await call(context, 'lambda', 'Invoke', input, serviceCaller(context, LAMBDA_PRINCIPAL, alarm.arn));
    return;
  }
  throw new AwsError(
    'ActionNotRunning',
    `The embedded CloudWatch runs actions of SNS topics and Lambda functions; ${actionArn} is neither`,
  );
}

/** Puts "CloudWatch Alarm State Change" on the default bus. AWS's own events need no permission. */
export function putStateChangeEvent(context: AwsContext, alarm: Alarm, previous: AlarmState): void {
  const entry = {
    Source: 'aws.cloudwatch',
    DetailType: 'CloudWatch Alarm State Change',
    Resources: [alarm.arn],
    Time: alarm.state.updatedAt / 1000,
    Detail: JSON.stringify(eventDetail(alarm, previous)),
  };
  const caller = serviceCaller(context, SERVICE_PRINCIPAL, alarm.arn);
  // An event that the bus refuses is lost, as on AWS; the alarm has its state all the same.
  void context.services
    .find('events')
    ?.handle('PutEvents', { Entries: [entry] }, caller)
    .catch(() => {});
}
