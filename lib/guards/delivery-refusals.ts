/**
 * Which guard reports which refused hop. Whatever a policy of the assembly refuses to whoever carries a message belongs
 * to exactly one guard, so that nothing falls through and nothing is reported twice.
 *
 * | what refuses, from the top | guard |
 * |---|---|
 * | AWS's own key, to an alarm | W8 |
 * | AWS's own key, to any other service | W1 |
 * | the key policy, or the topic policy or function policy, to an alarm | W8, but W14 as below |
 * | the key policy, because of a condition that AWS does not support there | W15 |
 * | any policy, to the principal of SNS that an opt-in Region needs | W5 |
 * | anything else that has to do with a customer's key | W2 |
 * | the policy of a bus's dead-letter queue | W3 |
 * | a topic policy that only denies, where SNS's default policy would allow | W14 |
 * | anything, where sender and receiver are in different accounts | W7 |
 * | everything else | W23 |
 */
import { accessOf, decide, deliveriesOf } from '../access/index.ts';
import type { Access, Delivery, Permission, Refusal } from '../access/index.ts';
import { isAwsManagedKey, parseArn } from '../assembly/index.ts';
import type { Messaging, PolicyStatement, Resource } from '../assembly/index.ts';

export type DeliveryGuardId = 'W1' | 'W2' | 'W3' | 'W5' | 'W7' | 'W8' | 'W14' | 'W15' | 'W23';

/** A hop, and one permission that it lacks. */
export interface RefusedDelivery {
  readonly guardId: DeliveryGuardId;
  readonly delivery: Delivery;
  readonly permission: Permission;
  readonly refusal: Refusal;
  /** What has to be changed: the owner of the policy that refuses, or the queue or topic under AWS's own key. */
  readonly resource: Resource;
}

/** Every refusal of every hop. What is not known for certain is not among them. */
export function refusedDeliveries(messaging: Messaging): readonly RefusedDelivery[] {
  const known = found.get(messaging);
  if (known !== undefined) return known;
  const refused = deliveriesOf(messaging).flatMap((delivery) =>
    accessOf(messaging, delivery)
      .filter(isDenied)
      .map(({ permission, refusal }) => ({
        guardId: guardOf(messaging, delivery, permission, refusal),
        delivery,
        permission,
        refusal,
        resource: resourceOf(messaging, delivery, refusal),
      })),
  );
  found.set(messaging, refused);
  return refused;
}

const found = new WeakMap<Messaging, readonly RefusedDelivery[]>();

function isDenied(access: Access): access is Extract<Access, { verdict: 'denied' }> {
  return access.verdict === 'denied';
}

function guardOf(
  messaging: Messaging,
  delivery: Delivery,
  permission: Permission,
  refusal: Refusal,
): DeliveryGuardId {
  const { purpose, kind } = delivery;
  const { policy, explicit } = refusal;
  const isKey = permission.action.startsWith('kms:');
  if (isKey && isAwsManagedKey(permission.resourceArn)) return purpose === 'alarm' ? 'W8' : 'W1';
  if (policy === 'topic policy' && !explicit && replacesTheDefault(messaging, permission)) return 'W14';
  if (purpose === 'alarm') return 'W8';
  if (isKey && isConditionUnsupported(messaging, permission)) return 'W15';
  if (kind === 'subscription' && letsOtherPrincipalIn(messaging, permission)) return 'W5';
  if (isKey) return 'W2';
  if (kind === 'bus') return 'W3';
  return crossesAccounts(delivery) ? 'W7' : 'W23';
}

/** The policy grants nothing at all, and SNS's default policy would have let this service in. */
function replacesTheDefault(messaging: Messaging, permission: Permission): boolean {
  const topic = messaging.topic(permission.resourceArn);
  if (topic === undefined || topic.policies.length === 0) return false;
  const allows = topic.policies.some(({ statements }) => statements.some(({ Effect }) => Effect === 'Allow'));
  return !allows && isAllowed({ ...messaging, topic: () => ({ ...topic, policies: [] }) }, permission);
}

/** True where the key's policy would do without its conditions, and AWS tells the key nothing to compare them with. */
function isConditionUnsupported(messaging: Messaging, permission: Permission): boolean {
  const key = messaging.key(permission.resourceArn);
  const { actor } = permission;
  if (key === undefined || actor.kind !== 'service' || actor.service !== 'events.amazonaws.com') return false;
  if (permission.keys?.['kms:ViaService']?.startsWith('sns.') !== true) return false;
  const withoutConditions = key.policies.map((policy) => ({
    ...policy,
    statements: policy.statements.map(withoutCondition),
  }));
  return isAllowed({ ...messaging, key: () => ({ ...key, policies: withoutConditions }) }, permission);
}

function withoutCondition(statement: PolicyStatement): PolicyStatement {
  const { Condition: _condition, ...rest } = statement;
  return rest;
}

/** True where SNS delivers between Regions as a principal of one of them, and the policy names another. */
function letsOtherPrincipalIn(messaging: Messaging, permission: Permission): boolean {
  const { actor, resourceArn } = permission;
  if (actor.kind !== 'service' || actor.service === 'sns.amazonaws.com') return false;
  const regions = [actor.sourceArn, resourceArn].map((arn) => parseArn(arn)?.region ?? '');
  return ['sns.amazonaws.com', ...regions.map((region) => `sns.${region}.amazonaws.com`)]
    .filter((service) => service !== actor.service)
    .some((service) => isAllowed(messaging, { ...permission, actor: { ...actor, service } }));
}

function isAllowed(messaging: Messaging, permission: Permission): boolean {
  return decide(messaging, permission).verdict === 'allowed';
}

function crossesAccounts({ hop, toArn }: Delivery): boolean {
  const target = parseArn(toArn)?.accountId ?? '';
  return target !== '' && target !== hop.accountId;
}

function resourceOf(messaging: Messaging, { hop, toArn, fromArn }: Delivery, { owner }: Refusal): Resource {
  if (owner !== undefined) return owner;
  const sink = messaging.queue(toArn) ?? messaging.topic(toArn) ?? messaging.queue(fromArn);
  return sink?.resource ?? hop;
}
