/** A table in the words of DescribeTable. */
import { projectedAttributes } from './item-store.ts';
import { keySchemaElements } from './model.ts';
import type { IndexSettings, Table, TableSettings, Throughput } from './table.ts';

export type TableStatus = 'CREATING' | 'UPDATING' | 'DELETING' | 'ACTIVE';

/** CreateTable, UpdateTable and DeleteTable show the status on the way; the next look finds them done. */
export function describeTable({ settings, items }: Table, status: TableStatus = 'ACTIVE') {
  const local = settings.indexes.filter(({ kind }) => kind === 'local');
  const global = settings.indexes.filter(({ kind }) => kind === 'global');
  const { stream, latestStream, encryption, onDemandSince, billingMode } = settings;
  const index = (definition: IndexSettings) => describeIndex({ settings, items }, definition);
  return {
    TableName: settings.name,
    TableArn: settings.arn,
    TableId: settings.id,
    TableStatus: status,
    CreationDateTime: settings.createdAt / 1000,
    AttributeDefinitions: Object.entries(settings.attributes).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    KeySchema: keySchemaElements(settings.keySchema),
    ItemCount: items.count(),
    TableSizeBytes: items.bytes(),
    ProvisionedThroughput: describeThroughput(settings.throughput),
    ...((billingMode === 'PAY_PER_REQUEST' || onDemandSince !== undefined) && {
      BillingModeSummary: {
        BillingMode: billingMode,
        ...(onDemandSince !== undefined && { LastUpdateToPayPerRequestDateTime: onDemandSince / 1000 }),
      },
    }),
    ...(settings.onDemandThroughput && { OnDemandThroughput: settings.onDemandThroughput }),
    ...(local.length > 0 && { LocalSecondaryIndexes: local.map(index) }),
    ...(global.length > 0 && {
      GlobalSecondaryIndexes: global.map((definition) => ({
        ...index(definition),
        IndexStatus: status === 'CREATING' ? 'CREATING' : 'ACTIVE',
        ProvisionedThroughput: describeThroughput(definition.throughput ?? { read: 0, write: 0 }),
      })),
    }),
    ...(stream && { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.viewType } }),
    ...(latestStream && { LatestStreamArn: latestStream.arn, LatestStreamLabel: latestStream.label }),
    ...(encryption && {
      SSEDescription: { Status: 'ENABLED', SSEType: encryption.type, KMSMasterKeyArn: encryption.keyArn },
    }),
    ...(settings.tableClass !== undefined && { TableClassSummary: { TableClass: settings.tableClass } }),
    ...(settings.replicas && {
      Replicas: settings.replicas.map((RegionName) => ({ RegionName, ReplicaStatus: 'ACTIVE' })),
    }),
    DeletionProtectionEnabled: settings.deletionProtection,
  };
}

function describeIndex({ settings, items }: Table, definition: IndexSettings) {
  const { name, keySchema, projection } = definition;
  const entries = items.entries(name);
  let bytes = 0;
  for (const entry of entries.all()) bytes += entry.bytes;
  const keys = projectedAttributes(settings.keySchema, {
    ...definition,
    projection: { type: 'KEYS_ONLY', nonKeyAttributes: [] },
  });
  const others = projection.nonKeyAttributes.filter((attribute) => !keys.has(attribute));
  return {
    IndexName: name,
    IndexArn: `${settings.arn}/index/${name}`,
    KeySchema: keySchemaElements(keySchema),
    Projection: {
      ProjectionType: projection.type,
      ...(projection.type === 'INCLUDE' && { NonKeyAttributes: others }),
    },
    ItemCount: entries.size,
    IndexSizeBytes: bytes,
  };
}

function describeThroughput({ read, write }: Throughput) {
  return { NumberOfDecreasesToday: 0, ReadCapacityUnits: read, WriteCapacityUnits: write };
}

/** Point-in-time recovery is kept in the books; there is nothing to restore from. */
export function describeBackups({ recoverySince, recoveryDays }: TableSettings, now: number) {
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription:
        recoverySince === undefined
          ? { PointInTimeRecoveryStatus: 'DISABLED' }
          : {
              PointInTimeRecoveryStatus: 'ENABLED',
              EarliestRestorableDateTime: recoverySince / 1000,
              LatestRestorableDateTime: now / 1000,
              ...(recoveryDays !== undefined && { RecoveryPeriodInDays: recoveryDays }),
            },
    },
  };
}
