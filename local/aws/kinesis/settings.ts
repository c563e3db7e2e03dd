/** What can be changed of a stream: retention, mode, record size, distribution, encryption, metrics, tags, policy. */
import type { AwsContext } from '../context.ts';
import { invalidArgument, limitExceeded, notFound, validation } from './errors.ts';
import { requiredText, textList, textMap, wholeNumber, type Input } from './input.ts';
import {
  DAY_MILLISECONDS,
  MAX_RECORD_SIZE_KIB,
  MODE_UPDATES_PER_DAY,
  RETENTION_HOURS,
  TAGS_PER_STREAM,
} from './limits.ts';
import type { Stream, StreamMode } from './stream.ts';
import type { Streams } from './streams.ts';

type Setting = (input: Input) => unknown;

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_EnableEnhancedMonitoring.html */
const SHARD_METRICS = [
  'IncomingBytes',
  'IncomingRecords',
  'OutgoingBytes',
  'OutgoingRecords',
  'WriteProvisionedThroughputExceeded',
  'ReadProvisionedThroughputExceeded',
  'IteratorAgeMilliseconds',
];
const TAGS_OF_A_PAGE = 10;

/** The actions by name. */
export function createSettings(
  { clock, accountId }: AwsContext,
  streams: Streams,
): Readonly<Record<string, Setting>> {
  const change = (input: Input, apply: (stream: Stream) => void): Record<string, never> => {
    const stream = streams.of(input);
    apply(stream);
    streams.keep(stream);
    return {};
  };

  const setRetention = (input: Input, grows: boolean) =>
    change(input, ({ data }) => {
      const hours = wholeNumber(input, 'RetentionPeriodHours', -Infinity, Infinity, undefined);
      if (hours === undefined) throw validation('RetentionPeriodHours is required.');
      if (hours < RETENTION_HOURS.minimum) {
        throw invalidArgument(
          `Minimum allowed retention period is ${RETENTION_HOURS.minimum} hours. Requested retention period (${hours} hours) is too short.`,
        );
      }
      if (hours > RETENTION_HOURS.maximum) {
        throw invalidArgument(
          `Maximum allowed retention period is ${RETENTION_HOURS.maximum} hours. Requested retention period (${hours} hours) is too long.`,
        );
      }
      if (grows ? hours < data.retentionHours : hours > data.retentionHours) {
        throw invalidArgument(
          `Requested retention period (${hours} hours) for stream ${data.name} can not be ${grows ? 'shorter' : 'longer'} than existing retention period (${data.retentionHours} hours). Use ${grows ? 'Decrease' : 'Increase'}RetentionPeriod API.`,
        );
      }
      data.retentionHours = hours;
    });

  const setTags = (stream: Stream, tags: Readonly<Record<string, string>>): void => {
    const merged = { ...stream.data.tags, ...tags };
    if (Object.keys(merged).length > TAGS_PER_STREAM) {
      throw invalidArgument(
        `Failed to add tags to stream ${stream.data.name} under account ${accountId} because a given stream cannot have more than ${TAGS_PER_STREAM} tags associated with it.`,
      );
    }
    stream.data.tags = merged;
  };

  const removeTags = (stream: Stream, keys: readonly string[]): void => {
    stream.data.tags = Object.fromEntries(
      Object.entries(stream.data.tags).filter(([key]) => !keys.includes(key)),
    );
  };

  const byResource = (input: Input): Input => ({ StreamARN: requiredText(input, 'ResourceARN') });

  const setMetrics = (
    input: Input,
    next: (current: readonly string[], chosen: readonly string[]) => readonly string[],
  ) => {
    const stream = streams.of(input);
    const chosen = textList(input, 'ShardLevelMetrics').flatMap((name) =>
      name === 'ALL' ? SHARD_METRICS : [name],
    );
    const current = stream.data.enhancedMetrics;
    stream.data.enhancedMetrics = next(current, chosen);
    streams.keep(stream);
    return {
      StreamName: stream.data.name,
      StreamARN: stream.data.arn,
      CurrentShardLevelMetrics: current,
      DesiredShardLevelMetrics: stream.data.enhancedMetrics,
    };
  };

  return {
    IncreaseStreamRetentionPeriod: (input) => setRetention(input, true),
    DecreaseStreamRetentionPeriod: (input) => setRetention(input, false),
    UpdateMaxRecordSize: (input) =>
      change(input, ({ data }) => {
        data.maxRecordSizeKiB = recordSize(input) ?? data.maxRecordSizeKiB;
      }),
    UpdateStreamMode: (input) =>
      change(input, (stream) => {
        const { data } = stream;
        const mode = streamMode(input);
        const now = clock.now();
        const recent = data.modeUpdates.filter((time) => now - time < DAY_MILLISECONDS);
        if (recent.length >= MODE_UPDATES_PER_DAY) {
          throw limitExceeded(
            `The mode of stream ${data.name} has been updated ${MODE_UPDATES_PER_DAY} times in the last 24 hours.`,
          );
        }
        if (mode !== undefined && mode !== data.mode) {
          data.mode = mode;
          data.modeUpdates = [...recent, now];
        }
      }),
    UpdateStreamRecordDistributionStrategy: (input) =>
      change(input, ({ data }) => {
        data.distribution = distribution(input, data.mode);
      }),
    UpdateStreamWarmThroughput(input) {
      const stream = streams.of(input);
      const warm = wholeNumber(input, 'WarmThroughputMiBps', 0, Infinity, 0);
      stream.data.warmThroughputMiBps = warm;
      streams.keep(stream);
      return {
        StreamARN: stream.data.arn,
        StreamName: stream.data.name,
        WarmThroughput: { TargetMiBps: warm, CurrentMiBps: warm },
      };
    },
    StartStreamEncryption: (input) =>
      change(input, ({ data }) => {
        if (requiredText(input, 'EncryptionType') !== 'KMS') {
          throw invalidArgument('EncryptionType must be KMS to start encryption.');
        }
        data.keyId = requiredText(input, 'KeyId');
      }),
    StopStreamEncryption: (input) =>
      change(input, ({ data }) => {
        data.keyId = undefined;
      }),
    EnableEnhancedMonitoring: (input) =>
      setMetrics(input, (current, chosen) => [...new Set([...current, ...chosen])]),
    DisableEnhancedMonitoring: (input) =>
      setMetrics(input, (current, chosen) => current.filter((name) => !chosen.includes(name))),
    AddTagsToStream: (input) => change(input, (stream) => setTags(stream, textMap(input, 'Tags'))),
    RemoveTagsFromStream: (input) =>
      change(input, (stream) => removeTags(stream, textList(input, 'TagKeys'))),
    ListTagsForStream(input) {
      const { data } = streams.of(input);
      const limit = wholeNumber(input, 'Limit', 1, TAGS_PER_STREAM, TAGS_OF_A_PAGE);
      const after = typeof input['ExclusiveStartTagKey'] === 'string' ? input['ExclusiveStartTagKey'] : '';
      const tags = tagList(data.tags).filter(({ Key }) => Key > after);
      return { Tags: tags.slice(0, limit), HasMoreTags: tags.length > limit };
    },
    TagResource: (input) => change(byResource(input), (stream) => setTags(stream, textMap(input, 'Tags'))),
    UntagResource: (input) =>
      change(byResource(input), (stream) => removeTags(stream, textList(input, 'TagKeys'))),
    ListTagsForResource: (input) => ({ Tags: tagList(streams.of(byResource(input)).data.tags) }),
    PutResourcePolicy: (input) =>
      change(byResource(input), ({ data }) => {
        data.policy = policyText(requiredText(input, 'Policy'));
      }),
    GetResourcePolicy(input) {
      const { policy, arn } = streams.of(byResource(input)).data;
      if (policy === undefined) throw notFound(`No resource policy found for resource ARN ${arn}`);
      return { Policy: policy };
    },
    DeleteResourcePolicy: (input) =>
      change(byResource(input), ({ data }) => {
        if (data.policy === undefined) {
          throw notFound(`No resource policy found for resource ARN ${data.arn}`);
        }
        data.policy = undefined;
      }),
  };
}

export function recordSize(input: Input): number | undefined {
  return wholeNumber(
    input,
    'MaxRecordSizeInKiB',
    MAX_RECORD_SIZE_KIB.minimum,
    MAX_RECORD_SIZE_KIB.maximum,
    undefined,
  );
}

export function streamMode(input: Input): StreamMode | undefined {
  const details = input['StreamModeDetails'];
  if (details === undefined || details === null) return undefined;
  const mode = requiredText(details as Input, 'StreamMode');
  if (mode === 'PROVISIONED' || mode === 'ON_DEMAND') return mode;
  throw validation(
    `1 validation error detected: Value '${mode}' at 'streamModeDetails.streamMode' failed to satisfy constraint: Member must satisfy enum value set: [PROVISIONED, ON_DEMAND]`,
  );
}

export function distribution(input: Input, mode: StreamMode): 'AUTO' | 'USER_PARTITION_KEY' {
  const strategy = input['RecordDistributionStrategy'] ?? 'USER_PARTITION_KEY';
  if (strategy === 'USER_PARTITION_KEY') return strategy;
  if (strategy !== 'AUTO') {
    throw validation(
      `1 validation error detected: Value '${JSON.stringify(strategy)}' at 'recordDistributionStrategy' failed to satisfy constraint: Member must satisfy enum value set: [AUTO, USER_PARTITION_KEY]`,
    );
  }
  if (mode === 'ON_DEMAND') return strategy;
  throw validation('The record distribution strategy AUTO is only supported for on-demand streams.');
}

function tagList(tags: Readonly<Record<string, string>>): { readonly Key: string; readonly Value: string }[] {
  return Object.entries(tags)
    .map(([Key, Value]) => ({ Key, Value }))
    .toSorted((a, b) => (a.Key < b.Key ? -1 : 1));
}

function policyText(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch {
    throw invalidArgument('The resource policy is not valid JSON.');
  }
}
