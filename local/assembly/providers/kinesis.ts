/** AWS::Kinesis::* */
import { answered, defined, numberProperty, objectProperty, tagsOf, textProperty } from './provider.ts';
import type { Provider, ProviderContext } from './provider.ts';
import type { JsonObject } from '../../../lib/assembly/template.ts';

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_CreateStream.html */
const STREAM_NAME_LENGTH = 128;
const DEFAULT_RETENTION_HOURS = 24;
const DEFAULT_RECORD_SIZE_KIB = 1024;

export const KINESIS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::Kinesis::Stream': {
    honoured: [
      'DesiredShardLevelMetrics',
      'MaxRecordSizeInKiB',
      'Name',
      'RetentionPeriodHours',
      'ShardCount',
      'StreamEncryption',
      'StreamModeDetails',
      'Tags',
    ],
    inert: ['WarmThroughputMiBps'],
    replacedOnChange: ['Name'],
    async create(properties, context) {
      const name = textProperty(properties, 'Name') ?? context.generatedName(STREAM_NAME_LENGTH);
      const mode = modeOf(properties);
      await context.call(
        'kinesis',
        'CreateStream',
        defined({
          StreamName: name,
          // CloudFormation makes one shard when a provisioned stream says nothing.
          ShardCount: mode === 'PROVISIONED' ? (numberProperty(properties, 'ShardCount') ?? 1) : undefined,
          StreamModeDetails: { StreamMode: mode },
          MaxRecordSizeInKiB: numberProperty(properties, 'MaxRecordSizeInKiB'),
          Tags: tagsOf(properties),
        }),
      );
      await applySettings(name, properties, {}, context);
      const arn = `arn:aws:kinesis:${context.aws.region}:${context.aws.accountId}:stream/${name}`;
      return { physicalId: name, attributes: { Arn: arn } };
    },
    async update(created, properties, previous, context) {
      const name = created.physicalId;
      const StreamARN = created.attributes['Arn'];
      const mode = modeOf(properties);
      if (mode !== modeOf(previous)) {
        const StreamModeDetails = { StreamMode: mode };
        await context.call('kinesis', 'UpdateStreamMode', { StreamARN, StreamModeDetails });
      }
      const count = numberProperty(properties, 'ShardCount') ?? 1;
      if (mode === 'PROVISIONED' && count !== (numberProperty(previous, 'ShardCount') ?? 1)) {
        await context.call('kinesis', 'UpdateShardCount', {
          StreamName: name,
          TargetShardCount: count,
          ScalingType: 'UNIFORM_SCALING',
        });
      }
      const size = numberProperty(properties, 'MaxRecordSizeInKiB') ?? DEFAULT_RECORD_SIZE_KIB;
      if (size !== (numberProperty(previous, 'MaxRecordSizeInKiB') ?? DEFAULT_RECORD_SIZE_KIB)) {
        await context.call('kinesis', 'UpdateMaxRecordSize', { StreamARN, MaxRecordSizeInKiB: size });
      }
      const Tags = tagsOf(properties);
      const TagKeys = Object.keys(tagsOf(previous)).filter((key) => Tags[key] === undefined);
      await context.call('kinesis', 'RemoveTagsFromStream', { StreamName: name, TagKeys });
      await context.call('kinesis', 'AddTagsToStream', { StreamName: name, Tags });
      await applySettings(name, properties, previous, context);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('kinesis', 'DeleteStream', {
        StreamName: created.physicalId,
        EnforceConsumerDeletion: true,
      });
    },
  },
  'AWS::Kinesis::StreamConsumer': {
    honoured: ['ConsumerName', 'StreamARN', 'Tags'],
    inert: [],
    async create(properties, context) {
      const { Consumer } = await context.call('kinesis', 'RegisterStreamConsumer', {
        StreamARN: properties['StreamARN'],
        ConsumerName: properties['ConsumerName'],
      });
      const consumer = Consumer as JsonObject;
      const arn = answered(consumer, 'ConsumerARN');
      return {
        physicalId: arn,
        attributes: {
          ConsumerARN: arn,
          ConsumerName: properties['ConsumerName'] ?? '',
          ConsumerStatus: 'ACTIVE',
          StreamARN: properties['StreamARN'] ?? '',
          ConsumerCreationTimestamp: consumer['ConsumerCreationTimestamp'] ?? 0,
        },
      };
    },
    async delete(created, _properties, context) {
      await context.call('kinesis', 'DeregisterStreamConsumer', { ConsumerARN: created.physicalId });
    },
  },
  'AWS::Kinesis::ResourcePolicy': {
    honoured: ['ResourceArn', 'ResourcePolicy'],
    inert: [],
    replacedOnChange: ['ResourceArn'],
    async create(properties, context) {
      await putPolicy(properties, context);
      return { physicalId: textProperty(properties, 'ResourceArn') ?? '', attributes: {} };
    },
    async update(created, properties, _previous, context) {
      await putPolicy(properties, context);
      return created;
    },
    async delete(created, _properties, context) {
      await context.call('kinesis', 'DeleteResourcePolicy', { ResourceARN: created.physicalId });
    },
  },
};

async function putPolicy(properties: JsonObject, context: ProviderContext): Promise<void> {
  await context.call('kinesis', 'PutResourcePolicy', {
    ResourceARN: properties['ResourceArn'],
    Policy: JSON.stringify(properties['ResourcePolicy']),
  });
}

function modeOf(properties: JsonObject): string {
  return textProperty(objectProperty(properties, 'StreamModeDetails'), 'StreamMode') ?? 'PROVISIONED';
}

/** What CreateStream does not take. */
async function applySettings(
  name: string,
  properties: JsonObject,
  previous: JsonObject,
  context: ProviderContext,
): Promise<void> {
  const StreamName = name;
  const hours = numberProperty(properties, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS;
  const before = numberProperty(previous, 'RetentionPeriodHours') ?? DEFAULT_RETENTION_HOURS;
  if (hours !== before) {
    const action = hours > before ? 'IncreaseStreamRetentionPeriod' : 'DecreaseStreamRetentionPeriod';
    await context.call('kinesis', action, { StreamName, RetentionPeriodHours: hours });
  }
  const encryption = objectProperty(properties, 'StreamEncryption');
  if (textProperty(encryption, 'EncryptionType') === 'KMS') {
    await context.call('kinesis', 'StartStreamEncryption', { StreamName, ...encryption });
  } else if (previous['StreamEncryption'] !== undefined) {
    await context.call('kinesis', 'StopStreamEncryption', {
      StreamName,
      ...objectProperty(previous, 'StreamEncryption'),
    });
  }
  const metrics = properties['DesiredShardLevelMetrics'];
  if (metrics !== undefined) {
    await context.call('kinesis', 'EnableEnhancedMonitoring', { StreamName, ShardLevelMetrics: metrics });
  }
}
