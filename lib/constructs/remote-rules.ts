/** Where a rule of a classic bus is made, and how it reaches the queue of another account. */
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { PhysicalName, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { sideIn } from './companion-stack.ts';
import type { Side } from './companion-stack.ts';
import { ValidationError } from './errors.ts';
import { grantTo } from './grants.ts';
import { acknowledgeForeignKeys, allowRoleToUseKey, foreignKeyStatement } from './key-access.ts';
import { rulesOf } from './key-sources.ts';
import { distanceBetween, isElsewhere, locationOf } from './location.ts';
import type { MessageBus } from './message-bus.ts';
import type { QueueConnection } from './queue-connection.ts';
import { originId } from './queue-connection.ts';
import { foreignRoleStatement, shortIdOf } from './remote-access.ts';

export interface RuleSide extends Side {
  /** The role in which EventBridge delivers. Undefined in the same account, where a role can break delivery. */
  readonly role: Role | undefined;
}

/**
 * | bus in | rule in | delivers by |
 * |---|---|---|
 * | the account and Region | the consumer's stack | the queue's policy, which names the rule |
 * | another account | a companion stack in that account | a role there, which the queue's policy names |
 * | another Region | refused: a rule reaches queues of its Region only | |
 *
 * A role with a queue of the same account "may fail" (eventbridge/latest/userguide/eb-use-resource-based.html), and
 * none with another account's does (eb-service-cross-account.html).
 */
export function ruleSide(connection: QueueConnection, bus: MessageBus): RuleSide {
  const { scope, encryptionKey, alarms } = connection;
  const distance = distanceBetween(scope, bus, 'subscribesTo');
  if (!isElsewhere(distance)) return { scope, encryptionKey, alarms, role: undefined };
  const there = locationOf(bus);
  if (distance.otherRegion) {
    throw new ValidationError(scope, [
      {
        code: 'WAYBILL_BUS_IN_OTHER_REGION',
        prop: 'subscribesTo',
        received: `${bus.node.path} of ${there.region}, for a queue in ${locationOf(scope).region}`,
        allowed: 'a bus of the Region',
        fix: 'make a BusReplica of it in the Region of the consumer, and subscribe to that',
      },
    ]);
  }
  const side = sideIn(there, connection, bus);
  return { ...side, role: deliveryRole(connection, side.scope, bus) };
}

/** One per consumer and bus. */
function deliveryRole(connection: QueueConnection, scope: Construct, bus: MessageBus): Role {
  const id = `From${originId(connection.scope, bus)}Role`;
  const known = scope.node.tryFindChild(id);
  if (known !== undefined) return known as Role;
  const { queue } = connection;
  const role = roleForRules(scope, id, bus);
  grantTo(role, ['sqs:SendMessage'], [queue.queueArn]);
  const named = { arn: role.roleArn, account: locationOf(bus).account };
  queue.addToResourcePolicy(
    foreignRoleStatement(`DeliverFrom${shortIdOf(role)}`, named, 'sqs:SendMessage', queue.queueArn),
  );
  if (queue.encryptionMasterKey !== undefined) {
    role.addToPrincipalPolicy(
      foreignKeyStatement(scope, 'sqs', { arn: queue.queueArn, location: locationOf(queue) }),
    );
    acknowledgeForeignKeys(role, locationOf(queue));
    allowRoleToUseKey(queue, queue.encryptionMasterKey, named, 'sqs');
  }
  return role;
}

/**
 * A role that EventBridge takes for rules of this bus alone.
 * eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
 */
export function roleForRules(scope: Construct, id: string, bus: MessageBus): Role {
  const { account, sourceArns } = rulesOfBus(bus);
  return new Role(scope, id, {
    roleName: PhysicalName.GENERATE_IF_NEEDED,
    assumedBy: new ServicePrincipal('events.amazonaws.com', {
      conditions: {
        StringEquals: { 'aws:SourceAccount': account },
        ArnLike: { 'aws:SourceArn': sourceArns },
      },
    }),
  });
}

export function rulesOfBus(bus: MessageBus) {
  return rulesOf(bus, Stack.of(bus), bus.eventBusName);
}
