/** One attempt at one target: which service is called, and with what. eventbridge/latest/userguide/eb-targets.html */
import { randomUUID } from 'node:crypto';
import { type AwsContext, type Caller, serviceCaller } from '../context.ts';
import { appendToLog, call, invokeFunction, roleCaller, sendToQueue } from '../delivery/index.ts';
import { AwsError } from '../errors.ts';
import { optionalText, record } from './input.ts';
import type { HttpTargets } from './http-target.ts';
import type { BusEvent, Rule, Target } from './model.ts';
import { valueAt } from './transform.ts';

/** EventBridge's own name as a caller of other services. */
export const SERVICE_PRINCIPAL = 'events.amazonaws.com';

export interface TargetCallRequest {
  readonly rule: Rule;
  readonly target: Target;
  readonly event: BusEvent;
  /** What the target receives: the event as `Input`, `InputPath` or `InputTransformer` shape it. */
  readonly text: string;
  /** Buses the event came through before this one. */
  readonly hops: number;
}

/** Throws what the target answers. */
export type TargetCall = (request: TargetCallRequest) => Promise<void>;

/** Puts an event on another bus, for a caller; throws when there is no such bus. */
export type ForwardEvent = (busArn: string, event: BusEvent, hops: number, caller: Caller) => void;

export function createTargetCall(context: AwsContext, http: HttpTargets, forward: ForwardEvent): TargetCall {
  const logStreamName = randomUUID();

  return async ({ rule, target, event, text, hops }) => {
    const caller = callerFor(context, rule, target);
    switch (targetKind(target.Arn)) {
      case 'sqs': {
        const group = target.SqsParameters?.MessageGroupId;
        const message = { MessageBody: text, ...(group === undefined ? {} : { MessageGroupId: group }) };
        return sendToQueue(context, target.Arn, message, caller);
      }
      case 'sns':
        await call(context, 'sns', 'Publish', { TopicArn: target.Arn, Message: text }, caller);
        return;
      case 'lambda':
        return invokeFunction(context, target.Arn, text, caller);
      case 'states': {
        const name = `${event.id}_${randomUUID()}`;
        const input = { stateMachineArn: target.Arn, name, input: text };
        await call(context, 'states', 'StartExecution', input, caller);
        return;
      }
      case 'kinesis': {
        const input = {
          StreamARN: target.Arn,
          Data: Buffer.from(text).toString('base64'),
          PartitionKey: partitionKey(target, event),
        };
        await call(context, 'kinesis', 'PutRecord', input, caller);
        return;
      }
      case 'event-bus':
        // A bus takes the event itself: what the input members say does not apply.
        return forward(target.Arn, event, hops + 1, caller);
      case 'api-destination':
        return http.invoke(target, event, text);
      case 'logs': {
        const group = target.Arn.split(':log-group:')[1]?.replace(/:\*$/, '') ?? '';
        return appendToLog(context, group, logStreamName, logEvent(context, target, text), caller);
      }
      default:
        throw new AwsError(
          'TargetNotRunning',
          `The embedded AWS can't deliver to ${target.Arn}: no such service runs here`,
        );
    }
  };
}

function targetKind(arn: string): string {
  const [, , service = '', , , resource = ''] = arn.split(':');
  return service === 'events' ? (resource.split('/')[0] ?? '') : service;
}

/** The target's role, or else the rule's, where one is given; the service itself where policies of resources decide. */
function callerFor(context: AwsContext, rule: Rule, target: Target): Caller {
  const roleArn = target.RoleArn ?? rule.roleArn;
  return roleArn === undefined
    ? serviceCaller(context, SERVICE_PRINCIPAL, rule.arn)
    : roleCaller(SERVICE_PRINCIPAL, roleArn, rule.arn);
}

/** API_KinesisParameters.html: the event's id when there is no path. */
function partitionKey(target: Target, event: BusEvent): string {
  const path = target.KinesisParameters?.PartitionKeyPath;
  const value = path === undefined ? undefined : valueAt(event, path);
  if (value === undefined || value === null) return event.id;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** An input transformer may give the time and the message; otherwise the whole text is the message. */
function logEvent(context: AwsContext, target: Target, text: string) {
  const plain = { timestamp: context.clock.now(), message: text };
  if (target.InputTransformer === undefined) return plain;
  let parsed: Readonly<Record<string, unknown>>;
  try {
    parsed = record(JSON.parse(text));
  } catch {
    return plain;
  }
  const message = optionalText(parsed, 'message');
  const { timestamp } = parsed;
  if (message === undefined || timestamp === undefined) return plain;
  const time =
    typeof timestamp === 'number' ? timestamp : Date.parse(typeof timestamp === 'string' ? timestamp : '');
  return { timestamp: Number.isNaN(time) ? plain.timestamp : time, message };
}
