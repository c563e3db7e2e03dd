import { testSystem } from './system.ts';

testSystem('commerce', {
  stacks: [
    'CommerceStreams',
    'CommerceLegacy',
    'Commerce',
    ...[1, 2, 3, 5, 6, 7, 8].map((partition) => `CommerceConsumers${partition}`),
  ],
  // What leads to the Region that stands by, see commerce-standby.test.ts.
  onlyInProd: ['CommerceStandby', 'Commerce/ToStandby'],
  resources: {
    'AWS::SQS::Queue': 65,
    'AWS::SNS::Topic': 2,
    'AWS::Lambda::Function': 20,
    'AWS::CloudWatch::Alarm': 225,
    'AWS::KMS::Key': 1,
    'AWS::Kinesis::Stream': 1,
    'AWS::MSK::Cluster': 1,
    'AWS::AmazonMQ::Broker': 1,
    'AWS::DynamoDB::GlobalTable': 1,
  },
  proofs: { publish: 30, delivery: 75, isolation: 180, privilege: 28, alarm: 225 },
  edges: ['publishes', 'subscribes', 'routes', 'archives', 'deadLetters', 'consumes', 'reads', 'starts'],
  // Makes topics where MSK has no API for it.
  notEverywhere: ['CommerceStreams/Kafka/TopicFunction'],
});
