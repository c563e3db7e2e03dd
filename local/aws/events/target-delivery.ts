/** From a rule to its targets: shape the event, call the target, retry, dead-letter. */
import { type AwsContext, serviceCaller } from '../context.ts';
import {
  call,
  type Chance,
  createDeliveries,
  type DeliveryOutcome,
  eventRetries,
  invokeFunction,
  type QueueMessageAttribute,
  type RetryPolicy,
  sendToQueue,
} from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS } from './limits.ts';
import type { BusEvent, Rule, Target } from './model.ts';
import { eventTime } from './put-events.ts';
import { targetInput } from './transform.ts';

/** EventBridge's own name as a caller of other services. */
const SERVICE_PRINCIPAL = 'events.amazonaws.com';

/** What reached a CloudWatch Logs group. There is no log service here: this is where such events end. */
export interface LoggedEvent {
  readonly logGroupArn: string;
  readonly at: number;
  readonly message: string;
}
const MAX_LOGGED_EVENTS = 1_000;

export interface TargetDelivery {
  /** Starts the delivery of an event to every target of a rule. Each first attempt starts at once. */
  deliver(rule: Rule, event: BusEvent, hops: number): Promise<unknown>;
  /** The last events for CloudWatch Logs groups. */
  logged(): readonly LoggedEvent[];
  pending(): number;
  close(): void;
}

/** `forward` puts an event on another bus of this account. */
export function createTargetDelivery(
  context: AwsContext,
  forward: (busArn: string, event: BusEvent, hops: number) => void,
): TargetDelivery {
  const deliveries = createDeliveries(context);
  const logged: LoggedEvent[] = [];

  const attempt = async (rule: Rule, target: Target, event: BusEvent, text: string, hops: number) => {
    const caller = serviceCaller(context, SERVICE_PRINCIPAL, rule.arn);
    const service = target.Arn.split(':')[2];
    if (service === 'sqs') {
      const group = target.SqsParameters?.MessageGroupId;
      const message = { MessageBody: text, ...(group === undefined ? {} : { MessageGroupId: group }) };
      sendToQueue(context, target.Arn, message, caller);
    } else if (service === 'sns') {
      await call(context, 'sns', 'Publish', { TopicArn: target.Arn, Message: text }, caller);
    } else if (service === 'lambda') {
      await invokeFunction(context, target.Arn, text, caller);
    } else if (service === 'events') {
      // A bus takes the event itself: what the input members say does not apply.
      forward(target.Arn, event, hops + 1);
    } else if (service === 'logs') {
      logged.push({ logGroupArn: target.Arn, at: context.clock.now(), message: text });
      if (logged.length > MAX_LOGGED_EVENTS) logged.shift();
    } else {
      throw new AwsError(
        'TargetNotRunning',
        `The embedded AWS can't deliver to ${target.Arn}: no such service runs here`,
      );
    }
  };

  const deliverTo = async (rule: Rule, target: Target, event: BusEvent, hops: number): Promise<void> => {
    const now = context.clock.now();
    const text = targetInput(target, {
      ruleArn: rule.arn,
      ruleName: rule.name,
      event,
      ingestionTime: eventTime(now),
    });
    const outcome = await deliveries.run(
      () => attempt(rule, target, event, text, hops),
      retryPolicy(target, context.faults),
      now,
    );
    context.events.emit({
      kind: outcome.delivered ? 'delivered' : 'delivery-failed',
      service: 'events',
      resourceArn: rule.arn,
      messageId: event.id,
      detail: {
        target: target.Arn,
        retries: outcome.retries,
        ...(outcome.delivered ? {} : { errorCode: outcome.error.code }),
      },
    });
    if (!outcome.delivered) await deadLetter(rule, target, event, outcome);
  };

  const deadLetter = async (
    rule: Rule,
    target: Target,
    event: BusEvent,
    failure: DeliveryOutcome & { delivered: false },
  ): Promise<void> => {
    const queueArn = target.DeadLetterConfig?.Arn;
    if (queueArn === undefined) return;
    const caller = serviceCaller(context, SERVICE_PRINCIPAL, rule.arn);
    const message = {
      MessageBody: JSON.stringify(event),
      MessageAttributes: deadLetterAttributes({ RULE_ARN: rule.arn, TARGET_ARN: target.Arn }, failure),
    };
    const outcome = await deliveries.run(
      async () => sendToQueue(context, queueArn, message, caller),
      eventRetries(MAX_RETRY_ATTEMPTS, MAX_EVENT_AGE_SECONDS, context.faults),
      context.clock.now(),
    );
    context.events.emit({
      kind: outcome.delivered ? 'dead-lettered' : 'delivery-failed',
      service: 'events',
      resourceArn: rule.arn,
      messageId: event.id,
      detail: { target: queueArn, ...(outcome.delivered ? {} : { errorCode: outcome.error.code }) },
    });
  };

  return {
    deliver: (rule, event, hops) =>
      Promise.all([...rule.targets.values()].map((target) => deliverTo(rule, target, event, hops))),
    logged: () => [...logged],
    pending: () => deliveries.pending(),
    close: () => deliveries.close(),
  };
}

function retryPolicy(target: Target, chance: Chance): RetryPolicy {
  return eventRetries(
    target.RetryPolicy?.MaximumRetryAttempts ?? MAX_RETRY_ATTEMPTS,
    target.RetryPolicy?.MaximumEventAgeInSeconds ?? MAX_EVENT_AGE_SECONDS,
    chance,
  );
}

/** What a dead letter says about its failure. eventbridge/latest/userguide/eb-rule-dlq.html */
export function deadLetterAttributes(
  about: Readonly<Record<string, string>>,
  failure: DeliveryOutcome & { delivered: false },
): Record<string, QueueMessageAttribute> {
  const values = {
    ...about,
    ERROR_CODE: errorCode(failure.error),
    ERROR_MESSAGE: failure.error.message,
    ...(failure.exhausted === undefined ? {} : { EXHAUSTED_RETRY_CONDITION: failure.exhausted }),
    RETRY_ATTEMPTS: String(failure.retries),
  };
  return Object.fromEntries(
    Object.entries(values).map(([name, StringValue]) => [name, { DataType: 'String', StringValue }]),
  );
}

/** The error in EventBridge's own classes. eventbridge/latest/userguide/eb-rule-dlq.html */
function errorCode(error: AwsError): string {
  const { code, httpStatus } = error;
  if (/Throttl|TooManyRequests|LimitExceeded/i.test(code)) return 'THROTTLING';
  if (/AccessDenied|NotAuthorized|Authorization/i.test(code)) return 'NO_PERMISSIONS';
  if (/DoesNotExist|NotFound|NonExistent|NotRunning/i.test(code)) return 'NO_RESOURCE';
  if (/Invalid|Validation|Missing/i.test(code)) return 'INVALID_PARAMETER';
  return httpStatus >= 500 ? 'INTERNAL_ERROR' : 'ERROR_FROM_TARGET';
}
