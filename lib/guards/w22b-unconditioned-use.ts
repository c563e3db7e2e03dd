/**
 * W22B: a role may use a key, or the rows of a table, only in the way in which its code does.
 *
 * | every need of the role for the action on the resource | its statement | |
 * |---|---|---|
 * | comes through DynamoDB or S3 (`kms:ViaService`) | allows it to whoever calls KMS | found |
 * | names a type of event (`kms:EncryptionContext:eventType`) | opens what is sealed in events of other types too | found |
 * | names partitions (`dynamodb:LeadingKeys`) | allows other partitions too, or calls that name none | found |
 * | the same | has the condition | nothing |
 * | some come without: the role reads its queue with the same key | whatever | nothing |
 *
 * Only where Waybill's topology tells what the code does. kms/latest/developerguide/conditions-kms.html;
 * amazondynamodb/latest/developerguide/specifying-conditions.html
 */
import { needsOf, principalOf, requestKeys } from '../access/index.ts';
import type { Permission } from '../access/index.ts';
import type { AttachedPolicy, Messaging, PolicyStatement, Role } from '../assembly/index.ts';
import { evaluate, readPolicy } from '../policies/index.ts';
import type { Finding, Guard } from './guard.ts';

export const unconditionedUse: Guard = {
  id: 'W22B',
  title: 'A role may use a key or a table in more ways than its code does',
  explanation:
    'A key that DynamoDB or S3 uses for a function opens everything else that it encrypts, queues too, where the grant does not say through which service. A grant on a table that does not name the partitions reaches the rows of every other function. One on the key that seals personal data which does not name the types of events opens what people said anywhere.',
  source: 'kms/latest/developerguide/conditions-kms.html',
  level: 'warning',
  check: (messaging) => (messaging.assembly.topology === undefined ? [] : widerUses(messaging)),
};

/** Keys of requests that say for what; and a value that no need of anybody has. */
const PURPOSES = [
  {
    key: 'kms:ViaService',
    tells: (value: string) => /^(?:dynamodb|s3)\./.test(value),
    other: 'another.service',
  },
  { key: 'dynamodb:LeadingKeys', tells: () => true, other: 'waybill-no-such-partition' },
  { key: 'kms:EncryptionContext:eventType', tells: () => true, other: 'waybill-no-such-event' },
] as const;

type OfRole = Permission & { readonly actor: { readonly kind: 'role'; readonly role: Role } };

function widerUses(messaging: Messaging): Finding[] {
  const uses = needsOf(messaging)
    .map(({ permission }) => permission)
    .filter((permission): permission is OfRole => permission.actor.kind === 'role');
  const alike = Map.groupBy(
    uses,
    ({ actor, action, resourceArn }) => `${actor.role.arn} ${action} ${resourceArn}`,
  );
  return [...alike.values()].flatMap((needs) => {
    const [need] = needs;
    if (need === undefined) return [];
    return PURPOSES.filter(({ key, tells }) =>
      needs.every(({ keys }) => keys?.[key] !== undefined && tells(keys[key])),
    ).flatMap(({ key, other }) => {
      const { [key]: _without, ...rest } = need.keys ?? {};
      const wider = [{ ...rest, [key]: other }, rest];
      return need.actor.role.policies.flatMap((policy) =>
        policy.statements
          .filter((statement) => isAllow(statement) && wider.some((keys) => isAllowed(statement, need, keys)))
          .map(() => findingOf(policy, need, key)),
      );
    });
  });
}

function findingOf(
  { resource }: AttachedPolicy,
  { action, resourceArn, keys }: OfRole,
  key: string,
): Finding {
  return {
    resource,
    property: 'PolicyDocument',
    received: `${action} on ${resourceArn} whatever its ${key}`,
    allowed: `only with ${key}, such as ${keys?.[key]}`,
    fix: `add the condition on ${key} to the statement: grant with the table's or the bucket's own grants`,
  };
}

function isAllow({ Effect: effect }: PolicyStatement): boolean {
  return effect === 'Allow';
}

function isAllowed(
  statement: PolicyStatement,
  { actor, action, resourceArn }: OfRole,
  own: Readonly<Record<string, string>>,
): boolean {
  const { accountId } = actor.role;
  const request = { resourceArn, resourceAccountId: accountId, region: actor.role.resource.region, own };
  return evaluate({
    principal: principalOf(actor, accountId),
    action,
    resourceArn,
    resourceAccountId: accountId,
    keys: requestKeys(actor, request),
    policies: { identity: [readPolicy({ Version: '2012-10-17', Statement: [statement] })] },
    resourcePolicyDecides: false,
  }).allowed;
}
