/** What the scheduler of a service does next: which tasks start and which are stopped. A pure function of what there is. */
import type { TaskStatus } from './model.ts';

export interface ScheduledTask {
  readonly arn: string;
  readonly status: TaskStatus;
  /** Whether it is of the deployment that the service wants. */
  readonly current: boolean;
  /** Healthy where its health is checked, else running for a moment already. */
  readonly serves: boolean;
  readonly unhealthy: boolean;
}

export interface Wanted {
  readonly desiredCount: number;
  readonly startsBeforeItStops: boolean;
  /** False while the scheduler waits, after tasks that ended soon. */
  readonly mayStart: boolean;
}

export interface Decision {
  readonly start: number;
  readonly stop: readonly { readonly arn: string; readonly reason: string }[];
  /** What is wanted is there, and nothing else. */
  readonly steady: boolean;
}

/**
 * | the service has | starts | stops |
 * |---|---|---|
 * | too few tasks | what is missing, once it may | |
 * | too many tasks | | the newest |
 * | an unhealthy task | its replacement, when it has ended | it |
 * | tasks of an earlier deployment, and starts before it stops | all of the new one | the old ones, once the new ones serve |
 * | tasks of an earlier deployment otherwise | the new ones, when the old ones have ended | the old ones |
 *
 * @param tasks oldest first, without those that have stopped
 */
export function decide(
  { desiredCount, startsBeforeItStops, mayStart }: Wanted,
  tasks: readonly ScheduledTask[],
): Decision {
  const leaving = tasks.filter(({ status }) => status === 'STOPPING');
  const alive = tasks.filter(({ status }) => status === 'PENDING' || status === 'RUNNING');
  const unhealthy = alive.filter((task) => task.unhealthy);
  const current = alive.filter((task) => task.current && !task.unhealthy);
  const former = alive.filter((task) => !task.current && !task.unhealthy);
  const serving = current.filter(({ serves }) => serves);
  const isReplaced = !startsBeforeItStops || serving.length >= desiredCount;
  const waitsForFormer = !startsBeforeItStops && (former.length > 0 || leaving.length > 0);
  const missing = Math.max(0, desiredCount - current.length);
  return {
    start: mayStart && !waitsForFormer ? missing : 0,
    stop: [
      ...unhealthy.map(({ arn }) => ({ arn, reason: 'Task failed container health checks' })),
      ...(isReplaced
        ? former.map(({ arn }) => ({ arn, reason: 'Scaling activity initiated by deployment' }))
        : []),
      ...current
        .slice(desiredCount)
        .map(({ arn }) => ({ arn, reason: 'Scaling activity initiated by service scheduler' })),
    ],
    steady:
      serving.length === desiredCount &&
      current.length === desiredCount &&
      alive.length === current.length &&
      leaving.length === 0,
  };
}

/** How long a task whose health nobody checks has to run before it counts as serving: milliseconds. */
export const SETTLED_MILLISECONDS = 500;
/** A task that ended sooner than this did not serve: milliseconds. */
export const SERVED_MILLISECONDS = 10_000;
const FIRST_WAIT_MILLISECONDS = 1_000;
/** ECS goes up to 27 minutes. AmazonECS/latest/developerguide/service-throttle-logic.html */
const LONGEST_WAIT_MILLISECONDS = 30_000;

/** How long no task starts after so many that did not serve, one after the other: the first one is replaced at once. */
export function restartWait(failures: number): number {
  if (failures <= 1) return 0;
  return Math.min(LONGEST_WAIT_MILLISECONDS, FIRST_WAIT_MILLISECONDS * 2 ** (failures - 2));
}
