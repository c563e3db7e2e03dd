/**
 * Lets AWS services use a customer managed key, as the W2 and W15 rows of the design demand: one statement per use
 * that an edge has, for the sources of those edges, and none besides. CDK's own grants make two circular
 * dependencies: a condition on the ARN of a topic, bus or rule that is itself encrypted with the key leads from the
 * key back to the key. The conditions here are text: they name accounts, Regions and names, never a resource.
 */
import { Annotations, Stack, Token } from 'aws-cdk-lib';
import { AccountPrincipal, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IConstruct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { KeyUseSource } from './key-sources.ts';
import type { Location } from './location.ts';
import { pascalCase } from './names.ts';

/** What a service does with the key on its own behalf, not with the rights of a role. */
export type KeyUse =
  | 'deliverFromTopics'
  | 'deliverFromBuses'
  | 'encryptBus'
  | 'encryptArchive'
  | 'publishAlarms'
  | 'publishCostAnomalies'
  | 'deliverLogs';

/**
 * | use | what is encrypted | source page |
 * |---|---|---|
 * | deliverFromTopics | queues and dead-letter queues of subscriptions | sns/latest/dg/sns-key-management.html |
 * | deliverFromBuses | queues and dead-letter queues of rules | SQSDeveloperGuide/sqs-key-management.html |
 * | encryptBus | a bus | eventbridge/latest/userguide/eb-encryption-event-bus-cmkey.html |
 * | encryptArchive | an archive, which also re-encrypts | eventbridge/latest/userguide/encryption-archives.html |
 * | deliverLogs | the log of an encrypted state machine, on its way | step-functions/latest/dg/encryption-at-rest.html |
 * | publishAlarms | topics | AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html |
 * | publishCostAnomalies | topics | cost-management/latest/userguide/ad-SNS.html |
 *
 * EventBridge to an encrypted *topic* supports no condition at all: it is no edge of ours, and not in this table.
 */
const KEY_USES = {
  deliverFromTopics: { service: 'sns', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  deliverFromBuses: { service: 'events', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  encryptBus: { service: 'events', actions: ['kms:Decrypt', 'kms:DescribeKey', 'kms:GenerateDataKey'] },
  encryptArchive: {
    service: 'events',
    actions: [
      'kms:Decrypt',
      'kms:DescribeKey',
      'kms:GenerateDataKey',
      'kms:ReEncryptFrom',
      'kms:ReEncryptTo',
    ],
  },
  deliverLogs: { service: 'delivery.logs', actions: ['kms:Decrypt'] },
  publishCostAnomalies: { service: 'costalerts', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
  publishAlarms: { service: 'cloudwatch', actions: ['kms:Decrypt', 'kms:GenerateDataKey'] },
} as const satisfies Readonly<Record<KeyUse, { service: string; actions: readonly string[] }>>;

interface Allowed {
  readonly statement: PolicyStatement | undefined;
  readonly accounts: Set<string>;
  readonly sourceArns: Set<string>;
}

const allowedOfKey = new WeakMap<IKey, Map<string, Allowed>>();

/**
 * Adds the use to the key's policy, or the source to the statement of that use. An imported key cannot be edited:
 * the user is told what it needs.
 */
export function allowKeyUse(
  scope: IConstruct,
  key: IKey | undefined,
  use: KeyUse,
  source: KeyUseSource,
): void {
  if (key === undefined) return;
  const principal = source.principal ?? `${KEY_USES[use].service}.amazonaws.com`;
  const allowed = allowedUse(scope, key, use, principal);
  allowed.accounts.add(source.account);
  for (const arn of source.sourceArns) allowed.sourceArns.add(arn);
  allowed.statement?.addConditions({
    StringEquals: { 'aws:SourceAccount': oneOrMany(allowed.accounts) },
    ArnLike: { 'aws:SourceArn': oneOrMany(allowed.sourceArns) },
  });
}

function allowedUse(scope: IConstruct, key: IKey, use: KeyUse, principal: string): Allowed {
  const uses = allowedOfKey.get(key) ?? new Map<string, Allowed>();
  allowedOfKey.set(key, uses);
  const known = uses.get(`${use} ${principal}`);
  if (known !== undefined) return known;
  const { actions } = KEY_USES[use];
  const statement = addStatement(
    scope,
    key,
    { id: use, principal },
    {
      sid: `${use.charAt(0).toUpperCase()}${use.slice(1)}${regionPartOf(principal)}`,
      principals: [new ServicePrincipal(principal)],
      actions: [...actions],
    },
  );
  const allowed = { statement, accounts: new Set<string>(), sourceArns: new Set<string>() };
  uses.set(`${use} ${principal}`, allowed);
  return allowed;
}

/**
 * Lets a role of another account use the key by way of a service. The role's own half is foreignKeyStatement.
 * The account is the principal and the role a condition: KMS refuses a policy that names a role which is not there
 * yet, and forgets one that was deleted and made again.
 */
export function allowRoleToUseKey(
  scope: IConstruct,
  key: IKey,
  role: { readonly arn: string; readonly account: string },
  service: 'sns' | 'sqs',
): void {
  addStatement(
    scope,
    key,
    { id: role.arn, principal: role.arn },
    {
      principals: [new AccountPrincipal(role.account)],
      actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
      conditions: {
        ArnEquals: { 'aws:PrincipalArn': role.arn },
        StringEquals: { 'kms:ViaService': viaService(service, Stack.of(key).region) },
      },
    },
  );
}

/** What the services say to KMS of whose key they use: SQSDeveloperGuide/sqs-key-management.html, sns/latest/dg/sns-key-management.html. */
const ENCRYPTION_CONTEXT = { sns: 'aws:sns:topicArn', sqs: 'aws:sqs:arn' } as const;

/**
 * The half of a role for the key of a queue or topic elsewhere. The key's id is made up at deployment, so every key
 * of that account and Region is named, for this queue or topic alone; the key's own policy lets the role in.
 */
export function foreignKeyStatement(
  scope: IConstruct,
  service: 'sns' | 'sqs',
  resource: { readonly arn: string; readonly location: Location },
): PolicyStatement {
  const { account, region } = resource.location;
  return new PolicyStatement({
    actions: ['kms:Decrypt', 'kms:GenerateDataKey'],
    resources: [
      Stack.of(scope).formatArn({ service: 'kms', resource: 'key', resourceName: '*', account, region }),
    ],
    conditions: {
      StringEquals: {
        'kms:ViaService': viaService(service, region),
        [`kms:EncryptionContext:${ENCRYPTION_CONTEXT[service]}`]: resource.arn,
      },
    },
  });
}

/** Tells cdk-nag why a role has the statement of foreignKeyStatement. */
export function acknowledgeForeignKeys(role: IConstruct, { account, region }: Location): void {
  const { partition } = Stack.of(role);
  // Unknown at synth without the feature flag enablePartitionLiterals: then as cdk-nag writes it.
  const written = Token.isUnresolved(partition) ? '<AWS::Partition>' : partition;
  acknowledge(
    role,
    `AwsSolutions-IAM5[Resource::arn:${written}:kms:${region}:${account}:key/*]`,
    "The key's id is made up in another account or Region; the statement is for one queue or topic, and the key's policy decides",
  );
}

function viaService(service: string, region: string): string {
  return `${service}.${region}.amazonaws.com`;
}

function addStatement(
  scope: IConstruct,
  key: IKey,
  what: { readonly id: string; readonly principal: string },
  props: ConstructorParameters<typeof PolicyStatement>[0] & { readonly actions: string[] },
): PolicyStatement | undefined {
  const statement = new PolicyStatement({ ...props, resources: ['*'] });
  if (key instanceof Key) {
    key.addToResourcePolicy(statement);
    return statement;
  }
  Annotations.of(scope).addWarningV2(
    `waybill:importedKey:${what.id}`,
    `the key is imported, so its policy cannot be edited here: make sure that it allows ${what.principal} ${props.actions.join(', ')}, else messages are lost without a trace`,
  );
  return undefined;
}

function oneOrMany(values: ReadonlySet<string>): string | string[] {
  const [first, ...more] = values;
  return more.length === 0 ? (first ?? []) : [...values];
}

/** The Region in a principal such as `sns.ap-east-1.amazonaws.com`, as a part of a statement's id. */
export function regionPartOf(principal: string): string {
  return pascalCase(/^[a-z]+\.([a-z]+-[a-z0-9-]+)\.amazonaws\.com$/.exec(principal)?.[1] ?? '');
}
