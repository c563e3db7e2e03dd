/** AWS::ECS::*: the containers of a service are processes of this machine, started from the image's build context. */
import { AwsError } from '../../aws/errors.ts';
import { CannotLaunch, launchOf } from '../../aws/ecs/index.ts';
import type { LocalImage } from '../../aws/ecs/index.ts';
import { isJsonObject } from '../../../lib/assembly/template.ts';
import type { Json, JsonObject } from '../../../lib/assembly/template.ts';
import { apiMembers } from './api-members.ts';
import {
  answered,
  CannotRun,
  defined,
  listProperty,
  numberProperty,
  objectProperty,
  textProperty,
  textsProperty,
} from './provider.ts';
import type { Created, Provider, ProviderContext } from './provider.ts';

/** Clusters, services and families: AmazonECS/latest/APIReference/API_CreateService.html */
const NAME_LENGTH = 255;

/** How others reach a service: there is no load balancer and no service discovery here. */
const REACHED_BY = [
  'LoadBalancers',
  'ServiceConnectConfiguration',
  'ServiceRegistries',
  'VpcLatticeConfigurations',
];

export const ECS_PROVIDERS: Readonly<Record<string, Provider>> = {
  'AWS::ECS::Cluster': {
    honoured: ['ClusterName'],
    inert: [
      'CapacityProviders',
      'ClusterSettings',
      'Configuration',
      'DefaultCapacityProviderStrategy',
      'ServiceConnectDefaults',
      'Tags',
    ],
    replacedOnChange: ['ClusterName'],
    async create(properties, context) {
      const clusterName = textProperty(properties, 'ClusterName') ?? context.generatedName(NAME_LENGTH);
      const answer = await context.call('ecs', 'CreateCluster', { clusterName });
      return {
        physicalId: clusterName,
        attributes: { Arn: answered(answer['cluster'] as JsonObject, 'clusterArn') },
      };
    },
    async delete(created, _properties, context) {
      await context.call('ecs', 'DeleteCluster', { cluster: created.physicalId });
    },
  },
  'AWS::ECS::ClusterCapacityProviderAssociations': {
    honoured: ['Cluster'],
    inert: ['CapacityProviders', 'DefaultCapacityProviderStrategy'],
    async create(properties) {
      return {
        physicalId: textProperty(properties, 'Cluster') ?? '',
        attributes: {},
        inertBecause: 'tasks are processes of this machine',
      };
    },
  },
  'AWS::ECS::TaskDefinition': {
    honoured: ['ContainerDefinitions', 'ExecutionRoleArn', 'Family', 'TaskRoleArn'],
    inert: [
      'Cpu',
      'EnableFaultInjection',
      'EphemeralStorage',
      'IpcMode',
      'Memory',
      'NetworkMode',
      'PidMode',
      'PlacementConstraints',
      'ProxyConfiguration',
      'RequiresCompatibilities',
      'RuntimePlatform',
      'Tags',
      'Volumes',
    ],
    /** Every change makes a new revision. */
    async create(properties, context) {
      const answer = await context.call('ecs', 'RegisterTaskDefinition', {
        family: textProperty(properties, 'Family') ?? context.generatedName(NAME_LENGTH),
        ...defined({
          taskRoleArn: textProperty(properties, 'TaskRoleArn'),
          executionRoleArn: textProperty(properties, 'ExecutionRoleArn'),
        }),
        containerDefinitions: containerDefinitions(properties, context),
      });
      const arn = answered(answer['taskDefinition'] as JsonObject, 'taskDefinitionArn');
      return { physicalId: arn, attributes: { TaskDefinitionArn: arn } };
    },
    async delete(created, _properties, context) {
      await context.call('ecs', 'DeregisterTaskDefinition', { taskDefinition: created.physicalId });
    },
  },
  'AWS::ECS::Service': {
    honoured: [
      'Cluster',
      'DeploymentConfiguration',
      'DesiredCount',
      'ForceNewDeployment',
      'ServiceName',
      'TaskDefinition',
    ],
    inert: [
      'AvailabilityZoneRebalancing',
      'CapacityProviderStrategy',
      'DeploymentController',
      'EnableECSManagedTags',
      'EnableExecuteCommand',
      'HealthCheckGracePeriodSeconds',
      'LaunchType',
      'NetworkConfiguration',
      'PlatformVersion',
      'PropagateTags',
      'SchedulingStrategy',
      'Tags',
    ],
    replacedOnChange: ['Cluster', 'LaunchType', 'SchedulingStrategy', 'ServiceName'],
    /** As CloudFormation, it waits until the service is steady. A service that fails is not left behind. */
    async create(properties, context) {
      refuseWhatDoesNotRun(properties);
      const serviceName = textProperty(properties, 'ServiceName') ?? context.generatedName(NAME_LENGTH);
      const cluster = textProperty(properties, 'Cluster') ?? 'default';
      const answer = await context
        .call('ecs', 'CreateService', { serviceName, cluster, ...settingsOf(properties) })
        .catch((error: unknown) => {
          throw isUnknownDefinition(error) ? new CannotRun('its task definition does not run here') : error;
        });
      const arn = answered(answer['service'] as JsonObject, 'serviceArn');
      const created: Created = { physicalId: arn, attributes: { Name: serviceName, ServiceArn: arn } };
      try {
        await context.aws.services.get('ecs').steady(arn);
      } catch (error) {
        await remove(created, properties, context);
        throw error;
      }
      return created;
    },
    async update(created, properties, _previous, context) {
      const cluster = textProperty(properties, 'Cluster') ?? 'default';
      const settings = settingsOf(properties);
      await context.call('ecs', 'UpdateService', { service: created.physicalId, cluster, ...settings });
      await context.aws.services.get('ecs').steady(created.physicalId);
      return created;
    },
    delete: remove,
  },
};

async function remove(created: Created, properties: JsonObject, context: ProviderContext): Promise<void> {
  const cluster = textProperty(properties, 'Cluster') ?? 'default';
  await context.call('ecs', 'DeleteService', { service: created.physicalId, cluster, force: true });
}

function containerDefinitions(properties: JsonObject, context: ProviderContext): readonly Json[] {
  const definitions = listProperty(properties, 'ContainerDefinitions').filter(isJsonObject);
  return definitions.map((definition) => {
    const image = imageOf(definition, context);
    const isEssential = textProperty(definition, 'Essential') !== 'false';
    if (image === undefined && isEssential) {
      throw new CannotRun(
        `the image of its container ${textProperty(definition, 'Name') ?? ''} is in a registry; only images of the assembly's own assets run here`,
      );
    }
    const members = withNumbers(apiMembers(definition) as JsonObject);
    return image === undefined ? members : { ...members, localImage: { ...image } };
  });
}

/** CDK writes the registry's address in front. Undefined for an image of another repository. */
function imageOf(definition: JsonObject, context: ProviderContext): LocalImage | undefined {
  const name = textProperty(definition, 'Image')?.split('/').slice(1).join('/') ?? '';
  const image = context.image(name);
  if (image === undefined) return undefined;
  try {
    launchOf(image, {
      ...(definition['EntryPoint'] !== undefined && { entryPoint: textsProperty(definition, 'EntryPoint') }),
      ...(definition['Command'] !== undefined && { command: textsProperty(definition, 'Command') }),
    });
  } catch (error) {
    if (error instanceof CannotLaunch) throw new CannotRun(error.message);
    throw error;
  }
  return image;
}

/** CloudFormation takes `"30"` for 30 and `"false"` for false. */
function withNumbers(members: JsonObject): JsonObject {
  const check = objectProperty(members, 'healthCheck');
  const numbers = (from: JsonObject, names: readonly string[]): Record<string, unknown> =>
    defined(Object.fromEntries(names.map((name) => [name, numberProperty(from, name)])));
  return {
    ...members,
    essential: textProperty(members, 'essential') !== 'false',
    ...numbers(members, ['stopTimeout']),
    ...(members['healthCheck'] !== undefined && {
      healthCheck: { ...check, ...numbers(check, ['interval', 'retries', 'startPeriod', 'timeout']) },
    }),
  } as JsonObject;
}

function settingsOf(properties: JsonObject): Record<string, unknown> {
  return defined({
    taskDefinition: textProperty(properties, 'TaskDefinition') ?? '',
    desiredCount: numberProperty(properties, 'DesiredCount'),
    deploymentConfiguration:
      properties['DeploymentConfiguration'] && apiMembers(properties['DeploymentConfiguration']),
  });
}

function refuseWhatDoesNotRun(properties: JsonObject): void {
  const strategy = textProperty(properties, 'SchedulingStrategy') ?? 'REPLICA';
  if (strategy !== 'REPLICA') throw new CannotRun(`services of the strategy ${strategy} do not run here`);
  const used = REACHED_BY.filter((name) => ![undefined, '[]'].includes(JSON.stringify(properties[name])));
  if (used.length > 0) throw new CannotRun(`nothing leads to it here: ${used.join(', ')}`);
}

function isUnknownDefinition(error: unknown): boolean {
  return error instanceof AwsError && error.message === 'Unable to describe task definition.';
}
