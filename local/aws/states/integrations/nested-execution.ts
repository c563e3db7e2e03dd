/**
 * `.sync`: waits for the execution that the task started, and stops it when the task is stopped.
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-stepfunctions.html
 */
import type { Attempt } from '../interpreter/attempt.ts';
import { within } from '../interpreter/cancellation.ts';
import type { Scope } from '../interpreter/cancellation.ts';
import type { Json, JsonObject } from '../json.ts';
import { StateError } from '../language/state-error.ts';
import type { Execution } from '../model.ts';

/** What DescribeExecution says of the child when it has succeeded; `parsed` gives input and output as JSON. */
export async function executionResult(attempt: Attempt, parsed: boolean, scope: Scope): Promise<Json> {
  const { run, frame } = attempt.step;
  const childArn = frame.task?.childArn;
  if (childArn === undefined) throw new StateError('States.TaskFailed', 'No execution was started.');
  const forget = scope.onCancel(() => run.children.stop(childArn));
  const child = await within(run.children.outcome(childArn), scope).finally(forget);
  const description = described(child, parsed);
  if (child.status === 'SUCCEEDED') return description;
  throw new StateError('States.TaskFailed', JSON.stringify(description));
}

function described(child: Execution, parsed: boolean): JsonObject {
  const content = (text: string): Json => (parsed ? (JSON.parse(text) as Json) : text);
  return {
    ExecutionArn: child.arn,
    Input: content(child.input),
    InputDetails: { Included: true },
    Name: child.name,
    ...(child.output !== undefined && { Output: content(child.output), OutputDetails: { Included: true } }),
    ...(child.error !== undefined && { Error: child.error }),
    ...(child.cause !== undefined && { Cause: child.cause }),
    StartDate: child.startedAt,
    StateMachineArn: child.machineArn,
    Status: child.status,
    ...(child.stoppedAt !== undefined && { StopDate: child.stoppedAt }),
  };
}
