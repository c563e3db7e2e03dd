/** A DynamoDB table under a customer key: how the table names it, and how its users may use it. */
import { Stack } from 'aws-cdk-lib';
import type { CfnGlobalTable, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';

/** The L2 would demand a stack whose Region is known. */
export function encryptTable(table: TableV2, key: IKey): void {
  const resource = table.node.defaultChild as CfnGlobalTable;
  resource.sseSpecification = { sseEnabled: true, sseType: 'KMS' };
  resource.addPropertyOverride('Replicas.0.SSESpecification', { KMSMasterKeyId: key.keyArn });
}

/**
 * DynamoDB uses the key in the name of whoever calls it: amazondynamodb/latest/developerguide/encryption.usagenotes.html.
 */
export function allowTableKey(user: IGrantable, table: TableV2, key: IKey): void {
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
