/** Services of ECS: each has a scheduler that keeps its tasks. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import type { Input } from '../input.ts';
import type { Clusters } from './clusters.ts';
import {
  clientException,
  invalidParameter,
  optionalText,
  requiredText,
  serviceNotActive,
  serviceNotFound,
  textList,
  wholeNumber,
} from './errors.ts';
import { createServiceMetrics } from './metrics.ts';
import type { Service } from './model.ts';
import { createServiceScheduler } from './scheduler.ts';
import type { ServiceScheduler } from './scheduler.ts';
import { newTaskArn } from './tasks.ts';
import type { StartTask } from './tasks.ts';
import type { TaskDefinitions } from './task-definitions.ts';
import { recordOf } from './task-definition.ts';
import type { Task } from './task.ts';

export interface Services {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  tasks(): readonly Task[];
  /** By name or ARN. */
  steady(service: string): Promise<void>;
  /** Starts the tasks of services from before. */
  restore(): void;
  close(): Promise<void>;
}

export interface ServicesProps {
  readonly clusters: Clusters;
  readonly definitions: TaskDefinitions;
  readonly start: StartTask;
}

/** AmazonECS/latest/developerguide/service-quotas.html: tasks a service. */
const MAXIMUM_TASKS = 5_000;
const NAME = /^[\w-]{1,255}$/;
/** The API tells the last hundred. */
const EVENTS = 100;
/** What a service may be given besides, kept to be described. */
const SETTINGS = [
  'availabilityZoneRebalancing',
  'capacityProviderStrategy',
  'deploymentConfiguration',
  'deploymentController',
  'enableECSManagedTags',
  'enableExecuteCommand',
  'launchType',
  'networkConfiguration',
  'platformVersion',
  'propagateTags',
  'schedulingStrategy',
  'tags',
];

interface ServiceEvent {
  readonly id: string;
  readonly createdAt: number;
  readonly message: string;
}

export function createServices(
  context: AwsContext,
  { clusters, definitions, start }: ServicesProps,
): Services {
  const kept = context.state.collection<Service>('ecs.services');
  const services = new Map<string, Service>(kept.entries());
  const schedulers = new Map<string, ServiceScheduler>();
  const events = new Map<string, ServiceEvent[]>();
  let closed = false;
  clusters.isInUse = (clusterArn) => [...services.values()].some((one) => one.clusterArn === clusterArn);

  const save = (service: Service): Service => {
    services.set(service.arn, service);
    kept.put(service.arn, service);
    return service;
  };
  const find = (input: Input, reference: string): Service | undefined => {
    if (reference.startsWith('arn:')) return services.get(reference);
    const { name } = clusters.get(optionalText(input, 'cluster'));
    return services.get(arnOf(name, reference));
  };
  const arnOf = (cluster: string, name: string): string =>
    `arn:aws:ecs:${context.region}:${context.accountId}:service/${cluster}/${name}`;
  const get = (input: Input): Service => {
    const found = find(input, requiredText(input, 'service'));
    if (found === undefined) throw serviceNotFound();
    return found;
  };
  const tell = (arn: string, message: string): void => {
    const told = events.get(arn) ?? [];
    const name = arn.split('/').at(-1) ?? '';
    const event = {
      id: randomUUID(),
      createdAt: context.clock.now() / 1000,
      message: `(service ${name}) ${message}`,
    };
    events.set(arn, [event, ...told].slice(0, EVENTS));
  };
  const schedule = (service: Service): void => {
    if (closed || schedulers.has(service.arn)) return;
    const { arn, name, clusterArn } = service;
    const scheduler = createServiceScheduler({
      service: () => services.get(arn) ?? service,
      definition: (reference) => definitions.get(reference),
      start: (definition, deploymentId, onChange) =>
        start(
          {
            arn: newTaskArn(context, clusterArn),
            clusterArn,
            definition,
            group: `service:${name}`,
            deploymentId,
          },
          onChange,
        ),
      tell: (message) => tell(arn, message),
    });
    schedulers.set(arn, scheduler);
    metrics.begin();
  };
  const countsOf = (arn: string) => {
    const tasks = (schedulers.get(arn)?.tasks() ?? []).map((task) => task.view());
    const count = (status: string): number => tasks.filter((task) => task.status === status).length;
    return { all: tasks.length, running: count('RUNNING'), pending: count('PENDING') };
  };
  const metrics = createServiceMetrics(context, () =>
    [...services.values()].map(({ arn, name, clusterArn, desiredCount }) => ({
      cluster: clusterArn.split('/').at(-1) ?? '',
      service: name,
      desired: desiredCount,
      ...countsOf(arn),
    })),
  );
  const describe = (service: Service) => {
    const { all, running: runningCount, pending: pendingCount } = countsOf(service.arn);
    const { arn, name, clusterArn, taskDefinitionArn: taskDefinition, desiredCount, settings } = service;
    const createdAt = service.createdAt / 1000;
    const rolloutState = runningCount === desiredCount && all === desiredCount ? 'COMPLETED' : 'IN_PROGRESS';
    return {
      ...settings,
      serviceArn: arn,
      serviceName: name,
      clusterArn,
      status: services.has(arn) ? 'ACTIVE' : 'INACTIVE',
      taskDefinition,
      desiredCount,
      runningCount,
      pendingCount,
      createdAt,
      deployments: [
        {
          id: service.deploymentId,
          status: 'PRIMARY',
          taskDefinition,
          desiredCount,
          runningCount,
          pendingCount,
          createdAt,
          rolloutState,
        },
      ],
      events: events.get(arn) ?? [],
    };
  };
  const steady = (arn: string): Promise<void> => {
    const scheduler = schedulers.get(arn);
    return scheduler === undefined ? Promise.reject(serviceNotFound()) : scheduler.steady();
  };

  return {
    tasks: () => [...schedulers.values()].flatMap((scheduler) => [...scheduler.tasks()]),
    steady(reference) {
      const found = [...services.values()].find(({ arn, name }) => arn === reference || name === reference);
      return found === undefined ? Promise.reject(serviceNotFound()) : steady(found.arn);
    },
    restore: () => [...services.values()].forEach(schedule),
    async close() {
      closed = true;
      metrics.end();
      await Promise.all([...schedulers.values()].map((one) => one.close('the embedded AWS ends')));
    },
    actions: {
      CreateService(input) {
        const cluster = clusters.get(optionalText(input, 'cluster'));
        const name = requiredText(input, 'serviceName');
        if (!NAME.test(name)) throw invalidParameter(`The service name ${name} is not valid.`);
        const arn = arnOf(cluster.name, name);
        if (services.has(arn)) throw invalidParameter('Creation of service was not idempotent.');
        const settings = settingsOf(input);
        const service = save({
          arn,
          name,
          clusterArn: cluster.arn,
          taskDefinitionArn: activeDefinition(definitions, requiredText(input, 'taskDefinition')),
          desiredCount: wholeNumber(input, 'desiredCount', 0, MAXIMUM_TASKS, 1),
          startsBeforeItStops: startsBeforeItStops(settings),
          deploymentId: newDeploymentId(),
          createdAt: context.clock.now(),
          settings,
        });
        events.delete(arn);
        schedule(service);
        return { service: describe(service) };
      },
      UpdateService(input) {
        const service = get(input);
        const settings = { ...service.settings, ...settingsOf(input) };
        const given = optionalText(input, 'taskDefinition');
        const taskDefinitionArn =
          given === undefined ? service.taskDefinitionArn : activeDefinition(definitions, given);
        const isNew = taskDefinitionArn !== service.taskDefinitionArn || input['forceNewDeployment'] === true;
        const changed = save({
          ...service,
          taskDefinitionArn,
          settings,
          startsBeforeItStops: startsBeforeItStops(settings),
          desiredCount: wholeNumber(input, 'desiredCount', 0, MAXIMUM_TASKS, service.desiredCount),
          ...(isNew && { deploymentId: newDeploymentId() }),
        });
        schedulers.get(service.arn)?.changed();
        return { service: describe(changed) };
      },
      DescribeServices(input) {
        const wanted = textList(input, 'services').map((reference) => ({
          reference,
          found: find(input, reference),
        }));
        return {
          services: wanted.flatMap(({ found }) => (found === undefined ? [] : [describe(found)])),
          failures: wanted.flatMap(({ reference, found }) =>
            found === undefined ? [{ arn: reference, reason: 'MISSING' }] : [],
          ),
        };
      },
      ListServices(input) {
        const { arn } = clusters.get(optionalText(input, 'cluster'));
        const listed = [...services.values()].filter(({ clusterArn }) => clusterArn === arn);
        return { serviceArns: listed.map((one) => one.arn) };
      },
      /** Answers when its tasks have ended. */
      async DeleteService(input) {
        const service = get(input);
        if (service.desiredCount > 0 && input['force'] !== true) {
          throw invalidParameter('The service cannot be stopped while it is scaled above 0.');
        }
        const scheduler = schedulers.get(service.arn);
        if (scheduler === undefined && !closed) throw serviceNotActive();
        services.delete(service.arn);
        kept.delete(service.arn);
        await scheduler?.close('the service was deleted');
        schedulers.delete(service.arn);
        return { service: { ...describe(service), desiredCount: 0 } };
      },
    },
  };
}

function activeDefinition(definitions: TaskDefinitions, reference: string): string {
  const { arn, status } = definitions.get(reference);
  if (status !== 'ACTIVE') throw clientException('TaskDefinition is inactive');
  return arn;
}

function settingsOf(input: Input): Input {
  return Object.fromEntries(SETTINGS.filter((name) => name in input).map((name) => [name, input[name]]));
}

/** AmazonECS/latest/APIReference/API_DeploymentConfiguration.html: 100 and 200 where nothing is said. */
function startsBeforeItStops(settings: Input): boolean {
  const { minimumHealthyPercent = 100, maximumPercent = 200 } = recordOf(settings, 'deploymentConfiguration');
  return Number(minimumHealthyPercent) > 0 && Number(maximumPercent) > 100;
}

function newDeploymentId(): string {
  return `ecs-svc/${randomUUID().replaceAll(/\D/g, '').padEnd(19, '0').slice(0, 19)}`;
}
