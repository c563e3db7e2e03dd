/**
 * A Task whose work is done by a worker that polls for it with GetActivityTask.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
 */
import { Cancelled } from '../interpreter/cancellation.ts';
import { completion, keepTask, withinTimeout } from '../interpreter/attempt.ts';
import type { Attempt } from '../interpreter/attempt.ts';
import { addEvent } from '../interpreter/run.ts';
import type { Json } from '../json.ts';
import { StateError } from '../language/state-error.ts';
import { measure } from './metrics.ts';

export async function runActivity(arn: string, attempt: Attempt): Promise<Json> {
  const { step, token, parametersText: input, timeoutSeconds, heartbeatSeconds, resumed } = attempt;
  if (!resumed) {
    addEvent(step, 'ActivityScheduled', [
      'activityScheduled',
      {
        resource: arn,
        input,
        inputDetails: { truncated: false },
        ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
        ...(heartbeatSeconds !== undefined && { heartbeatInSeconds: heartbeatSeconds }),
      },
    ]);
    keepTask(attempt, { submitted: false });
  }
  const { tasks } = step.run;
  const task = tasks.open(token);
  const measured = measure(attempt, 'Activities', { ActivityArn: arn });
  let leave: () => void = () => undefined;
  try {
    const result = await withinTimeout(attempt, async (scope) => {
      if (resumed?.submitted !== true) {
        const taken = Promise.withResolvers<void>();
        leave = tasks.offer(arn, {
          token,
          input,
          taken: (workerName) => {
            addEvent(step, 'ActivityStarted', [
              'activityStarted',
              { ...(workerName !== undefined && { workerName }) },
            ]);
            keepTask(attempt, { submitted: true });
            taken.resolve();
          },
        });
        await taken.promise;
      }
      return completion(attempt, task, scope);
    });
    addEvent(step, 'ActivitySucceeded', [
      'activitySucceeded',
      { output: JSON.stringify(result), outputDetails: { truncated: false } },
    ]);
    measured('Succeeded');
    return result;
  } catch (error) {
    if (error instanceof Cancelled || !(error instanceof StateError)) throw error;
    const timedOut = error.error === 'States.Timeout' || error.error === 'States.HeartbeatTimeout';
    const details = { error: error.error, ...(error.causeText !== undefined && { cause: error.causeText }) };
    if (timedOut) addEvent(step, 'ActivityTimedOut', ['activityTimedOut', details]);
    else addEvent(step, 'ActivityFailed', ['activityFailed', details]);
    measured(timedOut ? 'TimedOut' : 'Failed');
    throw error;
  } finally {
    leave();
    task.close();
  }
}
