/** Tasks: those of services, and those that are run by themselves. */
import { randomUUID } from 'node:crypto';

import type { AwsContext } from '../context.ts';
import type { Input } from '../input.ts';
import type { Clusters } from './clusters.ts';
import { invalidParameter, optionalText, requiredText, textList, wholeNumber } from './errors.ts';
import type { TaskView } from './model.ts';
import type { Services } from './services.ts';
import type { TaskDefinitions } from './task-definitions.ts';
import type { Task, TaskRequest } from './task.ts';

export type StartTask = (request: TaskRequest, onChange: () => void) => Task;

export interface Tasks {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** Those that have not stopped. */
  all(): readonly Task[];
  /** By ARN or id. @throws AwsError InvalidParameterException */
  get(reference: string): Task;
  close(): Promise<void>;
}

export interface TasksProps {
  readonly clusters: Clusters;
  readonly definitions: TaskDefinitions;
  readonly services: Services;
  readonly start: StartTask;
}

/** AmazonECS/latest/APIReference/API_RunTask.html */
const MAXIMUM_COUNT = 10;

export function createTasks(
  context: AwsContext,
  { clusters, definitions, services, start }: TasksProps,
): Tasks {
  const alone = new Map<string, Task>();
  const all = (): readonly Task[] => [...services.tasks(), ...alone.values()];
  const find = (reference: string): Task | undefined =>
    all().find(({ arn }) => arn === reference || arn.endsWith(`/${reference}`));
  const get = (reference: string): Task => {
    const found = find(reference);
    if (found === undefined) throw invalidParameter('The referenced task was not found.');
    return found;
  };
  return {
    all,
    get,
    async close() {
      await Promise.all(
        [...alone.values()].map((task) => task.stop('UserInitiated', 'the embedded AWS ends')),
      );
    },
    actions: {
      RunTask(input) {
        const clusterArn = clusters.get(optionalText(input, 'cluster')).arn;
        const definition = definitions.get(requiredText(input, 'taskDefinition'));
        const count = wholeNumber(input, 'count', 1, MAXIMUM_COUNT, 1);
        const group = optionalText(input, 'group') ?? `family:${definition.family}`;
        const started = Array.from({ length: count }, () => {
          const arn = newTaskArn(context, clusterArn);
          const task = start({ arn, clusterArn, definition, group, deploymentId: undefined }, () => {});
          alone.set(arn, task);
          void task.stopped.then(() => alone.delete(arn));
          return task;
        });
        return { tasks: started.map((task) => describe(task.view())), failures: [] };
      },
      ListTasks(input) {
        const { arn } = clusters.get(optionalText(input, 'cluster'));
        const service = optionalText(input, 'serviceName')?.split('/').at(-1);
        const views = all().map((task) => task.view());
        const listed = views.filter(
          ({ clusterArn, group }) =>
            clusterArn === arn && (service === undefined || group === `service:${service}`),
        );
        return { taskArns: listed.map((one) => one.arn) };
      },
      /** Tasks that have stopped are not known any more; AWS knows them for an hour. */
      DescribeTasks(input) {
        const wanted = textList(input, 'tasks').map((arn) => ({ arn, found: find(arn) }));
        return {
          tasks: wanted.flatMap(({ found }) => (found === undefined ? [] : [describe(found.view())])),
          failures: wanted.flatMap(({ arn, found }) =>
            found === undefined ? [{ arn, reason: 'MISSING' }] : [],
          ),
        };
      },
      StopTask(input) {
        const task = get(requiredText(input, 'task'));
        const reason = optionalText(input, 'reason') ?? 'Task stopped by user';
        void task.stop('UserInitiated', reason);
        return { task: describe(task.view()) };
      },
    },
  };
}

export function newTaskArn({ region, accountId }: AwsContext, clusterArn: string): string {
  const cluster = clusterArn.split('/').at(-1) ?? '';
  return `arn:aws:ecs:${region}:${accountId}:task/${cluster}/${randomUUID().replaceAll('-', '')}`;
}

function describe(view: TaskView) {
  return {
    taskArn: view.arn,
    clusterArn: view.clusterArn,
    taskDefinitionArn: view.taskDefinitionArn,
    group: view.group,
    ...(view.deploymentId !== undefined && { startedBy: view.deploymentId }),
    lastStatus: view.status === 'STOPPING' ? 'DEACTIVATING' : view.status,
    desiredStatus: view.status === 'STOPPING' || view.status === 'STOPPED' ? 'STOPPED' : 'RUNNING',
    healthStatus: view.health,
    launchType: 'FARGATE',
    createdAt: view.createdAt / 1000,
    ...(view.stopCode !== undefined && { stopCode: view.stopCode }),
    ...(view.stoppedReason !== undefined && { stoppedReason: view.stoppedReason }),
    containers: view.containers.map(({ name, pid, exitCode, reason }) => ({
      name,
      lastStatus: exitCode === undefined ? 'RUNNING' : 'STOPPED',
      ...(pid > 0 && { runtimeId: String(pid) }),
      ...(exitCode !== undefined && { exitCode }),
      ...(reason !== undefined && { reason }),
    })),
  };
}
