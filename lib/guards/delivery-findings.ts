/** What the guards of delivery say: one finding for each resource that refuses somebody, with all the hops it breaks. */
import { pasteable } from '../access/index.ts';
import type { Actor, PolicyKind, Refusal } from '../access/index.ts';
import { isAwsManagedKey, parseArn } from '../assembly/index.ts';
import type { Messaging } from '../assembly/index.ts';
import { isRecord } from '../json.ts';
import { refusedDeliveries } from './delivery-refusals.ts';
import type { DeliveryGuardId, RefusedDelivery } from './delivery-refusals.ts';
import type { Finding } from './guard.ts';

/** The findings of a guard. `remedy` is what comes before the statement that is missing. */
export function deliveryFindings(
  messaging: Messaging,
  guardId: DeliveryGuardId,
  remedy?: string,
): readonly Finding[] {
  const refused = refusedDeliveries(messaging).filter((one) => one.guardId === guardId);
  const groups = Map.groupBy(
    refused,
    ({ resource, refusal, permission }) =>
      `${resource.constructPath} ${resource.logicalId} ${refusal.policy} ${refusal.sid} ${nameOf(permission.actor)}`,
  );
  return [...groups.values()].map((group) => findingOf(group, remedy));
}

function findingOf(group: readonly RefusedDelivery[], remedy: string | undefined): Finding {
  const [first] = group as readonly [RefusedDelivery, ...RefusedDelivery[]];
  const { resource, refusal, permission, delivery } = first;
  const who = nameOf(permission.actor);
  const actions = unique(group.map((one) => one.permission.action));
  const hops = hopsOf(group);
  if (isAwsManagedKey(permission.resourceArn)) {
    return {
      resource,
      property: 'KmsMasterKeyId',
      received: `${permission.resourceArn}, AWS's own key, which ${who} can never use, for ${hops}`,
      allowed: `a customer managed key whose policy allows ${who}, or none`,
      fix: remedy ?? 'use a customer managed key',
    };
  }
  if (
    refusal.owner === delivery.hop &&
    refusal.policy === 'trust policy' &&
    refusal.statement === undefined
  ) {
    return {
      resource,
      property: 'RoleArn',
      received: `no role for ${hops}`,
      allowed: `a role that trusts ${who}`,
      fix: `${remedy === undefined ? '' : `${remedy}: `}give it a role that may ${sendingTo(delivery.toArn)}`,
    };
  }
  const statement = mergedStatement(group, actions);
  return {
    resource,
    property: PROPERTIES[refusal.policy],
    received: refusal.explicit
      ? `a statement${refusal.sid === undefined ? '' : ` (${refusal.sid})`} that denies ${who} ${actions.join(', ')}, for ${hops}`
      : `nothing that allows ${who} ${actions.join(', ')}, for ${hops}`,
    allowed: `${actions.join(', ')} for ${who}`,
    fix: [
      ...(remedy === undefined ? [] : [remedy]),
      statement === undefined
        ? 'except it from that statement'
        : `add the statement ${pasteable(statement, resource.stack)}${permission.action === 'lambda:InvokeFunction' && refusal.policy === 'function policy' ? ', as an AWS::Lambda::Permission' : ''}`,
    ].join('; '),
  };
}

/** Where each policy stands in a template. */
const PROPERTIES: Readonly<Record<PolicyKind, string>> = {
  'identity policy': 'Policies',
  'trust policy': 'AssumeRolePolicyDocument',
  'queue policy': 'AWS::SQS::QueuePolicy',
  'topic policy': 'AWS::SNS::TopicPolicy',
  'bus policy': 'AWS::Events::EventBusPolicy',
  'function policy': 'AWS::Lambda::Permission',
  'key policy': 'KeyPolicy',
  'permissions boundary': 'PermissionsBoundary',
};

function nameOf(actor: Actor): string {
  return actor.kind === 'service' ? actor.service : `the role ${actor.role.resource.constructPath}`;
}

function sendingTo(arn: string): string {
  return `send to ${parseArn(arn) === undefined ? 'the target' : arn}`;
}

/** How many hops a message names before it only counts. */
const HOPS_NAMED = 3;

function hopsOf(group: readonly RefusedDelivery[]): string {
  const paths = unique(group.map(({ delivery }) => delivery.hop.constructPath));
  const named = paths.slice(0, HOPS_NAMED).join(', ');
  return paths.length > HOPS_NAMED ? `${named} and ${paths.length - HOPS_NAMED} more` : named;
}

/** One statement for all actions, and for all sources where it goes by the source. */
function mergedStatement(
  group: readonly RefusedDelivery[],
  actions: readonly string[],
): Refusal['statement'] | undefined {
  const statement = group[0]?.refusal.statement;
  if (!isRecord(statement)) return undefined;
  const sources = unique(
    group.flatMap(({ permission: { actor } }) => (actor.kind === 'service' ? [actor.sourceArn] : [])),
  );
  const resources = unique(
    group.flatMap(({ refusal }) => (isRecord(refusal.statement) ? [refusal.statement['Resource']] : [])),
  );
  const condition = statement['Condition'];
  return {
    ...statement,
    Action: oneOrMany(actions),
    ...('Resource' in statement ? { Resource: oneOrMany(resources) } : {}),
    ...(isRecord(condition) && 'ArnEquals' in condition
      ? { Condition: { ArnEquals: { 'aws:SourceArn': oneOrMany(sources) } } }
      : {}),
  };
}

function oneOrMany(values: readonly unknown[]): unknown {
  return values.length === 1 ? values[0] : values;
}

function unique<Value>(values: readonly Value[]): readonly Value[] {
  return [...new Set(values)];
}
