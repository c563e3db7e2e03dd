/** A DynamoDB table under a customer key: how the table and its replica name it, and how its users may use it. */
import { Stack } from 'aws-cdk-lib';
import type { CfnGlobalTable, ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';

/** The L2 would demand a stack whose Region is known. */
export function encryptTable(table: TableV2, key: IKey): void {
  const resource = table.node.defaultChild as CfnGlobalTable;
  resource.sseSpecification = { sseEnabled: true, sseType: 'KMS' };
  resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
}

export interface TableReplica {
  readonly region: string;
  /** The key there: its ARN, or that of an alias. Undefined: a key of DynamoDB's own. */
  readonly keyArn: string | undefined;
  readonly deletionProtection: boolean;
}

/** One replica more, with backups of its own. The L2 would demand a stack whose Region is known. */
export function replicateTable(table: TableV2, { region, keyArn, deletionProtection }: TableReplica): void {
  const resource = table.node.defaultChild as CfnGlobalTable;
  resource.addPropertyOverride('Replicas.1', {
    Region: region,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    DeletionProtectionEnabled: deletionProtection,
    ...(keyArn === undefined ? {} : { SSESpecification: { KMSMasterKeyId: keyArn } }),
  });
  // What replicates is the table's stream of changes, amazondynamodb/latest/developerguide/V2globaltables_HowItWorks.html.
  resource.streamSpecification = { streamViewType: 'NEW_AND_OLD_IMAGES' };
}

/**
 * DynamoDB uses the key in the name of whoever calls it: amazondynamodb/latest/developerguide/encryption.usagenotes.html.
 */
export function allowTableKey(user: IGrantable, table: ITableV2, key: IKey): void {
  user.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({
      actions: [...TABLE_KEY_ACTIONS],
      resources: [key.keyArn],
      conditions: { StringEquals: { 'kms:ViaService': `dynamodb.${Stack.of(table).region}.amazonaws.com` } },
    }),
  );
}

/** Reading the table's own key is enough to read and write items: the table's key was made when the table was. */
const TABLE_KEY_ACTIONS = ['kms:Decrypt', 'kms:DescribeKey'] as const;
