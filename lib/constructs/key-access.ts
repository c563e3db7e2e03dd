/**
 * Lets AWS services use a customer managed key, as the W2 and W15 rows of the design demand, without the
 * two circular dependencies that CDK's own grants make: a condition on the ARN of a topic, bus or rule
 * that is itself encrypted with the key leads from the key back to the key. The conditions here name the
 * account and the kind of resource by pattern, never a resource.
 */
import { Annotations, ArnFormat, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';

/** A service that encrypts or decrypts on its own behalf, not with the rights of a role. */
export type KeyUser = 'sns' | 'events' | 'cloudwatch';

interface KeyUse {
  readonly sid: string;
  readonly actions: readonly string[];
  /** Service and resource of the `aws:SourceArn` pattern. */
  readonly sourceArn: { readonly service: string; readonly resource: string };
}

/**
 * | service | delivers to | source page |
 * |---|---|---|
 * | sns | encrypted queues and subscription dead-letter queues | sns/latest/dg/sns-key-management.html |
 * | events | encrypted queues, rule dead-letter queues; encrypted buses and archives | eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html |
 * | cloudwatch | encrypted topics | AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html |
 *
 * EventBridge to an encrypted *topic* supports no condition at all, so it is not served by this table.
 */
const KEY_USES: Readonly<Record<KeyUser, KeyUse>> = {
  sns: {
    sid: 'DeliverFromTopics',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    sourceArn: { service: 'sns', resource: '*' },
  },
  events: {
    sid: 'DeliverFromBuses',
    actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'],
    sourceArn: { service: 'events', resource: '*' },
  },
  cloudwatch: {
    sid: 'PublishAlarms',
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    sourceArn: { service: 'cloudwatch', resource: 'alarm:*' },
  },
};

const alreadyAllowed = new WeakMap<IKey, Set<KeyUser>>();

/** Adds the service to the key's policy, once per key. An imported key cannot be edited: the user is told what it needs. */
export function allowKeyUse(scope: IConstruct, key: IKey | undefined, user: KeyUser): void {
  if (key === undefined) return;
  const allowed = alreadyAllowed.get(key) ?? new Set();
  alreadyAllowed.set(key, allowed);
  if (allowed.has(user)) return;
  allowed.add(user);
  if (key instanceof Key) {
    key.addToResourcePolicy(keyUseStatement(key, user));
    return;
  }
  Annotations.of(scope).addWarningV2(
    `waybill:importedKey:${user}`,
    `the key is imported, so its policy cannot be edited here: make sure that it allows ${user}.amazonaws.com ${KEY_USES[user].actions.join(', ')}, else messages are lost without a trace`,
  );
}

function keyUseStatement(key: IConstruct, user: KeyUser): PolicyStatement {
  const use = KEY_USES[user];
  const stack = Stack.of(key);
  return new PolicyStatement({
    sid: use.sid,
    principals: [new ServicePrincipal(`${user}.amazonaws.com`)],
    actions: [...use.actions],
    resources: ['*'],
    conditions: {
      StringEquals: { 'aws:SourceAccount': stack.account },
      ArnLike: {
        'aws:SourceArn': stack.formatArn({ ...use.sourceArn, arnFormat: ArnFormat.NO_RESOURCE_NAME }),
      },
    },
  });
}
