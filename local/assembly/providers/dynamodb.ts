/** AWS::DynamoDB::* */
import {
  booleanProperty,
  defined,
  listProperty,
  numberProperty,
  objectProperty,
  textProperty,
} from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html */
const TABLE_NAME_LENGTH = 255;
/** Capacity of a provisioned table whose template leaves it to auto scaling. */
const LEAST_UNITS = 1;

/** A table as its template wants it, the same for both resource types. */
interface TableShape {
  /** Members of CreateTable that are given as they are. */
  readonly schema: Readonly<Record<string, unknown>>;
  readonly billingMode: string;
  readonly throughput: unknown;
  readonly globalIndexes: readonly JsonObject[];
  readonly streamViewType: string | undefined;
  readonly deletionProtection: boolean;
  readonly tableClass: string | undefined;
  readonly encryption: unknown;
  readonly timeToLiveAttribute: string | undefined;
  readonly recovery: unknown;
  readonly policy: string | undefined;
  readonly tags: readonly Json[];
  /** Other regions that have a replica. */
  readonly replicas: readonly string[];
}

const TABLE_PROPERTIES = [
  'AttributeDefinitions',
  'BillingMode',
  'GlobalSecondaryIndexes',
  'KeySchema',
  'LocalSecondaryIndexes',
  'SSESpecification',
  'StreamSpecification',
  'TableName',
  'TimeToLiveSpecification',
];

export const DYNAMODB_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::DynamoDB::Table': tableProvider(
    [
      ...TABLE_PROPERTIES,
      'DeletionProtectionEnabled',
      'OnDemandThroughput',
      'PointInTimeRecoverySpecification',
      'ProvisionedThroughput',
      'ResourcePolicy',
      'TableClass',
      'Tags',
    ],
    // Measurements of who uses which key, and warm capacity: nothing here has either.
    ['ContributorInsightsSpecification', 'WarmThroughput'],
    shapeOfTable,
  ),
  'AWS::DynamoDB::GlobalTable': tableProvider(
    // Of the replicas, the one in this Region is the table.
    [...TABLE_PROPERTIES, 'Replicas', 'WriteProvisionedThroughputSettings'],
    ['WarmThroughput', 'WriteOnDemandThroughputSettings'],
    shapeOfGlobalTable,
  ),
};

function tableProvider(
  honoured: readonly string[],
  inert: readonly string[],
  shapeOf: (properties: JsonObject, context: ProviderContext) => TableShape,
): Provider {
  return {
    honoured,
    inert,
    replacedOnChange: ['KeySchema', 'LocalSecondaryIndexes', 'TableName'],
    async create(properties, context) {
      const name = textProperty(properties, 'TableName') ?? context.generatedName(TABLE_NAME_LENGTH);
      const shape = shapeOf(properties, context);
      await context.call('dynamodb', 'CreateTable', {
        TableName: name,
        ...shape.schema,
        BillingMode: shape.billingMode,
        DeletionProtectionEnabled: shape.deletionProtection,
        ...defined({
          ProvisionedThroughput: shape.throughput,
          GlobalSecondaryIndexes: shape.globalIndexes.length > 0 ? shape.globalIndexes : undefined,
          StreamSpecification: shape.streamViewType && streamOn(shape.streamViewType),
          TableClass: shape.tableClass,
          SSESpecification: shape.encryption,
          ResourcePolicy: shape.policy,
          Tags: shape.tags.length > 0 ? shape.tags : undefined,
        }),
      });
      await setTimeToLive(name, undefined, shape.timeToLiveAttribute, context);
      if (shape.recovery !== undefined) await setRecovery(name, shape.recovery, context);
      await addReplicas(name, shape.replicas, context);
      return describedTable(name, context);
    },
    async update(created, properties, previous, context) {
      const name = created.physicalId;
      const [before, after] = [shapeOf(previous, context), shapeOf(properties, context)];
      await updateTable(name, before, after, context);
      await setTimeToLive(name, before.timeToLiveAttribute, after.timeToLiveAttribute, context);
      if (differs(before.recovery, after.recovery)) {
        const off = { PointInTimeRecoveryEnabled: false };
        await setRecovery(name, after.recovery ?? off, context);
      }
      await setPolicyAndTags(textProperty(created.attributes, 'Arn') ?? '', before, after, context);
      const added = after.replicas.filter((region) => !before.replicas.includes(region));
      await addReplicas(name, added, context);
      return describedTable(name, context);
    },
    async delete(created, _properties, context) {
      await context.call('dynamodb', 'DeleteTable', { TableName: created.physicalId });
    },
  };
}

/** Where the region is joined to this one; elsewhere there is nowhere to put a replica. */
async function addReplicas(
  name: string,
  regions: readonly string[],
  context: ProviderContext,
): Promise<void> {
  const joined = regions.filter((region) => context.aws.elsewhere?.(region) !== undefined);
  if (joined.length === 0) return;
  await context.call('dynamodb', 'UpdateTable', {
    TableName: name,
    ReplicaUpdates: joined.map((RegionName) => ({ Create: { RegionName } })),
  });
}

async function describedTable(name: string, context: ProviderContext): Promise<Created> {
  const { Table: answer = {} } = await context.call('dynamodb', 'DescribeTable', { TableName: name });
  const table = isJsonObject(answer) ? answer : {};
  const { TableArn: arn = '', TableId: id = '', LatestStreamArn: stream } = table;
  return {
    physicalId: name,
    attributes: { Arn: arn, TableId: id, ...(stream !== undefined && { StreamArn: stream }) },
  };
}

/** One change of an index a call, as DynamoDB wants it. */
async function updateTable(
  name: string,
  before: TableShape,
  after: TableShape,
  context: ProviderContext,
): Promise<void> {
  const update = (changes: Record<string, unknown>) =>
    context.call('dynamodb', 'UpdateTable', { TableName: name, ...changes });
  const indexName = (index: JsonObject) => textProperty(index, 'IndexName');

  for (const index of before.globalIndexes) {
    const same = after.globalIndexes.find((other) => indexName(other) === indexName(index));
    if (same && !differs(keysAndProjection(index), keysAndProjection(same))) continue;
    await update({ GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: indexName(index) } }] });
  }
  if (differs([before.billingMode, before.throughput], [after.billingMode, after.throughput])) {
    await update({
      BillingMode: after.billingMode,
      ...defined({ ProvisionedThroughput: after.throughput }),
    });
  }
  for (const index of after.globalIndexes) {
    const same = before.globalIndexes.find((other) => indexName(other) === indexName(index));
    if (same && !differs(keysAndProjection(index), keysAndProjection(same))) continue;
    await update({
      AttributeDefinitions: after.schema['AttributeDefinitions'],
      GlobalSecondaryIndexUpdates: [{ Create: index }],
    });
  }
  if (before.streamViewType !== after.streamViewType) {
    if (before.streamViewType !== undefined) await update({ StreamSpecification: { StreamEnabled: false } });
    if (after.streamViewType !== undefined) {
      await update({ StreamSpecification: streamOn(after.streamViewType) });
    }
  }
  const settings = defined({
    DeletionProtectionEnabled:
      before.deletionProtection === after.deletionProtection ? undefined : after.deletionProtection,
    TableClass: before.tableClass === after.tableClass ? undefined : (after.tableClass ?? 'STANDARD'),
    SSESpecification: differs(before.encryption, after.encryption)
      ? (after.encryption ?? { Enabled: false })
      : undefined,
  });
  if (Object.keys(settings).length > 0) await update(settings);
}

async function setPolicyAndTags(
  arn: string,
  before: TableShape,
  after: TableShape,
  context: ProviderContext,
): Promise<void> {
  if (before.policy !== after.policy) {
    if (after.policy === undefined) {
      await context.call('dynamodb', 'DeleteResourcePolicy', { ResourceArn: arn });
    } else {
      await context.call('dynamodb', 'PutResourcePolicy', { ResourceArn: arn, Policy: after.policy });
    }
  }
  const keyOf = (tag: Json) => (isJsonObject(tag) ? textProperty(tag, 'Key') : undefined);
  const kept = new Set(after.tags.map(keyOf));
  const removed = before.tags.map(keyOf).filter((key) => !kept.has(key));
  if (removed.length > 0) {
    await context.call('dynamodb', 'UntagResource', { ResourceArn: arn, TagKeys: removed });
  }
  if (after.tags.length > 0) {
    await context.call('dynamodb', 'TagResource', { ResourceArn: arn, Tags: after.tags });
  }
}

async function setTimeToLive(
  name: string,
  before: string | undefined,
  after: string | undefined,
  context: ProviderContext,
): Promise<void> {
  if (before === after) return;
  const set = (attribute: string, enabled: boolean) =>
    context.call('dynamodb', 'UpdateTimeToLive', {
      TableName: name,
      TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled },
    });
  if (before !== undefined) await set(before, false);
  if (after !== undefined) await set(after, true);
}

async function setRecovery(name: string, specification: unknown, context: ProviderContext): Promise<void> {
  await context.call('dynamodb', 'UpdateContinuousBackups', {
    TableName: name,
    PointInTimeRecoverySpecification: specification,
  });
}

function shapeOfTable(properties: JsonObject): TableShape {
  const billingMode = textProperty(properties, 'BillingMode') ?? 'PROVISIONED';
  return {
    ...sharedShape(properties, properties),
    billingMode,
    throughput: billingMode === 'PROVISIONED' ? unitsOf(properties) : undefined,
    globalIndexes: indexesOf(properties, billingMode, unitsOf),
    streamViewType: textProperty(objectProperty(properties, 'StreamSpecification'), 'StreamViewType'),
    replicas: [],
  };
}

/** What a global table says of its replicas is here what its replica in this Region says. */
function shapeOfGlobalTable(properties: JsonObject, context: ProviderContext): TableShape {
  const replicas = listProperty(properties, 'Replicas').filter(isJsonObject);
  const replica = replicas.find(({ Region: region }) => region === context.aws.region) ?? replicas[0] ?? {};
  const billingMode = textProperty(properties, 'BillingMode') ?? 'PROVISIONED';
  const scaled = (read: JsonObject, write: JsonObject) => ({
    ReadCapacityUnits: scaledUnits(read, 'ReadProvisionedThroughputSettings', 'Read'),
    WriteCapacityUnits: scaledUnits(write, 'WriteProvisionedThroughputSettings', 'Write'),
  });
  const replicaIndexes = listProperty(replica, 'GlobalSecondaryIndexes').filter(isJsonObject);
  return {
    ...sharedShape(properties, replica),
    billingMode,
    throughput: billingMode === 'PROVISIONED' ? scaled(replica, properties) : undefined,
    globalIndexes: indexesOf(properties, billingMode, (index) => {
      const name = textProperty(index, 'IndexName');
      return scaled(replicaIndexes.find((other) => textProperty(other, 'IndexName') === name) ?? {}, index);
    }),
    // A global table with replicas elsewhere has a stream of this kind, whether it asks for one or not.
    streamViewType:
      textProperty(objectProperty(properties, 'StreamSpecification'), 'StreamViewType') ??
      (replicas.length > 1 ? 'NEW_AND_OLD_IMAGES' : undefined),
    replicas: replicas.flatMap((one) => {
      const region = textProperty(one, 'Region');
      return region === undefined || region === context.aws.region ? [] : [region];
    }),
  };
}

type SharedShape = Omit<
  TableShape,
  'billingMode' | 'throughput' | 'globalIndexes' | 'streamViewType' | 'replicas'
>;

function sharedShape(properties: JsonObject, local: JsonObject): SharedShape {
  const timeToLive = objectProperty(properties, 'TimeToLiveSpecification');
  const recovery = objectProperty(local, 'PointInTimeRecoverySpecification');
  const policy = objectProperty(local, 'ResourcePolicy')['PolicyDocument'];
  return {
    schema: defined({
      AttributeDefinitions: properties['AttributeDefinitions'],
      KeySchema: properties['KeySchema'],
      LocalSecondaryIndexes: notEmpty(listProperty(properties, 'LocalSecondaryIndexes')),
      OnDemandThroughput: properties['OnDemandThroughput'],
    }),
    deletionProtection: booleanProperty(local, 'DeletionProtectionEnabled') ?? false,
    tableClass: textProperty(local, 'TableClass'),
    encryption: encryptionOf(properties, local),
    timeToLiveAttribute:
      booleanProperty(timeToLive, 'Enabled') === true ? textProperty(timeToLive, 'AttributeName') : undefined,
    recovery:
      Object.keys(recovery).length === 0
        ? undefined
        : defined({
            PointInTimeRecoveryEnabled: booleanProperty(recovery, 'PointInTimeRecoveryEnabled') ?? false,
            RecoveryPeriodInDays: numberProperty(recovery, 'RecoveryPeriodInDays'),
          }),
    policy: policy === undefined ? undefined : JSON.stringify(policy),
    tags: listProperty(local, 'Tags'),
  };
}

function indexesOf(
  properties: JsonObject,
  billingMode: string,
  units: (index: JsonObject) => unknown,
): readonly JsonObject[] {
  return listProperty(properties, 'GlobalSecondaryIndexes')
    .filter(isJsonObject)
    .map((index) => ({
      ...keysAndProjection(index),
      ...(billingMode === 'PROVISIONED' && { ProvisionedThroughput: units(index) as JsonObject }),
    }));
}

function keysAndProjection(index: JsonObject): JsonObject {
  const { IndexName = '', KeySchema = [], Projection = {} } = index;
  return { IndexName, KeySchema, Projection };
}

function unitsOf(owner: JsonObject): unknown {
  const throughput = objectProperty(owner, 'ProvisionedThroughput');
  return defined({
    ReadCapacityUnits: numberProperty(throughput, 'ReadCapacityUnits'),
    WriteCapacityUnits: numberProperty(throughput, 'WriteCapacityUnits'),
  });
}

/** Fixed units, or the least that auto scaling would give. */
function scaledUnits(owner: JsonObject, name: string, kind: 'Read' | 'Write'): number {
  const settings = objectProperty(owner, name);
  const scaling = objectProperty(settings, `${kind}CapacityAutoScalingSettings`);
  return (
    numberProperty(settings, `${kind}CapacityUnits`) ?? numberProperty(scaling, 'MinCapacity') ?? LEAST_UNITS
  );
}

function encryptionOf(properties: JsonObject, local: JsonObject): unknown {
  const specification = objectProperty(properties, 'SSESpecification');
  if (booleanProperty(specification, 'SSEEnabled') !== true) return undefined;
  const replicaKey = textProperty(objectProperty(local, 'SSESpecification'), 'KMSMasterKeyId');
  return defined({
    Enabled: true,
    SSEType: textProperty(specification, 'SSEType'),
    KMSMasterKeyId: replicaKey ?? textProperty(specification, 'KMSMasterKeyId'),
  });
}

function streamOn(viewType: string): unknown {
  return { StreamEnabled: true, StreamViewType: viewType };
}

function notEmpty(list: readonly Json[]): readonly Json[] | undefined {
  return list.length > 0 ? list : undefined;
}

function differs(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}
