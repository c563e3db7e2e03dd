/** The database: Aurora PostgreSQL Serverless v2, or one that is there already; and its migrations. */
import { Duration } from 'aws-cdk-lib';
import { SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  AuroraPostgresEngineVersion,
  ClusterInstance,
  DatabaseCluster,
  DatabaseClusterEngine,
} from 'aws-cdk-lib/aws-rds';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { NewDatabase } from '../config/index.ts';
import { acknowledge, databaseAlarms, databaseBehind, HopAlarms, recordNode } from '../constructs/index.ts';
import type { DatabaseConnection, EventFunction } from '../constructs/index.ts';
import { migrate } from './database-migration.ts';
import { EnvironmentStack } from './environment-stack.ts';
import type { EnvironmentStackProps } from './environment-stack.ts';
import { clusterPropsFor, joinGlobalDatabase, replicatedSecret } from './global-database.ts';
import type { NetworkStack } from './network-stack.ts';

export interface DataStackProps extends EnvironmentStackProps {
  readonly network: NetworkStack;
}

export class DataStack extends EnvironmentStack {
  /** For the `database` prop of functions and relays. */
  readonly database: DatabaseConnection;
  readonly cluster: DatabaseCluster | undefined;
  /** Runs the migrations at each deployment that changes them; in a Region that stands by at none. */
  readonly migration: EventFunction;

  constructor(scope: Construct, id: string, props: DataStackProps) {
    super(scope, id, { ...props, description: 'PostgreSQL and its migrations' });
    const { database } = this.config;
    const { network } = props;
    const place = {
      vpc: network.vpc,
      vpcSubnets: network.functionSubnets,
      clientSecurityGroup: network.databaseClients,
    };
    if (database.kind === 'existing') {
      const secret = Secret.fromSecretCompleteArn(this, 'Secret', database.secretArn);
      recordNode(secret, { kind: 'database', name: 'existing database' });
      this.database = { ...place, secret, construct: secret };
    } else {
      this.cluster = this.#createCluster(database, network);
      recordNode(this.cluster, { kind: 'database', resource: this.cluster });
      this.#watch(this.cluster, database);
      const { standby } = this.config;
      this.database = {
        ...place,
        construct: this.cluster,
        ...(standby === undefined
          ? { secret: this.cluster.secret! }
          : {
              secret: replicatedSecret(this, 'Secret', standby.first.databaseSecretArn, this.config),
              host: this.cluster.clusterEndpoint.hostname,
              port: this.cluster.clusterEndpoint.port,
            }),
      };
    }
    this.migration = migrate(this, {
      entry: 'lambda/handlers/migrate-database.ts',
      database: this.database,
      after: this.cluster === undefined ? [] : [this.cluster],
    }).migration;
  }

  #createCluster(database: NewDatabase, network: NetworkStack): DatabaseCluster {
    const securityGroup = new SecurityGroup(this, 'DatabaseAccess', {
      vpc: network.vpc,
      description: 'The database',
      allowAllOutbound: false,
    });
    const cluster = new DatabaseCluster(this, 'Database', {
      engine: DatabaseClusterEngine.auroraPostgres({ version: AuroraPostgresEngineVersion.VER_17_7 }),
      ...clusterPropsFor(this),
      writer: ClusterInstance.serverlessV2('Writer'),
      readers: database.reader ? [ClusterInstance.serverlessV2('Reader', { scaleWithWriter: true })] : [],
      serverlessV2MinCapacity: database.minCapacity,
      serverlessV2MaxCapacity: database.maxCapacity,
      vpc: network.vpc,
      vpcSubnets: network.databaseSubnets,
      securityGroups: [securityGroup],
      storageEncrypted: true,
      iamAuthentication: true,
      backup: { retention: Duration.days(database.backupRetentionDays) },
      copyTagsToSnapshot: true,
      cloudwatchLogsExports: ['postgresql'],
      deletionProtection: database.deletionProtection,
      removalPolicy: this.removalPolicy,
    });
    cluster.connections.allowDefaultPortFrom(network.databaseClients);
    if (network.commerceClients !== undefined) {
      cluster.connections.allowDefaultPortFrom(network.commerceClients);
    }
    joinGlobalDatabase(this, cluster);
    this.#acknowledgeFindings(cluster, database);
    return cluster;
  }

  #watch(cluster: DatabaseCluster, { minCapacity, maxCapacity }: NewDatabase): void {
    const alarms = new HopAlarms(this, {});
    for (const [name, alarm] of Object.entries(databaseAlarms(cluster, minCapacity, maxCapacity))) {
      alarms.add(`Database${name}Alarm`, alarm);
    }
    if (this.config.standby !== undefined) alarms.add('DatabaseBehindAlarm', databaseBehind(cluster));
  }

  #acknowledgeFindings(cluster: DatabaseCluster, database: NewDatabase): void {
    acknowledge(
      cluster,
      'AwsSolutions-SMG4',
      'Rotation runs an application of the Serverless Application Repository, which each account must allow first; until then the password is changed by the operator',
    );
    if (!database.deletionProtection) {
      acknowledge(
        cluster,
        'AwsSolutions-RDS10',
        'This environment is made to be deleted and made again, database included',
      );
    }
  }
}
