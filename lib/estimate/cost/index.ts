/** Every cost of an assembly, line by line, and the types of resources that have none here. */
import type { EstimateContext } from '../context.ts';
import { apiCost } from './api.ts';
import { databaseCost } from './database.ts';
import { dynamoDbCost } from './dynamodb.ts';
import { alarmCost, keyCost, secretCost } from './fixed.ts';
import { lambdaCost } from './lambda.ts';
import type { Calculator, CostLine } from './lines.ts';
import { networkCost } from './network.ts';
import { processCost, redisCost } from './processes.ts';
import { sqsCost } from './sqs.ts';
import { brokerCost, kafkaCost, kinesisCost, readerCost } from './streams.ts';
import { stateMachineCost } from './workflows.ts';
import { eventBridgeCost, snsCost } from './topics-and-buses.ts';
import { webSocketCost } from './web-socket.ts';

export { type CostLine, type CostService } from './lines.ts';

const CALCULATORS: readonly Calculator[] = [
  sqsCost,
  snsCost,
  eventBridgeCost,
  lambdaCost,
  alarmCost,
  keyCost,
  secretCost,
  networkCost,
  databaseCost,
  dynamoDbCost,
  apiCost,
  kinesisCost,
  kafkaCost,
  readerCost,
  brokerCost,
  stateMachineCost,
  processCost,
  redisCost,
  webSocketCost,
];

export function costLines(context: EstimateContext): readonly CostLine[] {
  return CALCULATORS.flatMap((calculator) => calculator(context));
}

/** Services whose resources are priced above or free of charge. */
const KNOWN_SERVICES = [
  'AWS::SQS::',
  'AWS::SNS::',
  'AWS::Events::',
  'AWS::EventsV2::',
  // Discoverers are charged for, registries are not: aws.amazon.com/eventbridge/pricing, "Schema Registry".
  'AWS::EventSchemas::Registry',
  'AWS::EventSchemas::Schema',
  // A monitor and its messages are free: aws.amazon.com/aws-cost-management/aws-cost-anomaly-detection/pricing.
  'AWS::CE::Anomaly',
  'AWS::Scheduler::',
  'AWS::Lambda::',
  'AWS::IAM::',
  'AWS::KMS::',
  'AWS::SecretsManager::',
  'AWS::CloudFormation::',
  'AWS::CDK::',
  'AWS::ApiGateway::',
  'AWS::ApiGatewayV2::',
  'AWS::CloudWatch::',
  'AWS::Logs::',
  'AWS::RDS::DB',
  'AWS::DynamoDB::',
  'AWS::S3::BucketPolicy',
  'AWS::Kinesis::Stream',
  'AWS::MSK::Cluster',
  'AWS::MSK::ServerlessCluster',
  'AWS::MSK::Topic',
  'Custom::KafkaTopic',
  'AWS::AmazonMQ::',
  'AWS::StepFunctions::StateMachine',
  // Of Fargate: a cluster and a task definition are free. Users, groups and parameters of servers too.
  'AWS::ECS::Cluster',
  'AWS::ECS::Service',
  'AWS::ECS::TaskDefinition',
  'AWS::ElastiCache::ParameterGroup',
  'AWS::ElastiCache::ReplicationGroup',
  'AWS::ElastiCache::SubnetGroup',
  'AWS::ElastiCache::User',
  'AWS::MemoryDB::',
  'AWS::EC2::',
  'Custom::',
];
/** Of these services, what costs money and is not priced. */
const NOT_PRICED = [
  'AWS::EC2::Instance',
  'AWS::EC2::TransitGateway',
  'AWS::RDS::DBProxy',
  'AWS::CloudWatch::MetricStream',
];

/** Types of resources that the estimate leaves out, for the reader to know. */
export function unpricedTypes({ assembly }: EstimateContext): readonly string[] {
  const types = new Set(assembly.resources.map(({ type }) => type));
  return [...types]
    .filter(
      (type) => NOT_PRICED.includes(type) || !KNOWN_SERVICES.some((service) => type.startsWith(service)),
    )
    .sort();
}
