/** The core system has no privilege that it does not need. */
import { testLeastPrivilege } from './least-privilege.ts';

testLeastPrivilege('core', {
  'AWS::IAM::Policy': 80,
  'AWS::IAM::Role': 12,
  'AWS::SQS::QueuePolicy': 20,
  'AWS::SNS::TopicPolicy': 0,
  'AWS::KMS::Key': 3,
  'AWS::Lambda::Permission': 0,
});
