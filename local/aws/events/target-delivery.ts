/** From a rule to its targets: shape the event, attempt, retry, dead-letter. */
import { type AwsContext, serviceCaller } from '../context.ts';
import {
  attemptWithFaults,
  type Chance,
  createDeliveries,
  createDeliveryJournal,
  type DeliveryOutcome,
  eventRetries,
  patientAfterRestart,
  type QueueMessageAttribute,
  type RetryPolicy,
  sendToQueue,
} from '../delivery/index.ts';
import type { AwsError } from '../errors.ts';
import { parseExact } from '../../../lib/matching/index.ts';
import { MAX_EVENT_AGE_SECONDS, MAX_RETRY_ATTEMPTS } from './limits.ts';
import type { BusEvent, Rule, Target } from './model.ts';
import { eventTime } from './put-events.ts';
import { SERVICE_PRINCIPAL, type TargetCall } from './target-call.ts';
import { targetInput } from './transform.ts';

export interface TargetDelivery {
  /** Starts the delivery of an event to every target of a rule. Each first attempt starts at once. */
  deliver(rule: Rule, event: BusEvent, hops: number): Promise<unknown>;
  /** Keeps the deliveries that have not ended, before whoever put the event gets an answer. */
  save(): void;
  /** Takes up what an earlier process could not deliver. */
  resume(find: (ruleArn: string, targetId: string) => readonly [Rule, Target] | undefined): void;
  pending(): number;
  close(): void;
}

/** One event on its way to one target. */
interface Delivery {
  readonly rule: Rule;
  readonly target: Target;
  readonly event: BusEvent;
  readonly hops: number;
  /** When the event came in, in milliseconds since the epoch; its age counts from there. */
  readonly since: number;
}

interface KeptDelivery {
  readonly ruleArn: string;
  readonly targetId: string;
  /** JSON: numbers keep the spelling they came with. */
  readonly event: string;
  readonly hops: number;
  readonly since: number;
}

type Wrap = (attempt: () => Promise<void>) => Promise<void>;
const asItIs: Wrap = (attempt) => attempt();

export function createTargetDelivery(context: AwsContext, targetCall: TargetCall): TargetDelivery {
  const deliveries = createDeliveries(context);
  const journal = createDeliveryJournal<KeptDelivery>(context.state, 'events.deliveries');

  const run = async (delivery: Delivery, wrap: Wrap): Promise<void> => {
    const { rule, target, event, hops, since } = delivery;
    const text = targetInput(target, {
      ruleArn: rule.arn,
      ruleName: rule.name,
      event,
      ingestionTime: eventTime(since),
    });
    const asked = { RuleArn: rule.arn, TargetId: target.Id, TargetArn: target.Arn };
    const attempt = () => targetCall({ rule, target, event, text, hops });
    const outcome = await deliveries.run(
      () => attemptWithFaults(context, 'events', rule.arn, asked, () => wrap(attempt)),
      retryPolicy(target, context.faults),
      since,
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
    if (!outcome.delivered) await deadLetter(delivery, outcome);
  };

  const deadLetter = async (
    { rule, target, event }: Delivery,
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
      detail: {
        target: queueArn,
        deadLetter: true,
        ...(outcome.delivered ? {} : { errorCode: outcome.error.code }),
      },
    });
  };

  const start = (delivery: Delivery): Promise<void> => {
    const { rule, target, event, hops, since } = delivery;
    const end = journal.begin(`${event.id} ${rule.arn} ${target.Id}`, () => ({
      ruleArn: rule.arn,
      targetId: target.Id,
      event: JSON.stringify(event),
      hops,
      since,
    }));
    return run(delivery, asItIs).then(end);
  };

  return {
    deliver(rule, event, hops) {
      const since = context.clock.now();
      const targets = [...rule.targets.values()];
      return Promise.all(targets.map((target) => start({ rule, target, event, hops, since })));
    },
    save: () => journal.save(),
    resume(find) {
      const patient = patientAfterRestart(context);
      for (const [key, kept] of journal.left()) {
        const end = journal.begin(key, () => kept);
        const found = find(kept.ruleArn, kept.targetId);
        if (!found) {
          end();
          continue;
        }
        const [rule, target] = found;
        const event = parseExact(kept.event) as BusEvent;
        const { hops, since } = kept;
        void run({ rule, target, event, hops, since }, patient).then(end);
      }
    },
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
const ERROR_CLASSES: readonly (readonly [RegExp, string])[] = [
  [/^ThirdBusHop/, 'THIRD_ACCOUNT_HOP_DETECTED'],
  [/^ConnectionFailure/, 'CONNECTION_FAILURE'],
  [/^Timeout/, 'TIMEOUT'],
  [/^ErrorFromTarget/, 'ERROR_FROM_TARGET'],
  [/Throttl|TooManyRequests/i, 'THROTTLING'],
  [/LimitExceeded/i, 'RESOURCE_LIMIT_EXCEEDED'],
  [/AccessDenied|NotAuthorized|Authorization|KmsAccess/i, 'NO_PERMISSIONS'],
  [/AlreadyExists/i, 'RESOURCE_ALREADY_EXISTS'],
  [/DoesNotExist|NotFound|NonExistent|NotRunning/i, 'NO_RESOURCE'],
  [/InvalidRequestContent|InvalidExecutionInput/i, 'INVALID_JSON'],
  [/Invalid|Validation|Missing/i, 'INVALID_PARAMETER'],
];

function errorCode({ code, httpStatus }: AwsError): string {
  const found = ERROR_CLASSES.find(([pattern]) => pattern.test(code));
  return found?.[1] ?? (httpStatus >= 500 ? 'INTERNAL_ERROR' : 'ERROR_FROM_TARGET');
}
