/**
 * W20: a filter or pattern lets something through.
 *
 * | filter policy, event pattern, mapping filter | W20 | W20A |
 * |---|---|---|
 * | refused by the service: no array, unknown operator, an empty range of numbers | found | |
 * | none of the events that the topology publishes there has the type, version, source, priority or field it asks for | found | |
 * | some have, but none of their examples has the data it asks for | | found |
 * | the same, and an event has no example | not known | |
 * | a filter policy on the body with a dot in a key | | found: it is one key, and no path into the body |
 * | only sources `aws.`, on a bus that nobody forwards them to | | found: AWS's services publish to the default bus |
 * | a topic or bus that something else feeds: a rule, a pipe, a bucket | not known | |
 * | a topic or bus that is not in the topology | not known | |
 *
 * Too large is W18. eventbridge/latest/userguide/eb-event-patterns.html; sns/latest/dg/sns-subscription-filter-policies.html
 */
import { deliveriesOf } from '../access/index.ts';
import { isUnknown } from '../assembly/index.ts';
import type { Messaging, Resource } from '../assembly/index.ts';
import {
  EVENT_BUS_PROFILE,
  EVENT_SOURCE_MAPPING_PROFILE,
  PatternError,
  readPattern,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
} from '../matching/index.ts';
import type { MatchingProfile } from '../matching/index.ts';
import { isRecord } from '../json.ts';
import type { TopologyEvent } from '../topology/index.ts';
import { declaredEventsOf, passesRule, passesSubscriber, passesSubscription } from './declared-events.ts';
import type { Passage } from './declared-events.ts';
import type { Finding, Guard } from './guard.ts';

const SOURCE = 'eventbridge/latest/userguide/eb-event-patterns.html';

export const unmatchableFilter: Guard = {
  id: 'W20',
  title: 'A filter or pattern can never match what is published there',
  explanation:
    'SNS and EventBridge take any filter that is well formed. One that asks for a type, field or value that no event has lets nothing through, for ever, and no metric of a failure moves.',
  source: SOURCE,
  level: 'error',
  check: (messaging) => [
    ...refusedPatterns(messaging),
    ...filtersOf(messaging).flatMap(({ filter, events }) =>
      events.length > 0 && events.every((event) => filter.passes(event, undefined) === 'stopped')
        ? [neverMatches(filter, events)]
        : [],
    ),
  ],
};

export const filterWithoutExample: Guard = {
  id: 'W20A',
  title: 'A filter or pattern matches no example of what is published there',
  explanation:
    'Either the examples of the contract miss a case, or the filter lets nothing through. The examples are what proofs and tests run on, so it is worth knowing which.',
  source: SOURCE,
  level: 'warning',
  check: (messaging) => [
    ...filtersOf(messaging).flatMap(({ filter, events }) => {
      const mayPass = events.filter((event) => filter.passes(event, undefined) !== 'stopped');
      const cannotTell = mayPass.some(
        (event) =>
          event.examples.length === 0 ||
          event.examples.some((data) => filter.passes(event, data) !== 'stopped'),
      );
      return mayPass.length === 0 || cannotTell ? [] : [neverMatches(filter, mayPass, 'an example of ')];
    }),
    ...awsEventsOnOwnBus(messaging),
    ...dottedKeys(messaging),
  ],
};

interface DeployedFilter {
  readonly resource: Resource;
  readonly property: string;
  readonly pattern: unknown;
  passes(event: TopologyEvent, data: unknown): Passage;
}

/** Every filter, with the events that the topology publishes to its topic or bus. */
function filtersOf(
  messaging: Messaging,
): readonly { readonly filter: DeployedFilter; readonly events: readonly TopologyEvent[] }[] {
  const declared = declaredEventsOf(messaging.assembly);
  if (declared === undefined) return [];
  const fed = new Set(deliveriesOf(messaging).map(({ toArn }) => toArn));
  const eventsOf = (originArn: string) => (fed.has(originArn) ? [] : (declared.publishedTo(originArn) ?? []));
  return [
    ...messaging.subscriptions.flatMap((subscription) =>
      subscription.filterPolicy === undefined
        ? []
        : [
            {
              events: eventsOf(subscription.topicArn),
              filter: {
                resource: subscription.resource,
                property: 'FilterPolicy',
                pattern: subscription.filterPolicy,
                passes: (event: TopologyEvent, data: unknown) =>
                  passesSubscription(subscription, event, { data }),
              },
            },
          ],
    ),
    ...messaging.rules.flatMap((rule) =>
      rule.eventPattern === undefined
        ? []
        : [
            {
              events: eventsOf(rule.busArn),
              filter: {
                resource: rule.resource,
                property: 'EventPattern',
                pattern: rule.eventPattern,
                // Switched off or not is another question.
                passes: (event: TopologyEvent, data: unknown) =>
                  passesRule({ ...rule, enabled: true }, event, { data }),
              },
            },
          ],
    ),
    ...messaging.subscribers.map((subscriber) => ({
      events: eventsOf(subscriber.busArn),
      filter: {
        resource: subscriber.resource,
        property: 'FilterConfiguration',
        pattern: subscriber.filters,
        passes: (event: TopologyEvent) => passesSubscriber(subscriber, event),
      },
    })),
  ];
}

function neverMatches(
  { resource, property, pattern }: DeployedFilter,
  events: readonly TopologyEvent[],
  what = '',
): Finding {
  const [first] = events;
  return {
    resource,
    property,
    received: shortened(JSON.stringify(pattern)),
    allowed: `a filter that ${what}one of ${shortened(events.map(({ name }) => name).join(', '))} gets through`,
    fix: `compare it with what is published: source '${first?.source}', type '${first?.name}', version '${first?.version}'; the event's own data are below 'data' of the envelope, which on a bus is below 'detail'`,
  };
}

/** Longer texts hide the point of a finding. */
const LONGEST = 300;

function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}...`;
}

function refusedPatterns({ subscriptions, rules, mappings }: Messaging): Finding[] {
  return [
    ...subscriptions.flatMap(({ resource, filterPolicy, filterPolicyScope }) =>
      refusal(
        resource,
        'FilterPolicy',
        filterPolicy,
        filterPolicyScope === 'MessageBody' ? SNS_BODY_PROFILE : SNS_ATTRIBUTES_PROFILE,
      ),
    ),
    ...rules.flatMap(({ resource, eventPattern }) =>
      refusal(resource, 'EventPattern', eventPattern, EVENT_BUS_PROFILE),
    ),
    ...mappings.flatMap(({ resource, filters }) =>
      filters.flatMap((filter) => refusal(resource, 'FilterCriteria', filter, EVENT_SOURCE_MAPPING_PROFILE)),
    ),
  ];
}

/** Said elsewhere (W18), or not certain: whether SNS takes wildcards is documented both ways. */
const NO_REFUSALS: ReadonlySet<PatternError['code']> = new Set([
  'TooManyKeys',
  'TooManyCombinations',
  'TooLong',
]);
const NOT_CERTAIN = /wildcard/;

function refusal(
  resource: Resource,
  property: string,
  pattern: string | Readonly<Record<string, unknown>> | undefined,
  profile: MatchingProfile,
): Finding[] {
  if (pattern === undefined || isUnknown(JSON.stringify(pattern))) return [];
  try {
    readPattern(pattern, profile);
    return [];
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    if (NO_REFUSALS.has(error.code) || NOT_CERTAIN.test(error.message)) return [];
    return [
      {
        resource,
        property,
        received: shortened(typeof pattern === 'string' ? pattern : JSON.stringify(pattern)),
        allowed: `a pattern that the service takes: ${error.message}`,
        fix: 'correct the pattern; every leaf is an array of the values that may match',
      },
    ];
  }
}

/** PutEvents refuses a source that begins so from anybody else. eventbridge/latest/APIReference/API_PutEventsRequestEntry.html */
const AWS_SOURCE = 'aws.';

function awsEventsOnOwnBus(messaging: Messaging): Finding[] {
  return messaging.rules.flatMap(({ resource, busName, busArn, eventPattern }) => {
    const sources = eventPattern?.['source'];
    const bus = messaging.bus(busArn);
    if (bus === undefined || busName === 'default' || !Array.isArray(sources) || sources.length === 0)
      return [];
    const onlyAws = (sources as unknown[]).every(
      (source) =>
        typeof source === 'string' && source.startsWith(AWS_SOURCE) && !source.startsWith('aws.partner/'),
    );
    const isForwardedTo =
      bus.policies.length > 0 || deliveriesOf(messaging).some(({ toArn }) => toArn === busArn);
    if (!onlyAws || isForwardedTo) return [];
    return [
      {
        resource,
        property: 'EventPattern',
        received: `only events of AWS's services, on the bus ${bus.resource.constructPath}`,
        allowed: 'the default bus, which is where those are published',
        fix: 'put the rule on the default bus, or forward from there to this one',
      },
    ];
  });
}

/** sns/latest/dg/subscription-filter-policy-constraints.html: a policy on the body is nested as the body is. */
function dottedKeys({ subscriptions }: Messaging): Finding[] {
  return subscriptions.flatMap(({ resource, filterPolicy, filterPolicyScope }) => {
    if (filterPolicyScope !== 'MessageBody') return [];
    return keysOf(filterPolicy)
      .filter((key) => /[^.]\.[^.]/.test(key))
      .map((key) => ({
        resource,
        property: 'FilterPolicy',
        received: `the key '${key}', which SNS looks for as it stands, dots included`,
        allowed: 'keys nested as they are in the body',
        fix: `write ${nested(key)}; if the body has a key with dots, acknowledge this`,
      }));
  });
}

function keysOf(policy: unknown): readonly string[] {
  if (Array.isArray(policy)) return policy.flatMap(keysOf);
  return isRecord(policy)
    ? Object.entries(policy).flatMap(([key, value]) => [
        key,
        ...(Array.isArray(value) && key !== '$or' ? [] : keysOf(value)),
      ])
    : [];
}

function nested(key: string): string {
  return key.split('.').reduceRight((inner, part) => `{ ${JSON.stringify(part)}: ${inner} }`, '[...]');
}
