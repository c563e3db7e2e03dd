/** The generation system has no privilege that it does not need. */
import { testLeastPrivilege } from './least-privilege.ts';

testLeastPrivilege('generation', {
  'AWS::IAM::Policy': 120,
  'AWS::IAM::Role': 15,
  'AWS::SQS::QueuePolicy': 2,
  'AWS::SNS::TopicPolicy': 0,
  'AWS::KMS::Key': 3,
  'AWS::Lambda::Permission': 8,
});
