/**
 * MSK's REST-JSON operations: which method and path is which action. https://docs.aws.amazon.com/msk/1.0/apireference/
 */
import type { AwsContext } from '../context.ts';
import { callService } from '../dispatch.ts';
import type { RestRequest, RestRoute } from '../protocols/rest-json.ts';
import { badRequest } from './errors.ts';
import type { KafkaService } from './service.ts';

const OPERATIONS: readonly (readonly [method: string, path: string, action: string])[] = [
  ['POST', '/api/v2/clusters', 'CreateClusterV2'],
  ['GET', '/api/v2/clusters', 'ListClustersV2'],
  ['GET', '/api/v2/clusters/{clusterArn}', 'DescribeClusterV2'],
  ['POST', '/v1/clusters', 'CreateCluster'],
  ['GET', '/v1/clusters', 'ListClusters'],
  ['GET', '/v1/clusters/{clusterArn}', 'DescribeCluster'],
  ['DELETE', '/v1/clusters/{clusterArn}', 'DeleteCluster'],
  ['GET', '/v1/clusters/{clusterArn}/bootstrap-brokers', 'GetBootstrapBrokers'],
  ['GET', '/v1/clusters/{clusterArn}/policy', 'GetClusterPolicy'],
  ['PUT', '/v1/clusters/{clusterArn}/policy', 'PutClusterPolicy'],
  ['DELETE', '/v1/clusters/{clusterArn}/policy', 'DeleteClusterPolicy'],
  ['POST', '/v1/clusters/{clusterArn}/topics', 'CreateTopic'],
  ['GET', '/v1/clusters/{clusterArn}/topics', 'ListTopics'],
  ['GET', '/v1/clusters/{clusterArn}/topics/{topicName}', 'DescribeTopic'],
  ['PUT', '/v1/clusters/{clusterArn}/topics/{topicName}', 'UpdateTopic'],
  ['DELETE', '/v1/clusters/{clusterArn}/topics/{topicName}', 'DeleteTopic'],
  ['GET', '/v1/clusters/{clusterArn}/topics/{topicName}/partitions', 'DescribeTopicPartitions'],
  ['POST', '/v1/configurations', 'CreateConfiguration'],
  ['GET', '/v1/configurations', 'ListConfigurations'],
  ['GET', '/v1/configurations/{arn}', 'DescribeConfiguration'],
  ['PUT', '/v1/configurations/{arn}', 'UpdateConfiguration'],
  ['DELETE', '/v1/configurations/{arn}', 'DeleteConfiguration'],
  ['GET', '/v1/configurations/{arn}/revisions/{revision}', 'DescribeConfigurationRevision'],
  ['POST', '/v1/tags/{resourceArn}', 'TagResource'],
  ['DELETE', '/v1/tags/{resourceArn}', 'UntagResource'],
  ['GET', '/v1/tags/{resourceArn}', 'ListTagsForResource'],
];

export function kafkaRoutes(context: AwsContext, service: () => KafkaService): readonly RestRoute[] {
  return OPERATIONS.map(([method, path, action]) => ({
    method,
    path,
    async handle(request) {
      const input = { ...queryMembers(request), ...bodyMembers(request), ...request.parameters };
      const output = await callService(context, service(), action, input, request.caller, request.signal);
      return { status: 200, body: output as object };
    },
  }));
}

function queryMembers({ query }: RestRequest): Record<string, unknown> {
  const members = [...query.keys()].map((name) => [
    name,
    name === 'tagKeys' ? query.getAll(name) : query.get(name),
  ]);
  return Object.fromEntries(members) as Record<string, unknown>;
}

function bodyMembers({ body }: RestRequest): Record<string, unknown> {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString('utf8')) as Record<string, unknown>;
  } catch {
    throw badRequest('The body is not JSON.');
  }
}
