/**
 * The embedded Amazon ECS on Fargate: services whose containers are processes of this machine.
 * https://docs.aws.amazon.com/AmazonECS/latest/APIReference/
 */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService } from '../context.ts';
import type { Input } from '../input.ts';
import { ecsAuthorization } from './authorization.ts';
import type { ContainerOutput } from './container-process.ts';
import { createClusters } from './clusters.ts';
import type { TaskView } from './model.ts';
import { createServices } from './services.ts';
import { createTaskCredentials } from './task-credentials.ts';
import { createTaskDefinitions } from './task-definitions.ts';
import { startTask } from './task.ts';
import type { Task, TaskRequest } from './task.ts';
import { createTasks } from './tasks.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly ecs: EcsService;
  }
}

/** A line that a container wrote. */
export interface TaskOutput extends ContainerOutput {
  readonly taskArn: string;
  /** The service's name; the task definition's family for a task of none. */
  readonly name: string;
  readonly container: string;
}

/** ECS as other code in this process uses it. */
export interface EcsService extends AwsService {
  readonly name: 'ecs';
  /** All tasks that have not stopped. */
  tasks(): readonly TaskView[];
  /**
   * Resolves when the service has as many serving tasks as it wants, and no other.
   * @throws Error when its tasks fail, AwsError ServiceNotFoundException
   */
  steady(service: string): Promise<void>;
  /** Ends the processes of a task with a signal; its service starts another one. */
  kill(taskArn: string, signal: NodeJS.Signals): void;
  /** Stops every task, with SIGTERM first, and starts none any more. */
  stopTasks(): Promise<void>;
  /** Adds a listener for what containers write; the returned function removes it. */
  observeLogs(listener: (output: TaskOutput) => void): () => void;
}

export function createEcsService(context: AwsContext): EcsService {
  const credentials = createTaskCredentials(context);
  const listeners = new Set<(output: TaskOutput) => void>();
  const definitions = createTaskDefinitions(context);
  const clusters = createClusters(context);
  const start = (request: TaskRequest, onChange: () => void): Task =>
    startTask(request, {
      context,
      credentials,
      onChange,
      onOutput(taskArn, container, output) {
        const name = request.group.replace(/^(?:service|family):/, '');
        for (const listener of listeners) listener({ ...output, taskArn, name, container });
      },
    });
  const services = createServices(context, { clusters, definitions, start });
  const tasks = createTasks(context, { clusters, definitions, services, start });
  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    ...clusters.actions,
    ...definitions.actions,
    ...services.actions,
    ...tasks.actions,
  };

  // Services from before run again, once every service of this AWS is there.
  const restoring = setImmediate(() => services.restore());

  return {
    name: 'ecs',
    protocols: {
      json: { version: '1.1', targetPrefix: 'AmazonEC2ContainerServiceV20141113' },
      routes: credentials.routes,
    },
    async handle(action, input) {
      return actionNamed(actions, 'ecs', action)(input);
    },
    authorization: (action, input) => ecsAuthorization(context, action, input),
    tasks: () => tasks.all().map((task) => task.view()),
    steady: (service) => services.steady(service),
    kill: (taskArn, signal) => tasks.get(taskArn).kill(signal),
    async stopTasks() {
      await Promise.all([services.close(), tasks.close()]);
    },
    observeLogs(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async close() {
      clearImmediate(restoring);
      await Promise.all([services.close(), tasks.close()]);
    },
  };
}
