/**
 * The actions on tables: create, describe, update, delete, and what is kept beside them (tags, time to live, recovery,
 * resource policies). Changes are done when the call answers; the answer itself shows the status on the way, as on AWS.
 */
import { randomUUID } from 'node:crypto';
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';
import { describeBackups, describeTable } from './describe-table.ts';
import {
  constraintError,
  invalidParameters,
  limitExceeded,
  resourceInUse,
  resourceNotFound,
  validationError,
} from './errors.ts';
import {
  flag,
  isRecord,
  optionalList,
  optionalRecord,
  optionalText,
  requiredList,
  requiredRecord,
  requiredText,
  wholeNumber,
  type Input,
} from './input.ts';
import { MAXIMUM_TAGS } from './limits.ts';
import {
  checkAllAttributesUsed,
  checkGlobalIndexCount,
  readAttributes,
  readBillingMode,
  readIndex,
  readSchema,
  readStreamSpecification,
  readThroughput,
} from './table-settings.ts';
import type { IndexSettings, Table, TableSettings } from './table.ts';
import { tableNameOf, type Tables } from './tables.ts';

/** API_ListTables.html */
const MAXIMUM_TABLE_PAGE = 100;

type Action = (input: Input) => unknown;

export function createTableActions(context: AwsContext, tables: Tables): Readonly<Record<string, Action>> {
  const tableOf = (input: Input) => tables.described(requiredText(input, 'TableName'));
  const resourceOf = (input: Input) => {
    const arn = requiredText(input, 'ResourceArn');
    const table = arn.startsWith('arn:') ? tables.find(arn) : undefined;
    if (table === undefined)
      throw resourceNotFound(`Requested resource not found: ResourcArn: ${arn} not found`);
    return table;
  };

  return {
    CreateTable(input) {
      const name = newTableName(input);
      const schema = readSchema(input);
      const viewType = readStreamSpecification(input);
      const tableClass = optionalText(input, 'TableClass');
      const policy = optionalText(input, 'ResourcePolicy');
      const onDemandThroughput = optionalRecord(input, 'OnDemandThroughput');
      const now = context.clock.now();
      const table = tables.create({
        name,
        arn: `arn:aws:dynamodb:${context.region}:${context.accountId}:table/${name}`,
        id: randomUUID(),
        createdAt: now,
        ...schema,
        ...(schema.billingMode === 'PAY_PER_REQUEST' && { onDemandSince: now }),
        ...(onDemandThroughput && { onDemandThroughput }),
        deletionProtection: flag(input, 'DeletionProtectionEnabled'),
        ...(tableClass !== undefined && { tableClass }),
        ...readEncryption(context, input),
        tags: readTags(optionalList(input, 'Tags') ?? []),
        ...(policy !== undefined && { policy: { document: policy, revision: String(now) } }),
      });
      if (viewType) tables.setStream(table, viewType);
      return { TableDescription: describeTable(table, 'CREATING') };
    },
    DescribeTable: (input) => ({ Table: describeTable(tableOf(input)) }),
    ListTables(input) {
      const limit = wholeNumber(input, 'Limit', 1, MAXIMUM_TABLE_PAGE) ?? MAXIMUM_TABLE_PAGE;
      const after = optionalText(input, 'ExclusiveStartTableName') ?? '';
      const names = tables
        .all()
        .map(({ settings }) => settings.name)
        .filter((name) => name > after)
        .sort();
      const page = names.slice(0, limit);
      return {
        TableNames: page,
        ...(page.length < names.length && { LastEvaluatedTableName: page.at(-1) }),
      };
    },
    UpdateTable(input) {
      const table = tableOf(input);
      updateTable(context, tables, table, input);
      for (const region of newReplicas(input)) tables.addReplica(table, region);
      return { TableDescription: describeTable(table, 'UPDATING') };
    },
    DeleteTable(input) {
      const table = tableOf(input);
      if (table.settings.deletionProtection) {
        throw validationError(
          `Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.`,
        );
      }
      const description = describeTable(table, 'DELETING');
      tables.delete(table);
      return { TableDescription: description };
    },

    UpdateTimeToLive(input) {
      const table = tableOf(input);
      const specification = requiredRecord(input, 'TimeToLiveSpecification');
      const attribute = requiredText(specification, 'AttributeName');
      const enabled = flag(specification, 'Enabled');
      const before = table.settings.timeToLive;
      if (enabled && before?.enabled === true) {
        throw validationError(
          before.attribute === attribute
            ? 'TimeToLive is already enabled'
            : `TimeToLive is active on a different AttributeName: current AttributeName is ${before.attribute}`,
        );
      }
      if (!enabled && before?.enabled !== true) throw validationError('TimeToLive is already disabled');
      if (!enabled && before?.attribute !== attribute) {
        throw validationError(
          `TimeToLive is active on a different AttributeName: current AttributeName is ${before?.attribute}`,
        );
      }
      tables.change(table, { timeToLive: { attribute, enabled } });
      return { TimeToLiveSpecification: { Enabled: enabled, AttributeName: attribute } };
    },
    DescribeTimeToLive(input) {
      const { timeToLive } = tableOf(input).settings;
      return {
        TimeToLiveDescription:
          timeToLive?.enabled === true
            ? { TimeToLiveStatus: 'ENABLED', AttributeName: timeToLive.attribute }
            : { TimeToLiveStatus: 'DISABLED' },
      };
    },
    DescribeContinuousBackups: (input) => describeBackups(tableOf(input).settings, context.clock.now()),
    UpdateContinuousBackups(input) {
      const table = tableOf(input);
      const specification = requiredRecord(input, 'PointInTimeRecoverySpecification');
      const days = wholeNumber(specification, 'RecoveryPeriodInDays', 1, 35);
      const { recoverySince: since, recoveryDays: _, ...settings } = table.settings;
      table.settings = settings;
      tables.change(
        table,
        flag(specification, 'PointInTimeRecoveryEnabled')
          ? {
              recoverySince: since ?? context.clock.now(),
              recoveryDays: days ?? 35,
            }
          : {},
      );
      return describeBackups(table.settings, context.clock.now());
    },

    TagResource(input) {
      const table = resourceOf(input);
      const tags = { ...table.settings.tags, ...readTags(requiredList(input, 'Tags')) };
      if (Object.keys(tags).length > MAXIMUM_TAGS) {
        throw validationError(
          `One or more parameter values were invalid: Too many tags: at most ${MAXIMUM_TAGS}`,
        );
      }
      tables.change(table, { tags });
    },
    UntagResource(input) {
      const table = resourceOf(input);
      const removed = requiredList(input, 'TagKeys');
      const left = Object.entries(table.settings.tags).filter(([key]) => !removed.includes(key));
      tables.change(table, { tags: Object.fromEntries(left) });
    },
    ListTagsOfResource: (input) => ({
      Tags: Object.entries(resourceOf(input).settings.tags).map(([Key, Value]) => ({ Key, Value })),
    }),

    PutResourcePolicy(input) {
      const table = resourceOf(input);
      const expected = optionalText(input, 'ExpectedRevisionId');
      const current = table.settings.policy?.revision;
      if (expected !== undefined && expected !== (current ?? 'NO_POLICY')) throw policyNotFound();
      const revision = String(BigInt(context.clock.now()) * 1000n + BigInt(Number(current ?? 0) % 1000) + 1n);
      tables.change(table, { policy: { document: requiredText(input, 'Policy'), revision } });
      return { RevisionId: revision };
    },
    GetResourcePolicy(input) {
      const { policy } = resourceOf(input).settings;
      if (policy === undefined) throw policyNotFound();
      return { Policy: policy.document, RevisionId: policy.revision };
    },
    DeleteResourcePolicy(input) {
      const table = resourceOf(input);
      const { policy, ...settings } = table.settings;
      table.settings = settings;
      tables.change(table, {});
      return policy ? { RevisionId: policy.revision } : {};
    },

    DescribeLimits: () => ({
      AccountMaxReadCapacityUnits: 80_000,
      AccountMaxWriteCapacityUnits: 80_000,
      TableMaxReadCapacityUnits: 40_000,
      TableMaxWriteCapacityUnits: 40_000,
    }),
    DescribeEndpoints: () => ({
      Endpoints: [{ Address: context.endpointUrl.replace(/^https?:\/\//, ''), CachePeriodInMinutes: 1440 }],
    }),
  };
}

/** Regions that are to get a replica. One that is not joined to this has nowhere to put it. */
function newReplicas(input: Input): string[] {
  return (optionalList(input, 'ReplicaUpdates') ?? []).flatMap((update) => {
    const created = isRecord(update) ? update['Create'] : undefined;
    return isRecord(created) ? [requiredText(created, 'RegionName')] : [];
  });
}

function newTableName(input: Input): string {
  const name = requiredText(input, 'TableName');
  if (name.length < 3 || name.length > 255) {
    throw validationError('TableName must be at least 3 characters long and at most 255 characters long');
  }
  return tableNameOf(name);
}

function updateTable(context: AwsContext, tables: Tables, table: Table, input: Input): void {
  const { settings } = table;
  const viewType = readStreamSpecification(input);
  const billingMode = readBillingMode(input) ?? settings.billingMode;
  const attributes = input['AttributeDefinitions']
    ? { ...settings.attributes, ...readAttributes(input) }
    : settings.attributes;
  const indexes = updatedIndexes(settings, { ...input, billingMode }, attributes, billingMode);
  const tableClass = optionalText(input, 'TableClass');
  const onDemandThroughput = optionalRecord(input, 'OnDemandThroughput');
  const keys = new Set(
    [settings.keySchema, ...indexes.map(({ keySchema }) => keySchema)].flatMap(({ hash, range }) => [
      hash.name,
      ...(range ? [range.name] : []),
    ]),
  );
  const kept = Object.fromEntries(Object.entries(attributes).filter(([name]) => keys.has(name)));
  if (input['GlobalSecondaryIndexUpdates']) checkAllAttributesUsed(kept, settings.keySchema, indexes);
  if (viewType && settings.stream) {
    throw resourceInUse(`Table already has an enabled stream: TableName: ${settings.name}`);
  }
  if (viewType === null && !settings.stream) {
    throw validationError('Table does not have an enabled stream to disable');
  }
  tables.change(table, {
    attributes: kept,
    indexes,
    billingMode,
    throughput: updatedThroughput(settings, input, billingMode),
    ...(billingMode === 'PAY_PER_REQUEST' &&
      settings.billingMode !== billingMode && { onDemandSince: context.clock.now() }),
    ...(onDemandThroughput && { onDemandThroughput }),
    ...(input['DeletionProtectionEnabled'] !== undefined && {
      deletionProtection: flag(input, 'DeletionProtectionEnabled'),
    }),
    ...(tableClass !== undefined && { tableClass }),
    ...readEncryption(context, input),
  });
  if (viewType !== undefined) tables.setStream(table, viewType ?? undefined);
}

function updatedThroughput(
  settings: TableSettings,
  input: Input,
  billingMode: TableSettings['billingMode'],
): TableSettings['throughput'] {
  const raw = input['ProvisionedThroughput'];
  if (billingMode === 'PROVISIONED' && settings.billingMode !== billingMode && !isRecord(raw)) {
    throw invalidParameters('ProvisionedThroughput must be specified when BillingMode is PROVISIONED');
  }
  if (raw === undefined || raw === null) {
    return billingMode === 'PROVISIONED' ? settings.throughput : { read: 0, write: 0 };
  }
  const { read, write } = readThroughput(raw, billingMode);
  const same = settings.throughput.read === read && settings.throughput.write === write;
  if (same && settings.billingMode === billingMode && !input['GlobalSecondaryIndexUpdates']) {
    throw validationError(
      `The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: ${read}. Requested ReadCapacityUnits: ${read}. Current WriteCapacityUnits provisioned for the table: ${write}. Requested WriteCapacityUnits: ${write}. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.`,
    );
  }
  return { read, write };
}

function updatedIndexes(
  settings: TableSettings,
  input: Input,
  attributes: TableSettings['attributes'],
  billingMode: TableSettings['billingMode'],
): readonly IndexSettings[] {
  let indexes = settings.indexes;
  let changes = 0;
  for (const raw of optionalList(input, 'GlobalSecondaryIndexUpdates') ?? []) {
    const update = isRecord(raw) ? raw : {};
    const [created, changed, deleted] = [update['Create'], update['Update'], update['Delete']];
    const one = [created, changed, deleted].filter(isRecord);
    if (one.length !== 1 || one[0] === undefined) {
      throw invalidParameters(
        'One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Delete must not be null',
      );
    }
    const name = requiredText(one[0], 'IndexName');
    const existing = indexes.find((index) => index.name === name);
    if (isRecord(created)) {
      if (existing) {
        throw validationError(`Attempting to create an index which already exists`);
      }
      indexes = [...indexes, readIndex(created, 'global', attributes, billingMode)];
      checkGlobalIndexCount(indexes.filter(({ kind }) => kind === 'global').length);
      changes++;
    } else if (existing?.kind !== 'global') {
      throw resourceNotFound('Requested resource not found');
    } else if (isRecord(deleted)) {
      indexes = indexes.filter((index) => index !== existing);
      changes++;
    } else {
      const raw = isRecord(changed) ? changed['ProvisionedThroughput'] : undefined;
      const throughput = readThroughput(raw, billingMode, name);
      indexes = indexes.map((index) => (index === existing ? { ...index, throughput } : index));
    }
  }
  if (changes > 1) {
    throw limitExceeded(
      'Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table',
    );
  }
  return indexes;
}

function readEncryption(
  context: Pick<AwsContext, 'region' | 'accountId'>,
  input: Input,
): Pick<TableSettings, 'encryption'> {
  const specification = optionalRecord(input, 'SSESpecification');
  if (specification === undefined || !flag(specification, 'Enabled')) return {};
  const key = optionalText(specification, 'KMSMasterKeyId') ?? 'alias/aws/dynamodb';
  const kms = `arn:aws:kms:${context.region}:${context.accountId}:`;
  const keyArn = key.startsWith('arn:') ? key : key.startsWith('alias/') ? kms + key : `${kms}key/${key}`;
  return { encryption: { keyArn, type: 'KMS' } };
}

function readTags(list: readonly unknown[]): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const raw of list) {
    const { Key: key, Value: value } = isRecord(raw) ? raw : {};
    if (typeof key !== 'string' || typeof value !== 'string') {
      throw constraintError(undefined, 'tags.1.member.key', 'Member must not be null');
    }
    tags[key] = value;
  }
  return tags;
}

function policyNotFound(): AwsError {
  return new AwsError(
    'PolicyNotFoundException',
    'Resource-based policy not found for the provided ResourceArn',
  );
}
