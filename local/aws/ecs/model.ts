/** What ECS keeps: clusters, task definitions and services, as JSON; and tasks, which live as long as this process. */
import type { Input } from '../input.ts';
import type { LocalImage } from './launch.ts';

export interface Cluster {
  readonly arn: string;
  readonly name: string;
  readonly settings: Input;
}

export interface TaskDefinition {
  /** With its revision. */
  readonly arn: string;
  readonly family: string;
  readonly revision: number;
  readonly status: 'ACTIVE' | 'INACTIVE';
  readonly taskRoleArn: string | undefined;
  readonly executionRoleArn: string | undefined;
  readonly containers: readonly Container[];
  /** What it was registered with, in the API's members. */
  readonly settings: Input;
}

export interface Container {
  readonly name: string;
  readonly essential: boolean;
  /** Undefined for one that is left out: no Node starts from its image. */
  readonly image: LocalImage | undefined;
  readonly entryPoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly workingDirectory: string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Name of the variable -> ARN of a secret or a parameter. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Where volumes of the task are in the container. */
  readonly mounts: readonly string[];
  readonly log: LogTarget | undefined;
  readonly healthCheck: HealthCheck | undefined;
  readonly stopTimeoutSeconds: number;
}

/** The awslogs driver. AmazonECS/latest/developerguide/specify-log-config.html */
export interface LogTarget {
  readonly group: string;
  readonly streamPrefix: string;
  /** Whether the group is made when it is missing. */
  readonly createsGroup: boolean;
}

export interface HealthCheck {
  /** `['CMD', 'node', 'check.mjs']` or `['CMD-SHELL', 'test -f healthy']`. */
  readonly command: readonly string[];
  readonly intervalSeconds: number;
  readonly timeoutSeconds: number;
  readonly retries: number;
  readonly startPeriodSeconds: number;
}

export interface Service {
  readonly arn: string;
  readonly name: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  readonly desiredCount: number;
  /** True where the new tasks start before the old ones are stopped: a minimum of 100 percent and room above it. */
  readonly startsBeforeItStops: boolean;
  /** Changes with the task definition, and when a new deployment is forced. */
  readonly deploymentId: string;
  readonly createdAt: number;
  readonly settings: Input;
}

export type TaskStatus = 'PENDING' | 'RUNNING' | 'STOPPING' | 'STOPPED';
export type HealthStatus = 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY';

/** A task as others see it. */
export interface TaskView {
  readonly arn: string;
  readonly clusterArn: string;
  readonly taskDefinitionArn: string;
  /** `service:NAME` for one of a service. */
  readonly group: string;
  readonly deploymentId: string | undefined;
  readonly status: TaskStatus;
  readonly health: HealthStatus;
  readonly createdAt: number;
  readonly stoppedReason: string | undefined;
  readonly stopCode: string | undefined;
  readonly containers: readonly ContainerView[];
}

export interface ContainerView {
  readonly name: string;
  /** Of the process; 0 where there is none. */
  readonly pid: number;
  readonly exitCode: number | undefined;
  readonly reason: string | undefined;
}
