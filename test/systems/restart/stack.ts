/** A stack of two queues and a function that hands on, with the address of its queue in its environment; and one of a database. */

const CODE = `
const { SendMessageCommand, SQSClient } = require('@aws-sdk/client-sqs');
const sqs = new SQSClient({});
exports.handler = async (event) => {
  for (const { body } of event.Records) {
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env.OUT, MessageBody: 'handled ' + body }));
  }
};`;

export const STACK = (visibilityTimeout: number) => ({
  Resources: {
    In: {
      Type: 'AWS::SQS::Queue',
      Properties: { QueueName: 'app-in', VisibilityTimeout: visibilityTimeout },
    },
    Out: { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'app-out' } },
    Role: {
      Type: 'AWS::IAM::Role',
      Properties: {
        AssumeRolePolicyDocument: {
          Version: '2012-10-17',
          Statement: [
            { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
          ],
        },
        Policies: [
          {
            PolicyName: 'queues',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [
                {
                  Effect: 'Allow',
                  Action: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
                  Resource: { 'Fn::GetAtt': ['In', 'Arn'] },
                },
                {
                  Effect: 'Allow',
                  Action: 'sqs:SendMessage',
                  Resource: { 'Fn::GetAtt': ['Out', 'Arn'] },
                },
              ],
            },
          },
        ],
      },
    },
    Function: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: { 'Fn::GetAtt': ['Role', 'Arn'] },
        Code: { ZipFile: CODE },
        Environment: { Variables: { OUT: { Ref: 'Out' } } },
      },
    },
    Mapping: {
      Type: 'AWS::Lambda::EventSourceMapping',
      Properties: {
        FunctionName: { Ref: 'Function' },
        EventSourceArn: { 'Fn::GetAtt': ['In', 'Arn'] },
      },
    },
  },
});

export const DATABASE_STACK = {
  Resources: {
    Cluster: {
      Type: 'AWS::RDS::DBCluster',
      Properties: {
        Engine: 'aurora-postgresql',
        DatabaseName: 'app',
        MasterUsername: 'app',
        ManageMasterUserPassword: true,
      },
    },
  },
  Outputs: {
    Host: { Value: { 'Fn::GetAtt': ['Cluster', 'Endpoint.Address'] } },
    Port: { Value: { 'Fn::GetAtt': ['Cluster', 'Endpoint.Port'] } },
    Secret: { Value: { 'Fn::GetAtt': ['Cluster', 'MasterUserSecret.SecretArn'] } },
  },
};
