import { testLeastPrivilege } from './least-privilege.ts';

testLeastPrivilege('jobs', {
  'AWS::IAM::Policy': 60,
  'AWS::IAM::Role': 8,
  'AWS::Lambda::Permission': 6,
  'AWS::KMS::Key': 8,
  'AWS::SNS::TopicPolicy': 1,
});
