/** AWS::RDS::*: a cluster or standalone instance is one local PostgreSQL database; the rest is inert. */
import { answered, CannotRun, generatedId, textProperty } from './provider.ts';
import type { Created, Provider, ProviderContext, RecordedDatabase } from './provider.ts';
import { generateSecret } from './security.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

const IDENTIFIER_LENGTH = 63;

/** What a cluster and a standalone instance are started with. */
const STARTING_PROPERTIES = [
  'Engine',
  'ManageMasterUserPassword',
  'MasterUserPassword',
  'MasterUserSecret',
  'MasterUsername',
];

/** What a local database has no counterpart for: capacity, backups, network, monitoring. */
const INERT_DATABASE_PROPERTIES = [
  'AllocatedStorage',
  'AllowMajorVersionUpgrade',
  'AssociatedRoles',
  'AutoMinorVersionUpgrade',
  'AvailabilityZone',
  'AvailabilityZones',
  'BackupRetentionPeriod',
  'CACertificateIdentifier',
  'CloudwatchLogsExports',
  'CopyTagsToSnapshot',
  'DBClusterInstanceClass',
  'DBClusterParameterGroupName',
  'DBInstanceClass',
  'DBInstanceParameterGroupName',
  'DBParameterGroupName',
  'DBSubnetGroupName',
  'DatabaseInsightsMode',
  'DeleteAutomatedBackups',
  'DeletionProtection',
  'EnableCloudwatchLogsExports',
  'EnableHttpEndpoint',
  'EnableIAMDatabaseAuthentication',
  'EnablePerformanceInsights',
  'EngineMode',
  'EngineVersion',
  'Iops',
  'KmsKeyId',
  'MaxAllocatedStorage',
  'MonitoringInterval',
  'MonitoringRoleArn',
  'MultiAZ',
  'NetworkType',
  'OptionGroupName',
  'PerformanceInsightsKmsKeyId',
  'PerformanceInsightsRetentionPeriod',
  'Port',
  'PreferredBackupWindow',
  'PreferredMaintenanceWindow',
  'PromotionTier',
  'PubliclyAccessible',
  'ServerlessV2ScalingConfiguration',
  'StorageEncrypted',
  'StorageThroughput',
  'StorageType',
  'Tags',
  'VPCSecurityGroups',
  'VpcSecurityGroupIds',
];

export const RDS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::RDS::DBCluster': {
    honoured: ['DBClusterIdentifier', 'DatabaseName', ...STARTING_PROPERTIES],
    // Whose cluster it follows: one local server is the database of every region.
    inert: [...INERT_DATABASE_PROPERTIES, 'GlobalClusterIdentifier'],
    replacedOnChange: ['DBClusterIdentifier', 'DatabaseName', 'Engine', 'MasterUsername'],
    update: refusePasswordChange,
    delete: forget,
    async create(properties, context) {
      const identifier = identifierOf('DBClusterIdentifier', properties, context);
      const { database, secretArn } = await start(identifier, 'DatabaseName', properties, context);
      return {
        physicalId: identifier,
        attributes: {
          DBClusterArn: databaseArn(context, 'cluster', identifier),
          DBClusterResourceId: generatedId('cluster', context.stackName, context.logicalId).toUpperCase(),
          'Endpoint.Address': database.host,
          'Endpoint.Port': String(database.port),
          'ReadEndpoint.Address': database.host,
          ...(secretArn === undefined ? {} : { 'MasterUserSecret.SecretArn': secretArn }),
        },
      };
    },
  },
  'AWS::RDS::DBInstance': {
    honoured: ['DBClusterIdentifier', 'DBInstanceIdentifier', 'DBName', ...STARTING_PROPERTIES],
    inert: INERT_DATABASE_PROPERTIES,
    replacedOnChange: ['DBClusterIdentifier', 'DBInstanceIdentifier', 'DBName', 'Engine', 'MasterUsername'],
    update: refusePasswordChange,
    delete: forget,
    async create(properties, context) {
      const identifier = identifierOf('DBInstanceIdentifier', properties, context);
      const cluster = context.records.databases.find(
        (each) => each.identifier === textProperty(properties, 'DBClusterIdentifier'),
      );
      if (cluster === undefined && properties['DBClusterIdentifier'] !== undefined)
        throw new CannotRun('its cluster does not run here');
      if (cluster !== undefined) {
        return {
          ...instance(identifier, cluster, context),
          inertBecause: 'the cluster is one local PostgreSQL server',
        };
      }
      const { database, secretArn } = await start(identifier, 'DBName', properties, context);
      const created = instance(identifier, database, context);
      return secretArn === undefined
        ? created
        : { ...created, attributes: { ...created.attributes, 'MasterUserSecret.SecretArn': secretArn } };
    },
  },
  'AWS::RDS::GlobalCluster': inert(
    'GlobalClusterIdentifier',
    'one local PostgreSQL server is the database of every region',
    ['DeletionProtection', 'Engine', 'EngineVersion', 'SourceDBClusterIdentifier', 'StorageEncrypted'],
  ),
  'AWS::RDS::DBSubnetGroup': inert(
    'DBSubnetGroupName',
    'the local database listens on the loopback interface',
    ['DBSubnetGroupDescription', 'SubnetIds'],
  ),
  'AWS::RDS::DBClusterParameterGroup': inert(
    'DBClusterParameterGroupName',
    'the local database has its own settings',
    ['Description', 'Family', 'Parameters'],
  ),
  'AWS::RDS::DBParameterGroup': inert('DBParameterGroupName', 'the local database has its own settings', [
    'Description',
    'Family',
    'Parameters',
  ]),
  'AWS::RDS::DBProxy': {
    honoured: ['DBProxyName'],
    inert: [
      'Auth',
      'DebugLogging',
      'DefaultAuthScheme',
      'EndpointNetworkType',
      'EngineFamily',
      'IdleClientTimeout',
      'RequireTLS',
      'RoleArn',
      'Tags',
      'TargetConnectionNetworkType',
      'VpcSecurityGroupIds',
      'VpcSubnetIds',
    ],
    async create(properties, context) {
      const name = textProperty(properties, 'DBProxyName') ?? context.generatedName(IDENTIFIER_LENGTH);
      return {
        physicalId: name,
        attributes: {
          DBProxyArn: databaseArn(context, 'db-proxy', name),
          Endpoint: context.records.databases[0]?.host ?? '127.0.0.1',
        },
        inertBecause: 'clients connect to the local database directly; its port is in the secret',
      };
    },
  },
  'AWS::RDS::DBProxyTargetGroup': inert('TargetGroupName', 'clients connect to the local database directly', [
    'ConnectionPoolConfigurationInfo',
    'DBClusterIdentifiers',
    'DBInstanceIdentifiers',
    'DBProxyName',
  ]),
};

/** The running server keeps the password it was started with: better said than forgotten. */
async function refusePasswordChange(
  created: Created,
  properties: JsonObject,
  previous: JsonObject,
): Promise<Created> {
  const changed = ['ManageMasterUserPassword', 'MasterUserPassword', 'MasterUserSecret'].filter(
    (name) => JSON.stringify(properties[name]) !== JSON.stringify(previous[name]),
  );
  if (changed.length === 0) return created;
  throw new Error(
    `${changed.join(', ')} of a running local database cannot be changed. Delete the stack, or start again.`,
  );
}

/** The server goes on until the run ends; nothing finds the database here any more. */
async function forget(created: Created, _properties: JsonObject, context: ProviderContext): Promise<void> {
  const { databases } = context.records;
  const index = databases.findIndex(({ identifier }) => identifier === created.physicalId);
  if (index >= 0) databases.splice(index, 1);
  const secretArn = created.attributes['MasterUserSecret.SecretArn'];
  if (secretArn !== undefined) {
    const input = { SecretId: secretArn, ForceDeleteWithoutRecovery: true };
    await context.call('secretsmanager', 'DeleteSecret', input);
  }
}

/** RDS keeps its names in lower case. */
function identifierOf(property: string, properties: JsonObject, context: ProviderContext): string {
  return textProperty(properties, property) ?? context.generatedName(IDENTIFIER_LENGTH).toLowerCase();
}

async function start(
  identifier: string,
  databaseNameProperty: 'DatabaseName' | 'DBName',
  properties: JsonObject,
  context: ProviderContext,
): Promise<{ readonly database: RecordedDatabase; readonly secretArn: string | undefined }> {
  const engine = textProperty(properties, 'Engine') ?? '';
  if (!engine.includes('postgres'))
    throw new CannotRun(`only PostgreSQL databases run here, not ${engine || 'an engine that is not named'}`);
  if (context.startDatabase === undefined)
    throw new CannotRun('this run was started without a local PostgreSQL');

  const username = textProperty(properties, 'MasterUsername') ?? 'postgres';
  const managed = textProperty(properties, 'ManageMasterUserPassword') === 'true';
  const password = managed ? generateSecret({}) : (textProperty(properties, 'MasterUserPassword') ?? '');
  const databaseName = textProperty(properties, databaseNameProperty) ?? 'postgres';
  const request = { identifier, engine, databaseName, username, password };
  const address = await context.startDatabase(request);
  const database: RecordedDatabase = {
    identifier,
    databaseName,
    username,
    engine,
    host: address.host,
    port: address.port,
  };
  context.records.databases.push(database);
  return { database, secretArn: managed ? await managedSecret(database, password, context) : undefined };
}

/** RDS keeps only the user name and the password in the secret it manages. */
async function managedSecret(
  database: RecordedDatabase,
  password: string,
  context: ProviderContext,
): Promise<string> {
  const answer = await context.call('secretsmanager', 'CreateSecret', {
    Name: `rds!cluster-${database.identifier}`,
    SecretString: JSON.stringify({ username: database.username, password }),
  });
  return answered(answer, 'ARN');
}

function instance(identifier: string, database: RecordedDatabase, context: ProviderContext): Created {
  return {
    physicalId: identifier,
    attributes: {
      DBInstanceArn: databaseArn(context, 'db', identifier),
      DbiResourceId: generatedId('db', context.stackName, context.logicalId).toUpperCase(),
      'Endpoint.Address': database.host,
      'Endpoint.Port': String(database.port),
    },
  };
}

function databaseArn(context: ProviderContext, kind: string, identifier: string): string {
  return `arn:aws:rds:${context.aws.region}:${context.aws.accountId}:${kind}:${identifier}`;
}

function inert(nameProperty: string, reason: string, properties: readonly string[]): Provider {
  return {
    honoured: [nameProperty],
    inert: [...properties, 'Tags'],
    replacedOnChange: [nameProperty],
    async create(given, context) {
      const name = identifierOf(nameProperty, given, context);
      return {
        physicalId: name,
        attributes: { TargetGroupArn: databaseArn(context, 'target-group', name) },
        inertBecause: reason,
      };
    },
  };
}
