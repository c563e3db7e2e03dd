/** What a subscription of a topic filters by: types of events, tenants, and values of their data. */
import { FilterOrPolicy, SubscriptionFilter } from 'aws-cdk-lib/aws-sns';
import type { SubscriptionOptions as SubscriptionProps } from 'aws-cdk-lib/aws-sns';
import type { DataConditions, TopicEvents } from './event-routes.ts';

export interface TopicFilter {
  /** SNS's own JSON. Null: everything gets through. */
  readonly policy: Readonly<Record<string, unknown>> | null;
  readonly scope: 'MessageAttributes' | 'MessageBody';
  /** The same, in CDK's words. */
  readonly props: Pick<SubscriptionProps, 'filterPolicy' | 'filterPolicyWithMessageBody'>;
}

/**
 * | conditions | scope | why |
 * |---|---|---|
 * | none | | everything passes |
 * | types of events, tenants | MessageAttributes | free, and every message has the attributes |
 * | data, and the above | MessageBody | data are in the body alone; the envelope has type and tenant too |
 *
 * A policy has one scope: sns/latest/dg/sns-message-filtering-scope.html.
 */
export function topicFilter(
  sources: readonly Pick<TopicEvents, 'events' | 'everyEvent' | 'tenants' | 'data'>[],
): TopicFilter {
  const { tenants, data } = sources[0] ?? {};
  const names = sources.some(({ everyEvent }) => everyEvent)
    ? undefined
    : [...new Set(sources.flatMap(({ events }) => events.map(({ name }) => name)))];
  const attributes = {
    ...(names === undefined ? {} : { eventType: names }),
    ...(tenants === undefined ? {} : { tenantId: tenants }),
  };
  if (data !== undefined) {
    const policy = { ...attributes, data: nested(data) };
    return { policy, scope: 'MessageBody', props: { filterPolicyWithMessageBody: policies(policy) } };
  }
  if (Object.keys(attributes).length === 0) return { policy: null, scope: 'MessageAttributes', props: {} };
  const filterPolicy = Object.fromEntries(
    Object.entries(attributes).map(([attribute, values]) => [attribute, new SubscriptionFilter([...values])]),
  );
  return { policy: attributes, scope: 'MessageAttributes', props: { filterPolicy } };
}

/** How many combinations of values SNS counts, of one source's data. */
export function countDataConditions(data: DataConditions | undefined): number {
  return Object.values(data ?? {}).reduce((product, values) => product * values.length, 1);
}

type Conditions = { readonly [key: string]: readonly unknown[] | Conditions };

/** `{ 'address.country': ['GB'] }` as it is in the body: `{ address: { country: ['GB'] } }`. */
function nested(data: DataConditions): Conditions {
  const conditions: Record<string, Conditions | readonly string[]> = {};
  for (const [path, values] of Object.entries(data)) {
    const names = path.split('.');
    let inner = conditions;
    for (const name of names.slice(0, -1)) {
      inner = (inner[name] ??= {}) as Record<string, Conditions | readonly string[]>;
    }
    inner[names.at(-1) ?? path] = values;
  }
  return conditions;
}

function policies(conditions: Conditions): Record<string, FilterOrPolicy> {
  return Object.fromEntries(
    Object.entries(conditions).map(([key, value]) => [
      key,
      isValues(value)
        ? FilterOrPolicy.filter(new SubscriptionFilter([...value]))
        : FilterOrPolicy.policy(policies(value)),
    ]),
  );
}

function isValues(value: readonly unknown[] | Conditions): value is readonly unknown[] {
  return Array.isArray(value);
}
