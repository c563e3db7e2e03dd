/** The configurations of a topic: which there are, what they hold unless set, and which the broker acts on. */
import { KafkaError } from '../errors.ts';

export type ConfigType = 'BOOLEAN' | 'STRING' | 'INT' | 'LONG' | 'DOUBLE' | 'LIST';

interface ConfigDefinition {
  readonly type: ConfigType;
  readonly value: string;
}

/** Of one partition. Kafka itself keeps a week; memory is shorter than disk. */
const RETENTION_BYTES = 256 * 1024 * 1024;

/** https://kafka.apache.org/documentation/#topicconfigs */
export const TOPIC_CONFIGS: Readonly<Record<string, ConfigDefinition>> = {
  'cleanup.policy': { type: 'LIST', value: 'delete' },
  'compression.type': { type: 'STRING', value: 'producer' },
  'delete.retention.ms': { type: 'LONG', value: '86400000' },
  'file.delete.delay.ms': { type: 'LONG', value: '60000' },
  'flush.messages': { type: 'LONG', value: '9223372036854775807' },
  'flush.ms': { type: 'LONG', value: '9223372036854775807' },
  'index.interval.bytes': { type: 'INT', value: '4096' },
  'local.retention.bytes': { type: 'LONG', value: '-2' },
  'local.retention.ms': { type: 'LONG', value: '-2' },
  'max.compaction.lag.ms': { type: 'LONG', value: '9223372036854775807' },
  'max.message.bytes': { type: 'INT', value: '1048588' },
  'message.timestamp.after.max.ms': { type: 'LONG', value: '3600000' },
  'message.timestamp.before.max.ms': { type: 'LONG', value: '9223372036854775807' },
  'message.timestamp.type': { type: 'STRING', value: 'CreateTime' },
  'min.cleanable.dirty.ratio': { type: 'DOUBLE', value: '0.5' },
  'min.compaction.lag.ms': { type: 'LONG', value: '0' },
  'min.insync.replicas': { type: 'INT', value: '1' },
  preallocate: { type: 'BOOLEAN', value: 'false' },
  'remote.storage.enable': { type: 'BOOLEAN', value: 'false' },
  'retention.bytes': { type: 'LONG', value: '-1' },
  'retention.ms': { type: 'LONG', value: '604800000' },
  'segment.bytes': { type: 'INT', value: '1073741824' },
  'segment.index.bytes': { type: 'INT', value: '10485760' },
  'segment.jitter.ms': { type: 'LONG', value: '0' },
  'segment.ms': { type: 'LONG', value: '604800000' },
  'unclean.leader.election.enable': { type: 'BOOLEAN', value: 'false' },
};

/** What the broker acts on. */
export interface TopicSettings {
  readonly retentionBytes: number;
  readonly retentionMilliseconds: number;
  readonly maximumMessageBytes: number;
  readonly isLogAppendTime: boolean;
}

/** @throws KafkaError INVALID_CONFIG for a name or value that Kafka refuses */
export function checkConfigs(configs: ReadonlyMap<string, string>): void {
  for (const [name, value] of configs) {
    const definition = TOPIC_CONFIGS[name];
    if (!definition) throw new KafkaError('INVALID_CONFIG', `Unknown topic config name: ${name}`);
    const isWholeNumber = /^-?\d+$/.test(value);
    const isRight =
      definition.type === 'INT' || definition.type === 'LONG'
        ? isWholeNumber
        : definition.type === 'BOOLEAN'
          ? value === 'true' || value === 'false'
          : true;
    if (!isRight) {
      throw new KafkaError('INVALID_CONFIG', `Invalid value ${value} for configuration ${name}`);
    }
  }
  const time = configs.get('message.timestamp.type');
  if (time !== undefined && time !== 'CreateTime' && time !== 'LogAppendTime') {
    throw new KafkaError('INVALID_CONFIG', `Invalid value ${time} for configuration message.timestamp.type`);
  }
  const policies = configs.get('cleanup.policy')?.split(',') ?? [];
  if (policies.some((policy) => !['delete', 'compact', ''].includes(policy.trim()))) {
    throw new KafkaError(
      'INVALID_CONFIG',
      `Invalid value ${policies.join()} for configuration cleanup.policy`,
    );
  }
}

export function settingsOf(configs: ReadonlyMap<string, string>): TopicSettings {
  const number = (name: string): number => Number(configs.get(name) ?? TOPIC_CONFIGS[name]?.value);
  const limit = (value: number, otherwise: number): number => (value < 0 ? otherwise : value);
  return {
    retentionBytes: Math.min(limit(number('retention.bytes'), RETENTION_BYTES), RETENTION_BYTES),
    retentionMilliseconds: limit(number('retention.ms'), Infinity),
    maximumMessageBytes: number('max.message.bytes'),
    isLogAppendTime: configs.get('message.timestamp.type') === 'LogAppendTime',
  };
}
