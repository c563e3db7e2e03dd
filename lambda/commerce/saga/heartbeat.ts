/** Tells the state machine that a command is being worked on, for as long as it is. */
import type { TaskCallbacks } from './step-functions.ts';

/** Milliseconds. Far below the heartbeat limit of the steps, so that a few lost ones do no harm. */
const HEARTBEAT_INTERVAL = 10_000;

/** A heartbeat that fails is no failure of the work: the answer tells in the end. */
export async function withHeartbeat<Result>(
  callbacks: TaskCallbacks,
  taskToken: string,
  work: () => Promise<Result>,
  intervalMilliseconds: number = HEARTBEAT_INTERVAL,
): Promise<Result> {
  const timer = setInterval(() => {
    callbacks.heartbeat(taskToken).catch(() => undefined);
  }, intervalMilliseconds);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
