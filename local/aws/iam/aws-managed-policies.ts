/**
 * Policies that AWS keeps, as far as functions and their tools use them. One that is not here grants nothing, and a
 * denial says so. aws-managed-policy/latest/reference/policy-list.html
 */
import type { ManagedPolicy } from './model.ts';

const LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];
const NETWORK_INTERFACES = [
  'ec2:CreateNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:DeleteNetworkInterface',
  'ec2:AssignPrivateIpAddresses',
  'ec2:UnassignPrivateIpAddresses',
];

const CLOUDFORMATION_READ = [
  'cloudformation:BatchDescribe*',
  'cloudformation:Describe*',
  'cloudformation:Detect*',
  'cloudformation:EstimateTemplateCost',
  'cloudformation:Get*',
  'cloudformation:List*',
  'cloudformation:ValidateTemplate',
];

const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  AdministratorAccess: ['*'],
  // The roles by which `cdk deploy` and `cdk diff` read.
  AWSCloudFormationReadOnlyAccess: CLOUDFORMATION_READ,
  ReadOnlyAccess: [
    ...CLOUDFORMATION_READ,
    'cloudwatch:Describe*',
    'cloudwatch:Get*',
    'cloudwatch:List*',
    'dynamodb:BatchGet*',
    'dynamodb:Describe*',
    'dynamodb:Get*',
    'dynamodb:List*',
    'dynamodb:Query',
    'dynamodb:Scan',
    'events:Describe*',
    'events:List*',
    'events:Test*',
    'iam:Get*',
    'iam:List*',
    'kinesis:Describe*',
    'kinesis:Get*',
    'kinesis:List*',
    'kms:Describe*',
    'kms:Get*',
    'kms:List*',
    'lambda:Get*',
    'lambda:List*',
    'logs:Describe*',
    'logs:FilterLogEvents',
    'logs:Get*',
    'logs:List*',
    's3:Get*',
    's3:List*',
    'scheduler:Get*',
    'scheduler:List*',
    'secretsmanager:DescribeSecret',
    'secretsmanager:GetResourcePolicy',
    'secretsmanager:List*',
    'sns:Get*',
    'sns:List*',
    'sqs:Get*',
    'sqs:List*',
    'sqs:Receive*',
    'ssm:Describe*',
    'ssm:Get*',
    'ssm:List*',
    'states:Describe*',
    'states:Get*',
    'states:List*',
    'sts:GetAccessKeyInfo',
    'sts:GetCallerIdentity',
  ],
  'service-role/AWSLambdaBasicExecutionRole': LOGS,
  'service-role/AWSLambdaVPCAccessExecutionRole': [...LOGS, ...NETWORK_INTERFACES],
  'service-role/AWSLambdaSQSQueueExecutionRole': [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    ...LOGS,
  ],
  'service-role/AWSLambdaKinesisExecutionRole': [
    'kinesis:DescribeStream',
    'kinesis:DescribeStreamSummary',
    'kinesis:GetRecords',
    'kinesis:GetShardIterator',
    'kinesis:ListShards',
    'kinesis:ListStreams',
    'kinesis:SubscribeToShard',
    ...LOGS,
  ],
  'service-role/AWSLambdaDynamoDBExecutionRole': [
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
    ...LOGS,
  ],
  'service-role/AmazonAPIGatewayPushToCloudWatchLogs': [
    ...LOGS,
    'logs:DescribeLogGroups',
    'logs:DescribeLogStreams',
    'logs:GetLogEvents',
    'logs:FilterLogEvents',
  ],
  AWSXRayDaemonWriteAccess: [
    'xray:PutTraceSegments',
    'xray:PutTelemetryRecords',
    'xray:GetSamplingRules',
    'xray:GetSamplingTargets',
    'xray:GetSamplingStatisticSummaries',
  ],
  CloudWatchLambdaInsightsExecutionRolePolicy: LOGS,
  AmazonSQSFullAccess: ['sqs:*'],
  AmazonSNSFullAccess: ['sns:*'],
  AmazonDynamoDBFullAccess: ['dynamodb:*'],
  AmazonS3FullAccess: ['s3:*', 's3-object-lambda:*'],
  AmazonKinesisFullAccess: ['kinesis:*'],
  AmazonEventBridgeFullAccess: ['events:*', 'schemas:*', 'scheduler:*', 'pipes:*'],
  AWSLambda_FullAccess: ['lambda:*'],
  'service-role/AWSLambdaRole': ['lambda:InvokeFunction'],
};

export const AWS_MANAGED_POLICIES: ReadonlyMap<string, ManagedPolicy> = new Map(
  Object.entries(ACTIONS).map(([path, actions]) => {
    const arn = `arn:aws:iam::aws:policy/${path}`;
    const name = path.split('/').at(-1) ?? path;
    const document = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }],
    });
    const folder = path.includes('/') ? `/${path.slice(0, path.lastIndexOf('/') + 1)}` : '/';
    const policy = { name, path: folder, arn, id: `ANPA${name.toUpperCase()}`, document };
    return [arn, { ...policy, createdAt: 0, description: undefined }];
  }),
);
