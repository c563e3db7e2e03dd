/**
 * The half of a topic, bus or queue for a role of another account. The account is the principal and the role a
 * condition, because a policy that names a role is refused while the role is not there, and names nobody once the
 * role was deleted and made again.
 */
import { AccountPrincipal, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable, IRole } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Stack } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { IConstruct } from 'constructs';
import { ValidationError } from './errors.ts';
import { acknowledgeForeignKeys, allowRoleToUseKey, foreignKeyStatement } from './key-access.ts';
import { requireKnownArn } from './known-arn.ts';
import { distanceBetween, isElsewhere, locationOf } from './location.ts';

/** What a role of another account may do to a resource. */
export function foreignRoleStatement(
  sid: string,
  role: ForeignRole,
  action: string,
  resourceArn: string,
): PolicyStatement {
  return new PolicyStatement({
    sid,
    principals: [new AccountPrincipal(role.account)],
    actions: [action],
    resources: [resourceArn],
    conditions: { ArnEquals: { 'aws:PrincipalArn': role.arn } },
  });
}

/** For the id of a statement, which says whose it is without a name that may change. */
export function shortIdOf(construct: IConstruct): string {
  return construct.node.addr.slice(-8);
}

export interface ForeignRole {
  readonly arn: string;
  readonly account: string;
}

export interface PublishTarget {
  /** The topic's or bus's construct. */
  readonly construct: IConstruct;
  readonly arn: string;
  readonly action: 'sns:Publish' | 'events:PutEvents';
  /** Of the topic, which publishers must be able to use. */
  readonly encryptionKey: IKey | undefined;
  readonly addToResourcePolicy: (statement: PolicyStatement) => void;
  /** How to give the topic or bus a name that is known at synth. */
  readonly fix: string;
}

/**
 * What a publisher in another account or Region needs besides its own `sns:Publish` or `events:PutEvents`: the
 * resource's half where the account is another one, and both halves for the key. False where it is in the same.
 *
 * @throws ValidationError WAYBILL_PHYSICAL_NAME_MISSING, WAYBILL_ENVIRONMENT_UNRESOLVED, WAYBILL_PUBLISHER_NOT_A_ROLE
 */
export function allowRemotePublisher(target: PublishTarget, grantee: IGrantable): boolean {
  const { construct, encryptionKey } = target;
  const publisher = constructOf(grantee);
  if (publisher === undefined) return false;
  const distance = distanceBetween(publisher, construct, 'publishesTo');
  if (!isElsewhere(distance)) return false;
  const there = locationOf(construct);
  requireKnownArn(publisher, target.arn, {
    prop: 'publishesTo',
    what: `${construct.node.path} of ${there.account} ${there.region}, whose name is made up at deployment`,
    fix: target.fix,
  });
  if (encryptionKey !== undefined) {
    grantee.grantPrincipal.addToPrincipalPolicy(
      foreignKeyStatement(publisher, 'sns', { arn: target.arn, location: there }),
    );
    acknowledgeForeignKeys(publisher, there);
  }
  if (!distance.otherAccount) return true;
  const role = { account: locationOf(publisher).account, arn: roleArnFor(construct, grantee, publisher) };
  target.addToResourcePolicy(
    foreignRoleStatement(`PublishFrom${shortIdOf(publisher)}`, role, target.action, target.arn),
  );
  if (encryptionKey !== undefined) allowRoleToUseKey(construct, encryptionKey, role, 'sns');
  return true;
}

function constructOf(grantee: IGrantable): IConstruct | undefined {
  if (Construct.isConstruct(grantee)) return grantee;
  return Construct.isConstruct(grantee.grantPrincipal) ? grantee.grantPrincipal : undefined;
}

function roleArnFor(scope: IConstruct, grantee: IGrantable, publisher: IConstruct): string {
  const { grantPrincipal } = grantee;
  if (!('roleArn' in grantPrincipal)) {
    throw new ValidationError(scope, [
      {
        code: 'WAYBILL_PUBLISHER_NOT_A_ROLE',
        prop: 'publishesTo',
        received: `${publisher.node.path}, a publisher of another account that is no role`,
        allowed: 'a function or role',
        fix: 'grant a role, whose ARN the policy of the topic or bus can name',
      },
    ]);
  }
  return requireKnownArn(scope, (grantPrincipal as IRole).roleArn, {
    prop: 'publishesTo',
    what: `the role of ${publisher.node.path}, of another account, whose name is made up at deployment`,
    fix: `give the role a roleName, or PhysicalName.GENERATE_IF_NEEDED, in stack ${Stack.of(publisher).stackName}`,
  });
}
