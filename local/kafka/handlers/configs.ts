/** DescribeConfigs and IncrementalAlterConfigs. Only topics have configurations that can be set. */
import { NODE_ID, type Broker } from '../broker.ts';
import { codeOf, KafkaError } from '../errors.ts';
import type {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../messages/topics.ts';
import { TOPIC_CONFIGS, type ConfigType } from '../storage/topic-configs.ts';

const RESOURCE = { topic: 2, broker: 4 } as const;
const SOURCE = { topic: 1, default: 5 } as const;
const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const;
/** Numbers of the types in DescribeConfigs. */
const TYPES: Readonly<Record<ConfigType, number>> = {
  BOOLEAN: 1,
  STRING: 2,
  INT: 3,
  LONG: 5,
  DOUBLE: 6,
  LIST: 7,
};

type Config = DescribeConfigsResponse['results'][number]['configs'][number];

export function describeTopicConfigs(set: ReadonlyMap<string, string>): readonly Config[] {
  return Object.entries(TOPIC_CONFIGS).map(([name, { value, type }]) => {
    const own = set.get(name);
    return {
      name,
      value: own ?? value,
      readOnly: false,
      configSource: own === undefined ? SOURCE.default : SOURCE.topic,
      isSensitive: false,
      synonyms: [],
      configType: TYPES[type],
      documentation: null,
    };
  });
}

export function describeConfigs(
  broker: Broker,
  { resources }: DescribeConfigsRequest,
): DescribeConfigsResponse {
  const configsOf = (type: number, name: string): readonly Config[] => {
    if (type === RESOURCE.topic) return describeTopicConfigs(broker.topics.get(name).configs);
    if (type === RESOURCE.broker && (name === '' || name === String(NODE_ID))) return brokerConfigs(broker);
    throw new KafkaError('INVALID_REQUEST', `there is no configuration of a resource of type ${type}`);
  };
  return {
    throttleTimeMs: 0,
    results: resources.map(({ resourceType, resourceName, configurationKeys }) => {
      try {
        const configs = configsOf(resourceType, resourceName).filter(
          ({ name }) => configurationKeys === null || configurationKeys.includes(name),
        );
        return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs };
      } catch (thrown) {
        const errorMessage = thrown instanceof Error ? thrown.message : null;
        return { errorCode: codeOf(thrown), errorMessage, resourceType, resourceName, configs: [] };
      }
    }),
  };
}

function brokerConfigs({ autoCreateTopics }: Broker): readonly Config[] {
  const common = { readOnly: true, isSensitive: false, synonyms: [], documentation: null };
  const enabled = String(autoCreateTopics);
  return [
    {
      ...common,
      name: 'auto.create.topics.enable',
      value: enabled,
      configSource: SOURCE.default,
      configType: TYPES.BOOLEAN,
    },
    { ...common, name: 'num.partitions', value: '1', configSource: SOURCE.default, configType: TYPES.INT },
  ];
}

export function incrementalAlterConfigs(
  broker: Broker,
  { resources, validateOnly }: IncrementalAlterConfigsRequest,
): IncrementalAlterConfigsResponse {
  type Change = IncrementalAlterConfigsRequest['resources'][number]['configs'][number];
  const changed = (topic: string, { name, configOperation, value }: Change): string | null => {
    const before = broker.topics.get(topic).configs.get(name) ?? TOPIC_CONFIGS[name]?.value ?? '';
    const items = before.split(',').filter((item) => item !== '');
    if (configOperation === OPERATION.set) return value ?? '';
    if (configOperation === OPERATION.append) return [...new Set([...items, value ?? ''])].join(',');
    if (configOperation === OPERATION.subtract) return items.filter((item) => item !== value).join(',');
    return null;
  };
  return {
    throttleTimeMs: 0,
    responses: resources.map(({ resourceType, resourceName, configs }) => {
      try {
        if (resourceType !== RESOURCE.topic) {
          throw new KafkaError('INVALID_REQUEST', 'only configurations of topics can be changed');
        }
        const changes = new Map(configs.map((config) => [config.name, changed(resourceName, config)]));
        if (!validateOnly) broker.topics.setConfigs(resourceName, changes);
        return { errorCode: 0, errorMessage: null, resourceType, resourceName };
      } catch (thrown) {
        const errorMessage = thrown instanceof Error ? thrown.message : null;
        return { errorCode: codeOf(thrown), errorMessage, resourceType, resourceName };
      }
    }),
  };
}
