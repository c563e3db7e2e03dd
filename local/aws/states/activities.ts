/**
 * Activities, and the workers that poll for their tasks.
 * https://docs.aws.amazon.com/step-functions/latest/dg/concepts-activities.html
 */
import type { AwsContext } from '../context.ts';
import { activityArn, checkedArn, checkedName } from './arn.ts';
import { activityDoesNotExist } from './errors.ts';
import { listed, optionalText, requiredText, seconds, tagsOf } from './input.ts';
import type { Input } from './input.ts';
import type { PendingTasks } from './interpreter/pending-tasks.ts';
import { ACTIVITY_POLL_MILLISECONDS } from './limits.ts';
import type { Activity } from './model.ts';
import type { Store } from './store.ts';

/** The name alone makes it the same activity. */
export function createActivity(context: AwsContext, store: Store, input: Input) {
  const name = checkedName(requiredText(input, 'name'));
  const arn = activityArn(context, name);
  const before = store.activities.get(arn);
  const activity = before ?? { arn, name, createdAt: context.clock.now(), tags: tagsOf(input) };
  if (!before) store.activities.put(activity);
  return { activityArn: arn, creationDate: seconds(activity.createdAt) };
}

export function describeActivity(store: Store, input: Input) {
  const { arn, name, createdAt } = existingActivity(store, requiredText(input, 'activityArn'));
  return { activityArn: arn, name, creationDate: seconds(createdAt) };
}

export function listActivities(store: Store, input: Input) {
  const { items, next } = listed(store.activities.all(), input);
  return {
    activities: items.map(({ arn, name, createdAt }) => ({
      activityArn: arn,
      name,
      creationDate: seconds(createdAt),
    })),
    ...next,
  };
}

export function deleteActivity(store: Store, input: Input) {
  store.activities.delete(checkedArn(requiredText(input, 'activityArn'), 'activity'));
  return {};
}

/** Waits up to a minute for a task; without one, the answer is empty. */
export async function getActivityTask(
  context: AwsContext,
  store: Store,
  tasks: PendingTasks,
  input: Input,
  signal: AbortSignal | undefined,
) {
  const { arn } = existingActivity(store, requiredText(input, 'activityArn'));
  const task = await tasks.poll(arn, (giveUp) => {
    const timer = context.clock.setTimeout(giveUp, ACTIVITY_POLL_MILLISECONDS);
    signal?.addEventListener('abort', giveUp, { once: true });
    return () => {
      context.clock.clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
    };
  });
  if (!task) return {};
  task.taken(optionalText(input, 'workerName'));
  return { taskToken: task.token, input: task.input };
}

function existingActivity(store: Store, reference: string): Activity {
  const activity = store.activities.get(checkedArn(reference, 'activity'));
  if (!activity) throw activityDoesNotExist(reference);
  return activity;
}
