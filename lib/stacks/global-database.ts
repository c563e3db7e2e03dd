/**
 * The database over two Regions: an Aurora global database, whose second cluster follows the first one's storage and has
 * neither a user nor a database of its own.
 * https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-global-database.html
 */
import { Arn, ArnFormat, CfnOutput, SecretValue } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnGlobalCluster, Credentials } from 'aws-cdk-lib/aws-rds';
import type { CfnDBCluster, DatabaseCluster, DatabaseClusterProps } from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { ISecret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Stack } from 'aws-cdk-lib';
import { standbyRegionOf, stackNameOf } from '../config/index.ts';
import type { EnvironmentConfig } from '../config/index.ts';
import { APPLICATION_NAME } from './environment-stack.ts';
import type { EnvironmentStack } from './environment-stack.ts';

/** What a cluster is made with, by what it is in the global database, or where there is none. */
export function clusterPropsFor(
  stack: EnvironmentStack,
): Pick<DatabaseClusterProps, 'credentials' | 'defaultDatabaseName' | 'storageEncryptionKey'> {
  const { config } = stack;
  if (config.standby !== undefined) {
    return {
      // Taken out again below: CDK would make a secret.
      credentials: Credentials.fromPassword(APPLICATION_NAME, SecretValue.unsafePlainText('none')),
      // RDS asks for it where a cluster in another Region follows an encrypted one.
      storageEncryptionKey: new Key(stack, 'DatabaseKey', {
        description: 'The database that follows the first Region',
        enableKeyRotation: true,
        removalPolicy: stack.removalPolicy,
      }),
    };
  }
  const region = standbyRegionOf(config);
  return {
    credentials: Credentials.fromGeneratedSecret(
      APPLICATION_NAME,
      region === undefined ? {} : { replicaRegions: [{ region }] },
    ),
    defaultDatabaseName: APPLICATION_NAME,
  };
}

/** Makes the cluster part of the global database, where there is one. */
export function joinGlobalDatabase(stack: EnvironmentStack, cluster: DatabaseCluster): void {
  const { config } = stack;
  const identifier = stackNameOf(config.name, 'database');
  if (config.standby !== undefined) {
    const resource = cluster.node.defaultChild as CfnDBCluster;
    resource.globalClusterIdentifier = identifier;
    for (const property of ['MasterUsername', 'MasterUserPassword']) {
      resource.addPropertyDeletionOverride(property);
    }
  } else if (standbyRegionOf(config) !== undefined) {
    const global = new CfnGlobalCluster(stack, 'GlobalDatabase', {
      globalClusterIdentifier: identifier,
      sourceDbClusterIdentifier: cluster.clusterArn,
      deletionProtection: config.removalPolicy === 'retain',
    });
    global.applyRemovalPolicy(stack.removalPolicy);
    new CfnOutput(stack, 'DatabaseSecretArn', {
      value: cluster.secret!.secretArn,
      description: 'The secret of the database, which has a replica in the standby Region',
    });
  } else return;
  for (const [id, value, description] of [
    ['GlobalDatabaseId', identifier, 'For aws rds failover-global-cluster and switchover-global-cluster'],
    ['DatabaseClusterArn', cluster.clusterArn, 'The cluster of this Region in the global database'],
    [
      'DatabaseHost',
      cluster.clusterEndpoint.hostname,
      'Takes writes while this Region has the primary cluster',
    ],
  ] as const) {
    new CfnOutput(stack, id, { value, description });
  }
}

/** The secret of a database or of tokens in the Region that stands by: a replica has the same name and suffix. */
export function replicatedSecret(
  stack: Stack,
  id: string,
  firstArn: string,
  config: EnvironmentConfig,
): ISecret {
  const { region: _first, ...rest } = Arn.split(firstArn, ArnFormat.COLON_RESOURCE_NAME);
  return Secret.fromSecretCompleteArn(
    stack,
    id,
    Arn.format({ ...rest, region: config.region!, arnFormat: ArnFormat.COLON_RESOURCE_NAME }),
  );
}
