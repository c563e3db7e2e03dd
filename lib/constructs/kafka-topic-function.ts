/** The function that makes the topics of a serverless cluster. A cluster has one, and each topic allows itself. */
import { Duration } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { libraryEntry } from './bundle-options.ts';
import { EventFunction } from './event-function.ts';
import { grantTo } from './grants.ts';
import { FIND_BROKERS } from './kafka-arns.ts';
import type { KafkaCluster } from './kafka-cluster.ts';

/** Above the 3.5 minutes in which the function tries what may pass, such as permissions that are new. */
const FUNCTION_TIMEOUT = Duration.minutes(5);
/** How long CloudFormation waits for an answer: longer than the function has. */
export const TOPIC_TIMEOUT = Duration.minutes(6);

export function createTopicFunction(
  scope: Construct,
  id: string,
  cluster: Pick<KafkaCluster, 'clusterArn' | 'vpc' | 'vpcSubnets' | 'clientSecurityGroup'>,
  logRetention: RetentionDays | undefined,
): EventFunction {
  const fn = new EventFunction(scope, id, {
    entry: libraryEntry('kafka-topics'),
    description: 'Makes the topics of the Kafka cluster when a stack is deployed',
    timeout: FUNCTION_TIMEOUT,
    vpc: cluster.vpc,
    vpcSubnets: cluster.vpcSubnets,
    securityGroups: [cluster.clientSecurityGroup],
    ...(logRetention === undefined ? {} : { logRetention }),
    // Its failure is the deployment's: whoever deploys sees it.
    alarms: 'none',
  });
  grantTo(fn, [...FIND_BROKERS, 'kafka-cluster:Connect'], [cluster.clusterArn]);
  return fn;
}
