/** One attempt of a Task: its timeout, its heartbeat, and the completion by token. */
import type { Caller } from '../../context.ts';
import { actingRole } from '../../iam/role-caller.ts';
import type { Json } from '../json.ts';
import { StateError } from '../language/state-error.ts';
import { createScope, sleepUntil, within } from './cancellation.ts';
import type { Scope } from './cancellation.ts';
import type { FrameTask } from './frames.ts';
import type { PendingTask } from './pending-tasks.ts';
import type { Step } from './run.ts';

export interface Attempt {
  readonly step: Step;
  /** For callbacks and activities. */
  readonly token: string;
  readonly parameters: Json;
  readonly parametersText: string;
  readonly timeoutSeconds: number | undefined;
  readonly heartbeatSeconds: number | undefined;
  readonly roleArn: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** What an earlier process had begun. */
  readonly resumed: FrameTask | undefined;
}

/** Keeps what a restart must know of a task that others complete. */
export function keepTask(
  { step, token, parameters, startedAt }: Attempt,
  more: Pick<FrameTask, 'submitted' | 'childArn'>,
): void {
  step.frame.task = { token, parameters, startedAt, ...more };
  step.run.frames.save(step.frame);
}

/** Runs the work until it ends, the attempt's timeout passes (`States.Timeout`), or the execution is stopped. */
export async function withinTimeout<Value>(
  { step, timeoutSeconds, startedAt }: Attempt,
  work: (scope: Scope, signal: AbortSignal) => Promise<Value>,
): Promise<Value> {
  const scope = createScope(step.scope);
  const controller = new AbortController();
  const forget = scope.onCancel(() => controller.abort());
  try {
    const running = within(work(scope, controller.signal), scope);
    if (timeoutSeconds === undefined) return await running;
    const timeout = sleepUntil(step.run.context.clock, startedAt + timeoutSeconds * 1_000, scope).then(() => {
      throw new StateError('States.Timeout');
    });
    return await firstOf(running, timeout);
  } catch (error) {
    scope.cancel();
    throw error;
  } finally {
    forget();
    scope.cancel();
    scope.end();
  }
}

/** Waits for the completion by token; without a heartbeat in time, `States.HeartbeatTimeout`. */
export async function completion(attempt: Attempt, task: PendingTask, scope: Scope): Promise<Json> {
  const { heartbeatSeconds, step } = attempt;
  const waiting = within(task.result, scope);
  if (heartbeatSeconds === undefined) return waiting;
  const { clock } = step.run.context;
  const silence = createScope(scope);
  let last = clock.now();
  task.onHeartbeat(() => {
    last = clock.now();
  });
  const watch = async (): Promise<never> => {
    while (clock.now() < last + heartbeatSeconds * 1_000) {
      await sleepUntil(clock, last + heartbeatSeconds * 1_000, silence);
    }
    throw new StateError('States.HeartbeatTimeout');
  };
  try {
    return await firstOf(waiting, watch());
  } finally {
    silence.cancel();
    silence.end();
  }
}

/** The role of the execution as a caller of other services. */
export function executionCaller({ step, roleArn }: Attempt): Caller {
  // The session is the execution, so that a log of calls tells which one made them.
  const session = step.run.execution.name.replaceAll(/[^\w+=,.@-]/g, '');
  const { machineArn } = step.run.execution;
  return actingRole('states.amazonaws.com', roleArn, session || 'execution', machineArn);
}

/** As `Promise.race`; what the loser rejects with later is nobody's concern. */
async function firstOf<Value>(work: Promise<Value>, limit: Promise<never>): Promise<Value> {
  work.catch(() => undefined);
  limit.catch(() => undefined);
  return Promise.race([work, limit]);
}
