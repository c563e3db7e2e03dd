/** What makes topics of the Kafka client. Apart from `client.ts`, so that no consumer's bundle carries it. */
export {
  Admin,
  ConfigResourceTypes,
  ConfigSources,
  IncrementalAlterConfigOperationTypes,
} from '@platformatic/kafka';
