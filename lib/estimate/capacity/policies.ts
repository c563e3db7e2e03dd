/**
 * Sizes and counts that grow with every consumer: policies, filters, subscriptions, rules. Fixed limits refuse when
 * they are passed and warn from 80 % on, so that there is time; adjustable ones warn when they are passed.
 */
import type { Assembly, Resource } from '../../assembly/index.ts';
import type { EstimateContext } from '../context.ts';
import { isFifo, listAt, textOf } from '../context.ts';
import { QUOTAS } from '../quotas.ts';
import type { Quota } from '../quotas.ts';
import { verdict } from '../verdict.ts';
import type { Verdict, VerdictCode } from '../verdict.ts';
import { figure, percent } from './figures.ts';

/** From here on a fixed limit is near. */
const NEAR = 0.8;

export function policyVerdicts({ assembly }: EstimateContext): readonly Verdict[] {
  return [
    ...assembly.ofType('AWS::SQS::QueuePolicy').flatMap(queuePolicy),
    ...assembly.ofType('AWS::SNS::TopicPolicy').flatMap(topicPolicy),
    ...subscriptionCounts(assembly),
    ...ruleCounts(assembly),
  ];
}

/** The verdict on a number, or none. */
export function counted(
  code: VerdictCode,
  quota: Quota,
  value: number,
  what: { readonly where: string; readonly of: string; readonly fix: string; readonly note?: string },
): readonly Verdict[] {
  const near = quota.isFixed ? quota.value * NEAR : quota.value;
  if (value <= near) return [];
  const note = what.note === undefined ? '' : `; ${what.note}`;
  return [
    verdict(code, {
      severity: quota.isFixed && value > quota.value ? 'error' : 'warning',
      constructPath: what.where,
      received: `${figure(value)} ${what.of}, ${percent(value, quota.value)}${note}`,
      allowed: `${figure(quota.value)} ${quota.unit}`,
      fix: what.fix,
      source: quota.source,
    }),
  ];
}

function queuePolicy(policy: Resource): readonly Verdict[] {
  const statements = listAt(policy.properties, 'PolicyDocument', 'Statement').length;
  const bytes = bytesOf(policy.properties['PolicyDocument']);
  const fix =
    'let one statement name several sources in aws:SourceArn, or give each source a queue of its own';
  return [
    ...counted('WAYBILL_CAPACITY_QUEUE_POLICY', QUOTAS.queuePolicyStatements, statements, {
      where: policy.constructPath,
      of: 'statements',
      fix,
    }),
    ...counted('WAYBILL_CAPACITY_QUEUE_POLICY', QUOTAS.queuePolicyBytes, bytes, {
      where: policy.constructPath,
      of: 'bytes',
      fix,
    }),
  ];
}

function topicPolicy(policy: Resource): readonly Verdict[] {
  const statements = listAt(policy.properties, 'PolicyDocument', 'Statement').length;
  const bytes = bytesOf(policy.properties['PolicyDocument']);
  const fix = 'join statements of the same actions, or grant identities instead';
  return [
    ...counted('WAYBILL_CAPACITY_TOPIC_POLICY', QUOTAS.topicPolicyStatements, statements, {
      where: policy.constructPath,
      of: 'statements',
      fix,
    }),
    ...counted('WAYBILL_CAPACITY_TOPIC_POLICY', QUOTAS.topicPolicyBytes, bytes, {
      where: policy.constructPath,
      of: 'bytes',
      fix,
    }),
  ];
}

function bytesOf(document: unknown): number {
  return Buffer.byteLength(typeof document === 'string' ? document : JSON.stringify(document ?? ''));
}

function subscriptionCounts(assembly: Assembly): readonly Verdict[] {
  const subscriptions = assembly.ofType('AWS::SNS::Subscription');
  const filtered = subscriptions.filter(({ properties }) => properties['FilterPolicy'] !== undefined);
  const byTopic = Map.groupBy(subscriptions, ({ properties }) => textOf(properties['TopicArn']));
  const perTopic = [...byTopic].flatMap(([arn, ofTopic]) => {
    const topic = assembly.find(arn);
    const where = topic?.constructPath ?? ofTopic[0]!.constructPath;
    return [
      ...counted(
        'WAYBILL_CAPACITY_FILTER_POLICIES',
        QUOTAS.filterPoliciesPerTopic,
        ofTopic.filter((subscription) => filtered.includes(subscription)).length,
        {
          where,
          of: 'filter policies of the topic',
          fix: 'ask AWS for more before the deployment, or let consumers of everything go without a filter',
        },
      ),
      ...(topic !== undefined && isFifo(topic)
        ? counted('WAYBILL_CAPACITY_TOPIC_SUBSCRIPTIONS', QUOTAS.fifoTopicSubscriptions, ofTopic.length, {
            where,
            of: 'subscriptions of the FIFO topic',
            fix: 'ask AWS for more, or split the topic by service',
          })
        : []),
    ];
  });
  return [
    ...perTopic,
    ...counted('WAYBILL_CAPACITY_FILTER_POLICIES', QUOTAS.filterPoliciesPerAccount, filtered.length, {
      where: filtered[0]?.constructPath ?? '',
      of: 'filter policies of these stacks',
      fix: 'ask AWS for more; what else the account has comes on top',
    }),
  ];
}

function ruleCounts(assembly: Assembly): readonly Verdict[] {
  const rules = assembly.ofType('AWS::Events::Rule');
  const byBus = Map.groupBy(rules, ({ properties }) => textOf(properties['EventBusName'] ?? 'default'));
  const perBus = [...byBus].flatMap(([name, ofBus]) => {
    const bus =
      assembly.find(name) ?? assembly.ofType('AWS::Events::EventBus').find((each) => each.name === name);
    const where = bus?.constructPath ?? ofBus[0]!.constructPath;
    return [
      ...counted('WAYBILL_CAPACITY_BUS_RULES', QUOTAS.rulesPerBus, ofBus.length, {
        where,
        of: 'rules of the bus',
        fix: 'ask AWS for more before the deployment, or use a bus per domain',
      }),
      ...counted(
        'WAYBILL_CAPACITY_WILDCARD_RULES',
        QUOTAS.wildcardRulesPerBus,
        ofBus.filter(hasWildcard).length,
        {
          where,
          of: 'rules with wildcards',
          fix: 'use prefix or suffix where they say the same',
        },
      ),
    ];
  });
  return [
    ...perBus,
    ...rules.flatMap((rule) => {
      const targets = listAt(rule.properties, 'Targets').length;
      // Five is allowed and usual: it warns of nothing.
      return targets <= QUOTAS.targetsPerRule.value
        ? []
        : counted('WAYBILL_CAPACITY_RULE_TARGETS', QUOTAS.targetsPerRule, targets, {
            where: rule.constructPath,
            of: 'targets',
            fix: 'make a second rule with the same pattern',
          });
    }),
  ];
}

function hasWildcard({ properties }: Resource): boolean {
  return JSON.stringify(properties['EventPattern'] ?? '').includes('"wildcard"');
}
