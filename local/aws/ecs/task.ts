/**
 * One task: its containers as processes, from its secrets and credentials to the end of its last container.
 *
 * | what happens | the task |
 * |---|---|
 * | a secret, log group or role is missing | STOPPED, `TaskFailedToStart` |
 * | an essential container ends | its other containers are stopped; STOPPED, `EssentialContainerExited` |
 * | somebody stops it | SIGTERM, SIGKILL after the stop timeout; STOPPED with the reason given |
 */
import type { AwsContext } from '../context.ts';
import { startContainer } from './container-process.ts';
import type { ContainerOutput, ContainerProcess } from './container-process.ts';
import { pathWithNode, watchHealth } from './health.ts';
import type { HealthWatch } from './health.ts';
import { launchOf } from './launch.ts';
import type {
  Container,
  ContainerView,
  HealthStatus,
  TaskDefinition,
  TaskStatus,
  TaskView,
} from './model.ts';
import { taskCaller } from './task-credentials.ts';
import type { TaskCredentials } from './task-credentials.ts';
import { openTaskLog } from './task-logs.ts';
import type { TaskLog } from './task-logs.ts';
import { secretVariables } from './task-secrets.ts';
import { createVolumes } from './volumes.ts';
import type { Volumes } from './volumes.ts';

export interface Task {
  readonly arn: string;
  view(): TaskView;
  /** Milliseconds since the epoch, of this machine, when it began to run; undefined before. */
  readonly runningSince: number | undefined;
  /** Resolves when it is STOPPED. */
  readonly stopped: Promise<void>;
  stop(stopCode: string, reason: string): Promise<void>;
  /** Ends its processes as a crash would. */
  kill(signal: NodeJS.Signals): void;
}

export interface TaskRequest {
  readonly arn: string;
  readonly clusterArn: string;
  readonly definition: TaskDefinition;
  readonly group: string;
  readonly deploymentId: string | undefined;
}

export interface TaskSurroundings {
  readonly context: AwsContext;
  readonly credentials: TaskCredentials;
  readonly onOutput: (taskArn: string, container: string, output: ContainerOutput) => void;
  /** After each change of status or health. */
  readonly onChange: () => void;
}

interface RunningContainer {
  readonly container: Container;
  readonly process: ContainerProcess;
  readonly log: TaskLog | undefined;
  health: HealthStatus;
  exitCode: number | undefined;
  reason: string | undefined;
}

export function startTask(request: TaskRequest, surroundings: TaskSurroundings): Task {
  const { arn, clusterArn, definition, group, deploymentId } = request;
  const { context, onChange } = surroundings;
  const createdAt = context.clock.now();
  const running: RunningContainer[] = [];
  const watches: HealthWatch[] = [];
  const volumes: Volumes[] = [];
  const over = Promise.withResolvers<void>();
  let status: TaskStatus = 'PENDING';
  let runningSince: number | undefined;
  let ending: { readonly stopCode: string; readonly reason: string } | undefined;
  let credentials: { readonly url: string; close(): void } | undefined;

  const end = (stopCode: string, reason: string): void => {
    if (ending !== undefined) return;
    ending = { stopCode, reason };
    status = 'STOPPING';
    onChange();
    for (const watch of watches) watch.stop();
    void Promise.all(
      running.map(({ process, container }) => process.stop(container.stopTimeoutSeconds * 1000)),
    ).then(() => {
      credentials?.close();
      for (const one of volumes) one.remove();
      status = 'STOPPED';
      over.resolve();
      onChange();
    });
  };

  const start = async (): Promise<void> => {
    if (definition.taskRoleArn !== undefined) {
      credentials = surroundings.credentials.open(definition.taskRoleArn, arn);
    }
    const caller = taskCaller(definition.executionRoleArn ?? '', arn);
    for (const container of definition.containers) {
      if (container.image === undefined) continue;
      const log =
        container.log &&
        openTaskLog(context, container.log, streamName(container, container.log.streamPrefix, arn), caller);
      const secrets = await secretVariables(context, container.secrets, caller);
      if (ending !== undefined) return;
      run(container, log, {
        ...baseEnvironment(context, credentials?.url),
        ...container.environment,
        ...secrets,
      });
    }
    if (ending !== undefined) return;
    status = 'RUNNING';
    runningSince = Date.now();
    onChange();
  };

  const run = (
    container: Container,
    log: TaskLog | undefined,
    given: Readonly<Record<string, string>>,
  ): void => {
    const { entryPoint, command, workingDirectory, name, essential, healthCheck } = container;
    const launch = launchOf(container.image!, {
      ...(entryPoint && { entryPoint }),
      ...(command && { command }),
      ...(workingDirectory !== undefined && { workingDirectory }),
    });
    const own = createVolumes([...launch.volumes, ...container.mounts]);
    volumes.push(own);
    const environment = {
      PATH: pathWithNode(),
      ...own.environment({ ...launch.environment, ...given }),
    };
    const process = startContainer(launch, environment, (output) => {
      log?.line(output.text);
      surroundings.onOutput(arn, name, output);
    });
    const one: RunningContainer = {
      container,
      process,
      log,
      health: 'UNKNOWN',
      exitCode: undefined,
      reason: undefined,
    };
    running.push(one);
    if (healthCheck !== undefined) {
      const place = { directory: launch.directory, environment };
      watches.push(
        watchHealth(
          { ...healthCheck, command: healthCheck.command.map((word) => own.placeIn(word)) },
          place,
          (health) => {
            one.health = health;
            onChange();
          },
        ),
      );
    }
    void process.ended.then(({ exitCode, reason }) => {
      log?.flush();
      one.exitCode = exitCode;
      one.reason = reason;
      if (reason !== undefined) end('TaskFailedToStart', `CannotStartContainerError: ${reason}`);
      else if (essential) end('EssentialContainerExited', 'Essential container in task exited');
    });
  };

  // What this task does is seen by the caller only after it has the task.
  queueMicrotask(() => {
    start().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      end('TaskFailedToStart', `ResourceInitializationError: ${reason}`);
    });
  });

  return {
    arn,
    stopped: over.promise,
    get runningSince() {
      return runningSince;
    },
    view: () => ({
      arn,
      clusterArn,
      taskDefinitionArn: definition.arn,
      group,
      deploymentId,
      status,
      health: healthOf(running),
      createdAt,
      stopCode: ending?.stopCode,
      stoppedReason: ending?.reason,
      containers: running.map(({ container, process, exitCode, reason }): ContainerView => ({
        name: container.name,
        pid: exitCode === undefined ? process.pid : 0,
        exitCode,
        reason,
      })),
    }),
    stop(stopCode, reason) {
      end(stopCode, reason);
      return over.promise;
    },
    kill(signal) {
      for (const { process: one, exitCode } of running) {
        if (exitCode !== undefined || one.pid === 0) continue;
        try {
          process.kill(one.pid, signal);
        } catch (error) {
          // It has ended a moment ago, and what it wrote is still being read.
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
        }
      }
    },
  };
}

/** Of the containers that have a check: unhealthy when one is, healthy when all are. */
function healthOf(running: readonly RunningContainer[]): HealthStatus {
  const checked = running.filter(({ container }) => container.essential && container.healthCheck);
  if (checked.some(({ health }) => health === 'UNHEALTHY')) return 'UNHEALTHY';
  return checked.length > 0 && checked.every(({ health }) => health === 'HEALTHY') ? 'HEALTHY' : 'UNKNOWN';
}

function streamName({ name }: Container, prefix: string, taskArn: string): string {
  return `${prefix}/${name}/${taskArn.split('/').at(-1) ?? ''}`;
}

/** What Fargate puts into each container. */
function baseEnvironment(context: AwsContext, credentialsUrl: string | undefined): Record<string, string> {
  return {
    AWS_ENDPOINT_URL: context.endpointUrl,
    AWS_REGION: context.region,
    AWS_DEFAULT_REGION: context.region,
    AWS_EXECUTION_ENV: 'AWS_ECS_FARGATE',
    // The address that Fargate tells is one of its own network, which a path alone names.
    ...(credentialsUrl !== undefined && { AWS_CONTAINER_CREDENTIALS_FULL_URI: credentialsUrl }),
  };
}
