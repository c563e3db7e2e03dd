/**
 * W18: policies, filters and patterns are within the size that the service takes.
 *
 * | what | limit | |
 * |---|---|---|
 * | a queue's policy | 20 statements, 8,192 bytes, 50 principals, 10 conditions | found above |
 * | a topic's policy | 100 statements, 30 KB | found above |
 * | a bus's policy | 10,240 characters | found above |
 * | a function's policy | 20 KB; Lambda writes it from the permissions, so the size is an estimate | found above |
 * | a filter policy | 5 keys, 150 combinations | found above |
 * | an event pattern | 2,048 characters | found above |
 * | a rule | 5 targets | found above |
 * | filter policies of a topic | 200, more on request | W18A |
 *
 * The pages are in limits.ts and lib/matching/profiles.ts.
 */
import { documentOf, isUnknown } from '../assembly/index.ts';
import type { AttachedPolicy, Messaging, Resource } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import {
  EVENT_BUS_PROFILE,
  PatternError,
  readPattern,
  SNS_ATTRIBUTES_PROFILE,
  SNS_BODY_PROFILE,
} from '../matching/index.ts';
import type { MatchingProfile } from '../matching/index.ts';
import type { Finding, Guard } from './guard.ts';
import {
  BUS_POLICY_CHARACTERS,
  FILTER_POLICIES_PER_TOPIC,
  FUNCTION_POLICY_BYTES,
  QUEUE_POLICY,
  TARGETS_PER_RULE,
  TOPIC_POLICY,
} from './limits.ts';

const SOURCE = 'AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html';

export const policySize: Guard = {
  id: 'W18',
  title: 'A policy, filter or pattern is larger than the service takes',
  explanation:
    'The deployment stops at the consumer that is one too many, often halfway: what is deployed before it has lost its policy, or never gets its filter. One statement per producer, or one shared dead-letter queue of all rules, gets there at about twenty.',
  source: SOURCE,
  level: 'error',
  check: (messaging) => [
    ...queuePolicies(messaging),
    ...topicPolicies(messaging),
    ...busPolicies(messaging),
    ...functionPolicies(messaging),
    ...patterns(messaging),
    ...ruleTargets(messaging),
  ],
};

export const filterPoliciesOfTopic: Guard = {
  id: 'W18A',
  title: 'A topic has more filter policies than AWS gives an account without asking',
  explanation:
    'At the quota a subscription is still made, and only the call that attaches its filter fails. AWS raises it on request.',
  source: 'general/latest/gr/sns.html',
  level: 'warning',
  check: (messaging) =>
    messaging.topics.flatMap(({ arn, resource }) =>
      above(resource, 'filter policies', FILTER_POLICIES_PER_TOPIC, {
        count: messaging.subscriptions.filter(
          ({ topicArn, filterPolicy }) => topicArn === arn && filterPolicy !== undefined,
        ).length,
        unit: 'filter policies',
        fix: 'ask AWS for more before the deployment, let consumers of everything go without a filter, or split the topic',
      }),
    ),
};

const JOIN_STATEMENTS =
  'let one statement name several sources in aws:SourceArn, or give each source a queue of its own';

function queuePolicies({ queues }: Messaging): Finding[] {
  return queues.flatMap(({ policies }) => {
    const document = documentOf(policies);
    const resource = policies[0]?.resource;
    if (document === undefined || resource === undefined) return [];
    const statements = policies.flatMap((policy) => policy.statements);
    const principals = statements.reduce(
      (sum, { Principal: principal }) => sum + countPrincipals(principal),
      0,
    );
    const conditions = statements.reduce(
      (sum, { Condition: condition }) => sum + countConditions(condition),
      0,
    );
    return [
      ...above(resource, 'PolicyDocument', QUEUE_POLICY.statements, {
        count: statements.length,
        unit: 'statements',
        fix: JOIN_STATEMENTS,
      }),
      ...above(resource, 'PolicyDocument', QUEUE_POLICY.bytes, {
        count: bytesOf(document),
        unit: 'bytes',
        fix: JOIN_STATEMENTS,
      }),
      ...above(resource, 'PolicyDocument', QUEUE_POLICY.principals, {
        count: principals,
        unit: 'principals',
        fix: 'name the accounts or the organization instead of their roles',
      }),
      ...above(resource, 'PolicyDocument', QUEUE_POLICY.conditions, {
        count: conditions,
        unit: 'conditions',
        fix: JOIN_STATEMENTS,
      }),
    ];
  });
}

function topicPolicies({ topics }: Messaging): Finding[] {
  return topics.flatMap(({ policies }) =>
    policies.flatMap(({ resource, statements }) => {
      const fix = 'join statements of the same actions, or grant identities instead';
      return [
        ...above(resource, 'PolicyDocument', TOPIC_POLICY.statements, {
          count: statements.length,
          unit: 'statements',
          fix,
        }),
        ...above(resource, 'PolicyDocument', TOPIC_POLICY.bytes, {
          count: bytesOf(statements),
          unit: 'bytes',
          fix,
        }),
      ];
    }),
  );
}

function busPolicies({ buses }: Messaging): Finding[] {
  return buses.flatMap(({ resource, policies }) =>
    above(resource, 'EventBusPolicy', BUS_POLICY_CHARACTERS, {
      count: sizeOfAll(policies, (text) => text.length),
      unit: 'characters, all statements together',
      fix: 'allow an organization (aws:PrincipalOrgID) instead of accounts one by one',
    }),
  );
}

function functionPolicies({ functions }: Messaging): Finding[] {
  return functions.flatMap(({ resource, policies }) =>
    above(resource, 'AWS::Lambda::Permission', FUNCTION_POLICY_BYTES, {
      count: sizeOfAll(policies, (text) => Buffer.byteLength(text)),
      unit: `bytes in ${policies.length} permissions`,
      fix: 'let one permission cover several sources with a pattern in SourceArn, or put a queue before the function',
    }),
  );
}

function patterns(messaging: Messaging): Finding[] {
  const { subscriptions, rules } = messaging;
  return [
    ...subscriptions.flatMap(({ resource, filterPolicy, filterPolicyScope }) =>
      tooLarge(
        resource,
        'FilterPolicy',
        filterPolicy,
        filterPolicyScope === 'MessageBody' ? SNS_BODY_PROFILE : SNS_ATTRIBUTES_PROFILE,
        'filter by fewer keys or values; a prefix may stand for many of them',
      ),
    ),
    ...rules.flatMap(({ resource, eventPattern }) =>
      tooLarge(resource, 'EventPattern', eventPattern, EVENT_BUS_PROFILE, 'make several rules of it'),
    ),
  ];
}

const SIZES: ReadonlySet<PatternError['code']> = new Set(['TooManyKeys', 'TooManyCombinations', 'TooLong']);

function tooLarge(
  resource: Resource,
  property: string,
  pattern: Readonly<Record<string, unknown>> | undefined,
  profile: MatchingProfile,
  fix: string,
): Finding[] {
  if (pattern === undefined) return [];
  try {
    readPattern(pattern, profile);
    return [];
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    if (!SIZES.has(error.code)) return [];
    return [
      {
        resource,
        property,
        received: SIZE_MESSAGES[error.code](pattern),
        allowed: ALLOWED[error.code](profile),
        fix,
      },
    ];
  }
}

const SIZE_MESSAGES: Readonly<Record<PatternError['code'], (pattern: object) => string>> = {
  TooManyKeys: (pattern) => `${Object.keys(pattern).length} keys`,
  TooManyCombinations: () => 'more combinations of values than that',
  TooLong: (pattern) => `${JSON.stringify(pattern).length} characters`,
  InvalidPattern: () => '',
  NestedPattern: () => '',
};
const ALLOWED: Readonly<Record<PatternError['code'], (profile: MatchingProfile) => string>> = {
  TooManyKeys: ({ maxKeys }) => `${maxKeys} keys`,
  TooManyCombinations: ({ maxCombinations }) => `${maxCombinations} combinations`,
  TooLong: ({ maxLength: { value, unit } }) => `${value} ${unit}`,
  InvalidPattern: () => '',
  NestedPattern: () => '',
};

function ruleTargets({ rules }: Messaging): Finding[] {
  return rules.flatMap(({ resource, targets }) =>
    above(resource, 'Targets', TARGETS_PER_RULE, {
      count: targets.length,
      unit: 'targets',
      fix: 'make a second rule with the same pattern, or deliver to a topic',
    }),
  );
}

function above(
  resource: Resource,
  property: string,
  limit: number,
  { count, unit, fix }: { readonly count: number; readonly unit: string; readonly fix: string },
): Finding[] {
  if (count <= limit) return [];
  return [{ resource, property, received: `${count} ${unit}`, allowed: String(limit), fix }];
}

function countPrincipals(principal: unknown): number {
  if (!isRecord(principal)) return principal === undefined ? 0 : 1;
  return Object.values(principal).reduce(
    (sum: number, each) => sum + (Array.isArray(each) ? each.length : 1),
    0,
  );
}

function countConditions(condition: unknown): number {
  if (!isRecord(condition)) return 0;
  return Object.values(condition).reduce(
    (sum: number, keys) => sum + (isRecord(keys) ? Object.keys(keys).length : 0),
    0,
  );
}

function sizeOfAll(policies: readonly AttachedPolicy[], measure: (text: string) => number): number {
  return policies.reduce((sum, { statements }) => sum + measure(JSON.stringify(statements)), 0);
}

/** Marks of what only AWS knows are longer or shorter than what they stand for: names of about the same length. */
function bytesOf(document: unknown): number {
  const text = JSON.stringify(document);
  return isUnknown(text) ? Buffer.byteLength(text.replaceAll('\u27E8unknown ', '')) : Buffer.byteLength(text);
}
