import { testSystem } from './system.ts';

testSystem('core', {
  stacks: ['Core', ...[4, 6, 7, 8].map((partition) => `CoreConsumers${partition}`)],
  resources: {
    'AWS::SQS::Queue': 25,
    'AWS::SNS::Topic': 2,
    'AWS::Lambda::Function': 10,
    'AWS::CloudWatch::Alarm': 100,
  },
  proofs: { publish: 10, delivery: 45, isolation: 90, privilege: 15, alarm: 100 },
  edges: ['publishes', 'subscribes', 'routes', 'archives', 'deadLetters', 'consumes', 'drains', 'nudges'],
});
