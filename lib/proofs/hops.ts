/** What one hop does to a message: lets it through or not, and hands it on in which form. */
import type {
  EventSourceMapping,
  Messaging,
  Pipe,
  Rule,
  RuleTarget,
  Subscriber,
  Subscription,
} from '../assembly/index.ts';
import { isUnknown } from '../assembly/index.ts';
import type { Delivery } from '../access/index.ts';
import {
  attributesAsEvent,
  createMappingFilter,
  EVENT_BUS_PROFILE,
  matchesPattern,
  PatternError,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
  SUBSCRIBER_PROFILE,
} from '../matching/index.ts';
import { isRecord } from '../json.ts';
import { bodyOf } from './message.ts';
import type { Message } from './message.ts';

export type Passage =
  /** It goes on in this form. `condition` is what let it through, for people. */
  | { readonly passes: true; readonly message: Message; readonly condition: string }
  | {
      readonly passes: false;
      readonly reason: 'filtered' | 'switchedOff' | 'unreadable';
      /** One sentence. */
      readonly because: string;
      /** The property that decides. */
      readonly property: string;
    };

/**
 * What becomes of a message at a hop. Hops that look at nothing let everything through.
 * @param standby a rule that is switched off is taken as switched on
 */
export function passageOf(
  messaging: Messaging,
  delivery: Delivery,
  message: Message,
  standby = false,
): Passage {
  const { hop } = delivery;
  if (delivery.kind === 'subscription') {
    const subscription = messaging.subscriptions.find(
      ({ resource, endpoint }) => resource === hop && endpoint === delivery.toArn,
    );
    if (subscription !== undefined) return throughSubscription(subscription, message);
  }
  if (delivery.kind === 'rule') {
    const rule = messaging.rules.find(({ resource }) => resource === hop);
    const target = rule?.targets.find(({ arn }) => arn === delivery.toArn);
    if (rule !== undefined && target !== undefined) {
      return throughRule(standby ? { ...rule, enabled: true } : rule, target, message);
    }
  }
  if (delivery.kind === 'subscriber') {
    const subscriber = messaging.subscribers.find(({ resource }) => resource === hop);
    if (subscriber !== undefined) return throughSubscriber(subscriber, message);
  }
  if (delivery.kind === 'pipe') {
    const pipe = messaging.pipes.find(({ resource }) => resource === hop);
    if (pipe !== undefined) return throughPipe(messaging, pipe, message);
  }
  if (delivery.kind === 'mapping') {
    const mapping = messaging.mappings.find(({ resource }) => resource === hop);
    if (mapping !== undefined)
      return throughMapping(messaging, standby ? { ...mapping, enabled: true } : mapping, message);
  }
  return { passes: true, message, condition: 'everything' };
}

function throughSubscription(subscription: Subscription, message: Message): Passage {
  const { filterPolicy, filterPolicyScope: scope, rawMessageDelivery } = subscription;
  const delivered = rawMessageDelivery
    ? message
    : { ...message, attributes: {}, body: JSON.stringify(notification(message)) };
  if (filterPolicy === undefined) return { passes: true, message: delivered, condition: 'no filter' };
  const subject =
    scope === 'MessageBody'
      ? bodyOf(message)
      : attributesAsEvent(
          Object.fromEntries(
            Object.entries(message.attributes).map(([name, value]) => [
              name,
              { DataType: 'String', StringValue: value },
            ]),
          ),
        );
  const profile = scope === 'MessageBody' ? SNS_BODY_PROFILE : SNS_ATTRIBUTES_PROFILE;
  const condition = `filter on ${scope === 'MessageBody' ? 'body' : 'attributes'} ${JSON.stringify(filterPolicy)}`;
  if (scope === 'MessageBody' && message.body === undefined) return notComputed(condition, 'FilterPolicy');
  return decided(
    'FilterPolicy',
    condition,
    delivered,
    () => (subject === undefined ? false : matchesPattern(filterPolicy, subject, profile)),
    scope === 'MessageBody' ? undefined : `attributes ${JSON.stringify(message.attributes)}`,
  );
}

/** Without raw delivery SNS wraps the message, sns/latest/dg/sns-sqs-as-subscriber.html. */
function notification({ attributes, body }: Message): object {
  return {
    Type: 'Notification',
    Message: body,
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).map(([name, Value]) => [name, { Type: 'String', Value }]),
    ),
  };
}

function throughRule(rule: Rule, target: RuleTarget, message: Message): Passage {
  if (!rule.enabled) {
    return { passes: false, reason: 'switchedOff', because: 'the rule is disabled', property: 'State' };
  }
  const { eventPattern } = rule;
  const { event } = message;
  const condition = `pattern ${JSON.stringify(eventPattern ?? null)}`;
  return decided(
    'EventPattern',
    condition,
    inputOf(target, message),
    () =>
      eventPattern !== undefined &&
      event !== undefined &&
      matchesPattern(eventPattern, event, EVENT_BUS_PROFILE),
    event &&
      `source ${JSON.stringify(event['source'])} and detail-type ${JSON.stringify(event['detail-type'])}`,
  );
}

/** What the target gets: the event, a part of it, a constant, or what a transformer makes, which is not computed. */
function inputOf({ inputPath, input, inputTransformer, arn }: RuleTarget, message: Message): Message {
  if (arn.includes(':event-bus/')) return message;
  if (input !== undefined) return { attributes: {}, body: input, event: undefined };
  if (inputTransformer !== undefined) return { attributes: {}, body: undefined, event: undefined };
  const part = inputPath === undefined ? message.event : partOf(message.event, inputPath);
  return { attributes: {}, body: part === undefined ? undefined : JSON.stringify(part), event: undefined };
}

/** `$.detail.order`: names, no wildcards, as an input path is. */
function partOf(event: unknown, path: string): unknown {
  let value: unknown = event;
  for (const name of path.split('.').slice(1)) value = isRecord(value) ? value[name] : undefined;
  return value;
}

/**
 * Every filter has to match what is in its scope, eventbridge/latest/userguide/eb-custom-bus-filtering.html.
 *
 * | scope | what it looks at, of an event of PutEvents |
 * |---|---|
 * | DATA | the event as rules see it |
 * | SYSTEM_METADATA | its source and detail type, as EventBridge has noted them |
 * | METADATA | nothing: PutEvents gives none |
 */
function throughSubscriber({ filters, transformer }: Subscriber, message: Message): Passage {
  const data = message.event;
  const condition =
    filters.length === 0
      ? 'no filter'
      : `filters ${filters.map(({ scope, pattern }) => `${scope} ${pattern}`).join(' and ')}`;
  return decided('FilterConfiguration', condition, transformed(data, transformer), () =>
    filters.every(({ scope, pattern }) => {
      if (data === undefined) return false;
      const system = { 'aws:Source': data['source'], 'aws:DetailType': data['detail-type'] };
      const subject = scope === 'DATA' ? data : scope === 'SYSTEM_METADATA' ? system : {};
      return matchesPattern(pattern, subject, SUBSCRIBER_PROFILE);
    }),
  );
}

/** `{% $events.Data.detail %}`; also where a choice comes before it that only replayed events take. */
const PART_OF_DATA = /^\{%(?:[^?]*"aws:DeliveryType" = "REPLAY" \?.*:)? *\$events\.Data((?:\.\w+)*) *%\}$/s;

/** What a transformer makes is not computed, but where it takes a part of the event. */
function transformed(event: Message['event'], transformer: string | undefined): Message {
  const path = transformer === undefined ? '' : PART_OF_DATA.exec(transformer)?.[1];
  const part = path === undefined ? undefined : partOf(event, `$${path}`);
  return { attributes: {}, body: part === undefined ? undefined : JSON.stringify(part), event: undefined };
}

function throughMapping(messaging: Messaging, mapping: EventSourceMapping, message: Message): Passage {
  if (!mapping.enabled) {
    return {
      passes: false,
      reason: 'switchedOff',
      because: 'the event source mapping is disabled',
      property: 'Enabled',
    };
  }
  if (mapping.filters.length === 0) return { passes: true, message, condition: 'no filter' };
  const condition = `filters ${mapping.filters.join(' or ')}`;
  if (message.body === undefined) return notComputed(condition, 'FilterCriteria');
  const { body } = message;
  const member = textMemberOf(messaging, mapping);
  return decided('FilterCriteria', condition, message, () =>
    createMappingFilter(mapping.filters, member).matches({ [member]: body, messageAttributes: {} }),
  );
}

/** Where a record has its text: lambda/latest/dg/invocation-eventfiltering.html. */
function textMemberOf(
  messaging: Messaging,
  { eventSourceArn }: EventSourceMapping,
): 'body' | 'data' | 'value' {
  if (messaging.stream(eventSourceArn) !== undefined) return 'data';
  return messaging.kafkaCluster(eventSourceArn) === undefined ? 'body' : 'value';
}

function notComputed(condition: string, property: string): Passage {
  return {
    passes: false,
    reason: 'unreadable',
    because: `the ${condition} looks at what an input transformer makes, which is not computed`,
    property,
  };
}

/** Its filters are those of event source mappings, eventbridge/latest/userguide/eb-pipes-event-filtering.html. */
function throughPipe(messaging: Messaging, pipe: Pipe, message: Message): Passage {
  if (pipe.resource.properties['DesiredState'] === 'STOPPED') {
    return { passes: false, reason: 'switchedOff', because: 'the pipe is stopped', property: 'DesiredState' };
  }
  const { filters, targetParameters, enrichmentArn } = pipe;
  const changes = targetParameters['InputTemplate'] !== undefined || enrichmentArn !== undefined;
  // Without a template the target gets the record that was polled, and not the message alone.
  const isQueue = messaging.queue(pipe.sourceArn) !== undefined;
  const polled = { ...message, body: JSON.stringify({ body: message.body }) };
  const delivered = changes || !isQueue ? { ...message, body: undefined } : polled;
  if (filters.length === 0) return { passes: true, message: delivered, condition: 'no filter' };
  const condition = `filters ${filters.join(' or ')}`;
  const { body } = message;
  if (body === undefined) return notComputed(condition, 'SourceParameters.FilterCriteria');
  return decided('SourceParameters.FilterCriteria', condition, delivered, () =>
    createMappingFilter(filters).matches({ body, messageAttributes: {} }),
  );
}

/** @param has what the message has of what the condition looks at, for people */
function decided(
  property: string,
  condition: string,
  message: Message,
  matches: () => boolean,
  has?: string,
): Passage {
  if (isUnknown(condition)) {
    return {
      passes: false,
      reason: 'unreadable',
      because: `the ${condition} depends on what only AWS knows`,
      property,
    };
  }
  try {
    if (matches()) return { passes: true, message, condition };
    return {
      passes: false,
      reason: 'filtered',
      because: `the ${condition} does not let it through${has === undefined ? '' : `, which has ${has}`}`,
      property,
    };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return {
      passes: false,
      reason: 'unreadable',
      because: `AWS refuses the ${condition}: ${error.message}`,
      property,
    };
  }
}
