/** What each action of ECS needs. service-authorization/latest/reference/list_amazonelasticcontainerservice.html */
import type { AuthorizationRequest, AwsContext } from '../context.ts';
import { passRole } from '../iam/pass-role.ts';
import type { Input } from '../input.ts';

export function ecsAuthorization(
  context: AwsContext,
  action: string,
  input: Input,
): readonly AuthorizationRequest[] {
  const place = `arn:aws:ecs:${context.region}:${context.accountId}`;
  const text = (name: string): string | undefined =>
    typeof input[name] === 'string' && input[name] !== '' ? input[name] : undefined;
  const texts = (name: string): readonly string[] =>
    Array.isArray(input[name]) ? input[name].filter((one) => typeof one === 'string') : [];
  const cluster = (text('cluster') ?? text('clusterName') ?? 'default').split('/').at(-1) ?? '';
  const clusterArn = `${place}:cluster/${cluster}`;
  const arnOf = (kind: string, reference: string): string =>
    reference.startsWith('arn:') ? reference : `${place}:${kind}/${reference}`;
  const conditionKeys = { 'ecs:cluster': clusterArn };
  const need = (resourceArn: string): AuthorizationRequest => ({
    action: `ecs:${action}`,
    resourceArn,
    conditionKeys,
  });
  const ofCluster = (kind: string, reference: string): string => arnOf(kind, `${cluster}/${reference}`);

  switch (action) {
    case 'CreateService':
      return [need(ofCluster('service', text('serviceName') ?? ''))];
    case 'DeleteService':
    case 'UpdateService': {
      const service = text('service') ?? '';
      return [need(service.startsWith('arn:') ? service : ofCluster('service', service))];
    }
    case 'DescribeServices':
      return texts('services').map((one) => need(one.startsWith('arn:') ? one : ofCluster('service', one)));
    case 'DescribeTasks':
      return texts('tasks').map((one) => need(one.startsWith('arn:') ? one : ofCluster('task', one)));
    case 'StopTask': {
      const task = text('task') ?? '';
      return [need(task.startsWith('arn:') ? task : ofCluster('task', task))];
    }
    case 'RunTask':
      return [need(arnOf('task-definition', text('taskDefinition') ?? ''))];
    case 'RegisterTaskDefinition':
      return [
        need(`${place}:task-definition/${text('family') ?? ''}:*`),
        ...passRole('ecs-tasks.amazonaws.com', [text('taskRoleArn'), text('executionRoleArn')]),
      ];
    case 'DeleteCluster':
    case 'UpdateCluster':
      return [need(clusterArn)];
    case 'DescribeClusters':
      return texts('clusters').map((one) => need(arnOf('cluster', one)));
    default:
      return [need('*')];
  }
}
