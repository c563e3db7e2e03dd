/** Which provider makes which resource type. */
import { AMAZON_MQ_PROVIDERS } from './amazon-mq.ts';
import { API_GATEWAY_PROVIDERS } from './api-gateway.ts';
import { API_GATEWAY_REST_PROVIDERS } from './api-gateway-rest.ts';
import { COST_EXPLORER_PROVIDERS } from './cost-explorer.ts';
import { DYNAMODB_PROVIDERS } from './dynamodb.ts';
import { ECS_PROVIDERS } from './ecs.ts';
import { ELASTICACHE_PROVIDERS } from './elasticache.ts';
import { EVENTS_PROVIDERS } from './events.ts';
import { EVENTS_V2_PROVIDERS } from './eventsv2.ts';
import { IAM_PROVIDERS } from './iam.ts';
import { KINESIS_PROVIDERS } from './kinesis.ts';
import { LAMBDA_PROVIDERS } from './lambda.ts';
import { MEMORYDB_PROVIDERS } from './memorydb.ts';
import { MSK_PROVIDERS } from './msk.ts';
import { NESTED_STACK_PROVIDERS } from './nested-stack.ts';
import { NETWORK_PROVIDERS } from './network.ts';
import { OBSERVABILITY_PROVIDERS } from './observability.ts';
import { PIPES_PROVIDERS } from './pipes.ts';
import type { Provider } from './provider.ts';
import { customResourceProvider } from './custom-resource.ts';
import { RDS_PROVIDERS } from './rds.ts';
import { S3_PROVIDERS } from './s3.ts';
import { SECURITY_PROVIDERS } from './security.ts';
import { SNS_PROVIDERS } from './sns.ts';
import { STATES_PROVIDERS } from './states.ts';
import { SQS_PROVIDERS } from './sqs.ts';

const PROVIDERS: Readonly<Record<string, Provider>> = {
  ...SQS_PROVIDERS,
  ...SNS_PROVIDERS,
  ...COST_EXPLORER_PROVIDERS,
  ...DYNAMODB_PROVIDERS,
  ...ECS_PROVIDERS,
  ...ELASTICACHE_PROVIDERS,
  ...EVENTS_PROVIDERS,
  ...EVENTS_V2_PROVIDERS,
  ...KINESIS_PROVIDERS,
  ...LAMBDA_PROVIDERS,
  ...MEMORYDB_PROVIDERS,
  ...MSK_PROVIDERS,
  ...PIPES_PROVIDERS,
  ...IAM_PROVIDERS,
  ...SECURITY_PROVIDERS,
  ...RDS_PROVIDERS,
  ...S3_PROVIDERS,
  ...NETWORK_PROVIDERS,
  ...OBSERVABILITY_PROVIDERS,
  ...AMAZON_MQ_PROVIDERS,
  ...API_GATEWAY_PROVIDERS,
  ...API_GATEWAY_REST_PROVIDERS,
  ...NESTED_STACK_PROVIDERS,
  ...STATES_PROVIDERS,
};

/** The provider of a resource type, or undefined when nothing here can make it. */
export function providerOf(type: string): Provider | undefined {
  if (type === 'AWS::CloudFormation::CustomResource' || type.startsWith('Custom::')) {
    return customResourceProvider(type);
  }
  return PROVIDERS[type];
}

/** Resource types that are only there for CDK or CloudFormation itself; they are left out without a word. */
export function isBookkeeping(type: string): boolean {
  return type === 'AWS::CDK::Metadata' || type === 'AWS::CloudFormation::WaitConditionHandle';
}
