/** The resources that lose data, or are somebody else to those who know them, when they are replaced or moved. */
import type { SynthesizedTemplate } from './synthesize.ts';

const STATEFUL_TYPES = new Set([
  'AWS::AmazonMQ::Broker',
  'AWS::DynamoDB::GlobalTable',
  'AWS::DynamoDB::Table',
  'AWS::Events::Archive',
  'AWS::Events::EventBus',
  'AWS::EventsV2::EventBus',
  'AWS::KMS::Key',
  'AWS::Kinesis::Stream',
  'AWS::MSK::Cluster',
  'AWS::MSK::ServerlessCluster',
  'AWS::MSK::Topic',
  'Custom::KafkaTopic',
  'AWS::RDS::DBCluster',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::SecretsManager::Secret',
]);

/** By stack and logical id: the type, and the name where the template gives one. */
export type LogicalIds = Readonly<Record<string, Readonly<Record<string, string>>>>;

export function statefulResourcesOf(templates: Readonly<Record<string, SynthesizedTemplate>>): LogicalIds {
  return Object.fromEntries(
    Object.entries(templates)
      .map(([stack, { Resources }]): [string, Record<string, string>] => [
        stack,
        Object.fromEntries(
          Object.entries(Resources ?? {})
            .filter(([, { Type }]) => STATEFUL_TYPES.has(Type))
            .map(([id, { Type, Properties }]): [string, string] => {
              const name = Properties?.['QueueName'] ?? Properties?.['TopicName'] ?? Properties?.['Name'];
              return [id, typeof name === 'string' ? `${Type} ${name}` : Type];
            })
            .toSorted(([a], [b]) => (a < b ? -1 : 1)),
        ),
      ])
      .filter(([, resources]) => Object.keys(resources).length > 0)
      .toSorted(([a], [b]) => (a < b ? -1 : 1)),
  );
}
