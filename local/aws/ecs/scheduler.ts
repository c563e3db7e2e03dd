/** Keeps the tasks of a service as many as it wants, of the task definition that it wants, through crashes and changes. */
import { decide, restartWait, SERVED_MILLISECONDS, SETTLED_MILLISECONDS } from './schedule.ts';
import type { ScheduledTask } from './schedule.ts';
import type { Service, TaskDefinition } from './model.ts';
import type { Task } from './task.ts';

export interface ServiceScheduler {
  /** Call when the service has changed. */
  changed(): void;
  /** Of every task that is not STOPPED. */
  tasks(): readonly Task[];
  /**
   * Resolves when the service has the tasks it wants, serving, and no other.
   * @throws Error when three tasks of the deployment ended before it was steady, or the service is closed
   */
  steady(): Promise<void>;
  /** Stops its tasks and starts none any more. */
  close(reason: string): Promise<void>;
}

export interface SchedulerProps {
  readonly service: () => Service;
  readonly definition: (arn: string) => TaskDefinition;
  readonly start: (definition: TaskDefinition, deploymentId: string, onChange: () => void) => Task;
  /** What the service tells of itself: `describe-services`, `events`. */
  readonly tell: (message: string) => void;
}

/** ECS's deployment circuit breaker gives up after three at the least. */
const FAILURES_OF_A_DEPLOYMENT = 3;

export function createServiceScheduler(props: SchedulerProps): ServiceScheduler {
  const tasks = new Map<string, Task>();
  const waiting: PromiseWithResolvers<void>[] = [];
  let failures = 0;
  let lastFailure = '';
  let mayStartAt = 0;
  let deploymentId = props.service().deploymentId;
  let timer: NodeJS.Timeout | undefined;
  let closed: string | undefined;
  let told = false;
  let awake = false;

  /** Stopping a task changes it, which comes back here: one look at all of it, after the change. */
  const wake = (): void => {
    if (awake) return;
    awake = true;
    queueMicrotask(() => {
      awake = false;
      reconcile();
    });
  };

  const views = (): ScheduledTask[] =>
    [...tasks.values()].map((task) => {
      const { arn, status, health, taskDefinitionArn, deploymentId: of } = task.view();
      const { containers } = props.definition(taskDefinitionArn);
      const isChecked = containers.some(
        ({ essential, healthCheck }) => essential && healthCheck !== undefined,
      );
      const left = SETTLED_MILLISECONDS - (Date.now() - (task.runningSince ?? Date.now()));
      if (status === 'RUNNING' && !isChecked && left > 0) setTimeout(wake, left).unref();
      return {
        arn,
        status,
        current: of === props.service().deploymentId,
        serves: status === 'RUNNING' && (isChecked ? health === 'HEALTHY' : left <= 0),
        unhealthy: health === 'UNHEALTHY',
      };
    });

  const reconcile = (): void => {
    if (closed !== undefined) return;
    const service = props.service();
    if (service.deploymentId !== deploymentId) {
      deploymentId = service.deploymentId;
      failures = mayStartAt = 0;
      told = false;
    }
    const now = Date.now();
    const { desiredCount, startsBeforeItStops } = service;
    const mayStart = now >= mayStartAt;
    const decision = decide({ desiredCount, startsBeforeItStops, mayStart }, views());
    for (const { arn, reason } of decision.stop) {
      void tasks.get(arn)?.stop('ServiceSchedulerInitiated', reason);
    }
    for (let index = 0; index < decision.start; index += 1) startOne(service);
    if (!mayStart) {
      clearTimeout(timer);
      timer = setTimeout(wake, mayStartAt - now);
    }
    if (!decision.steady) return;
    if (!told) props.tell('has reached a steady state.');
    told = true;
    for (const one of waiting.splice(0)) one.resolve();
  };

  const startOne = ({ taskDefinitionArn, deploymentId: of }: Service): void => {
    const task = props.start(props.definition(taskDefinitionArn), of, wake);
    tasks.set(task.arn, task);
    props.tell(`has started 1 tasks: (task ${task.arn.split('/').at(-1) ?? ''}).`);
    void task.stopped.then(() => {
      tasks.delete(task.arn);
      ended(task);
      wake();
    });
  };

  const ended = (task: Task): void => {
    const { stopCode, stoppedReason, containers, deploymentId: of } = task.view();
    if (stopCode === 'UserInitiated' || stopCode === 'ServiceSchedulerInitiated') {
      if (stoppedReason?.includes('health checks') !== true) return;
    }
    const { runningSince } = task;
    const served = runningSince !== undefined && Date.now() - runningSince >= SERVED_MILLISECONDS;
    failures = served ? 1 : failures + 1;
    mayStartAt = Date.now() + restartWait(failures);
    told = false;
    const exits = containers.map(
      ({ name, exitCode, reason }) => `${name}: ${reason ?? `exit code ${exitCode}`}`,
    );
    lastFailure = [stoppedReason, ...exits].join('; ');
    props.tell(`task ${task.arn.split('/').at(-1) ?? ''} ended: ${lastFailure}`);
    if (of !== deploymentId || failures < FAILURES_OF_A_DEPLOYMENT) return;
    const error = new Error(
      `${failures} tasks of the service failed one after the other, the last with: ${lastFailure}`,
    );
    for (const one of waiting.splice(0)) one.reject(error);
  };

  wake();
  return {
    changed: wake,
    tasks: () => [...tasks.values()],
    steady() {
      if (closed !== undefined) return Promise.reject(new Error(closed));
      const one = Promise.withResolvers<void>();
      waiting.push(one);
      wake();
      return one.promise;
    },
    async close(reason) {
      closed = reason;
      clearTimeout(timer);
      for (const one of waiting.splice(0)) one.reject(new Error(reason));
      await Promise.all([...tasks.values()].map((task) => task.stop('ServiceSchedulerInitiated', reason)));
    },
  };
}
