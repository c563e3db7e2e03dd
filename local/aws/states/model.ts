/** What Step Functions holds: machines, versions, aliases, executions, activities. Plain JSON, so that it can be kept. */
import type { JsonObject } from './json.ts';

export type MachineType = 'STANDARD' | 'EXPRESS';

/** Times are milliseconds since the epoch. */
export interface Machine {
  readonly name: string;
  readonly arn: string;
  readonly type: MachineType;
  readonly definition: string;
  readonly roleArn: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revisionId: string;
  readonly logging: JsonObject | undefined;
  readonly tracing: JsonObject | undefined;
  readonly encryption: JsonObject | undefined;
  readonly tags: Readonly<Record<string, string>>;
  /** The number of the last version that was published. */
  readonly lastVersion: number;
}

export interface Version {
  readonly arn: string;
  readonly number: number;
  readonly machineArn: string;
  readonly definition: string;
  readonly roleArn: string;
  readonly revisionId: string;
  readonly description: string | undefined;
  readonly createdAt: number;
}

export interface Alias {
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly description: string | undefined;
  readonly routes: readonly { readonly stateMachineVersionArn: string; readonly weight: number }[];
  readonly createdAt: number;
  readonly updatedAt: number;
}

export interface Activity {
  readonly arn: string;
  readonly name: string;
  readonly createdAt: number;
  readonly tags: Readonly<Record<string, string>>;
}

export type ExecutionStatus = 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';

export interface Execution {
  readonly arn: string;
  readonly name: string;
  readonly machineArn: string;
  readonly machineName: string;
  readonly type: MachineType;
  /** As it was when the execution started. */
  readonly definition: string;
  readonly roleArn: string;
  readonly revisionId: string;
  readonly versionArn: string | undefined;
  readonly aliasArn: string | undefined;
  readonly logging: JsonObject | undefined;
  /** JSON text. */
  readonly input: string;
  readonly startedAt: number;
  readonly traceHeader: string | undefined;
  /** Set for a child execution of a distributed Map. */
  readonly mapRunArn: string | undefined;
  status: ExecutionStatus;
  stoppedAt?: number | undefined;
  output?: string | undefined;
  error?: string | undefined;
  cause?: string | undefined;
  redriveCount: number;
  redrivenAt?: number | undefined;
}
