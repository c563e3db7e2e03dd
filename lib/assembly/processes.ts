/** The long-running services of an assembly, on Amazon ECS: each with what its task definition says of its container. */
import type { Place } from './arn.ts';
import type { Assembly, Resource } from './model.ts';
import { number, object, objects, text } from './property.ts';

export interface LongRunningProcess extends Place {
  /** AWS::ECS::Service. */
  readonly resource: Resource;
  readonly taskDefinition: Resource | undefined;
  readonly desiredCount: number;
  /** What the process itself may do. */
  readonly roleArn: string | undefined;
  /** What ECS may do to start it. */
  readonly executionRoleArn: string | undefined;
  readonly containers: readonly ProcessContainer[];
  /** Of all its containers. */
  readonly environment: Readonly<Record<string, string>>;
}

export interface ProcessContainer {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** From SIGTERM to SIGKILL. */
  readonly stopTimeoutSeconds: number;
  readonly logGroupName: string | undefined;
  /** For example `111111111111.dkr.ecr.eu-west-1.amazonaws.com/REPOSITORY:TAG`. */
  readonly image: string | undefined;
}

/** AmazonECS/latest/developerguide/task_definition_parameters.html, stopTimeout on Fargate. */
const DEFAULT_STOP_TIMEOUT_SECONDS = 30;
/** AWS::ECS::Service, DesiredCount of a new service. */
const DEFAULT_DESIRED_COUNT = 1;

export function processesOf(assembly: Assembly): readonly LongRunningProcess[] {
  const definitions = assembly.ofType('AWS::ECS::TaskDefinition');
  return assembly.ofType('AWS::ECS::Service').map((resource) => {
    const { properties, accountId, region } = resource;
    const reference = text(properties['TaskDefinition']);
    const taskDefinition = definitions.find(
      ({ ref, arn, name }) => reference !== undefined && [ref, arn, name].includes(reference),
    );
    const containers = objects(taskDefinition?.properties['ContainerDefinitions']).map(containerOf);
    return {
      resource,
      accountId,
      region,
      taskDefinition,
      desiredCount: number(properties['DesiredCount']) ?? DEFAULT_DESIRED_COUNT,
      roleArn: text(taskDefinition?.properties['TaskRoleArn']),
      executionRoleArn: text(taskDefinition?.properties['ExecutionRoleArn']),
      containers,
      environment: Object.assign({}, ...containers.map(({ environment }) => environment)) as Record<
        string,
        string
      >,
    };
  });
}

function containerOf(definition: Readonly<Record<string, unknown>>): ProcessContainer {
  const options = object(object(definition['LogConfiguration'])?.['Options']);
  return {
    name: text(definition['Name']) ?? '',
    environment: Object.fromEntries(
      objects(definition['Environment']).map(({ Name: name, Value: value }) => [String(name), String(value)]),
    ),
    stopTimeoutSeconds: number(definition['StopTimeout']) ?? DEFAULT_STOP_TIMEOUT_SECONDS,
    logGroupName: text(options?.['awslogs-group']),
    image: text(definition['Image']),
  };
}
