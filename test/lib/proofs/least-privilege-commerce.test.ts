/** The commerce system has no privilege that it does not need. */
import { testLeastPrivilege } from './least-privilege.ts';

testLeastPrivilege('commerce', {
  'AWS::IAM::Policy': 200,
  'AWS::IAM::Role': 20,
  'AWS::SQS::QueuePolicy': 20,
  'AWS::SNS::TopicPolicy': 0,
  'AWS::KMS::Key': 3,
  'AWS::Lambda::Permission': 0,
});
