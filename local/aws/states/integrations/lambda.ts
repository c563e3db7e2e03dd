/**
 * Functions: a Task whose Resource is a function's ARN, and the answer of an invocation.
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html
 */
import { call } from '../../delivery/index.ts';
import { AwsError } from '../../errors.ts';
import { Cancelled } from '../interpreter/cancellation.ts';
import { executionCaller, withinTimeout } from '../interpreter/attempt.ts';
import type { Attempt } from '../interpreter/attempt.ts';
import { addEvent } from '../interpreter/run.ts';
import { isObject } from '../json.ts';
import type { Json, JsonObject } from '../json.ts';
import { StateError } from '../language/state-error.ts';
import { workflowError } from './aws-error.ts';
import { measure } from './metrics.ts';

/** Invokes the function of an ARN; its answer is the task's result. */
export async function runFunction(arn: string, attempt: Attempt): Promise<Json> {
  const { step, parametersText: input, timeoutSeconds } = attempt;
  addEvent(step, 'LambdaFunctionScheduled', [
    'lambdaFunctionScheduled',
    {
      resource: arn,
      input,
      inputDetails: { truncated: false },
      ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
    },
  ]);
  addEvent(step, 'LambdaFunctionStarted');
  const measured = measure(attempt, 'LambdaFunctions', { LambdaFunctionArn: arn });
  try {
    const result = await withinTimeout(attempt, async () => {
      const answer = await invoke(attempt, { FunctionName: arn, Payload: input });
      return functionResult(answer);
    });
    addEvent(step, 'LambdaFunctionSucceeded', [
      'lambdaFunctionSucceeded',
      { output: JSON.stringify(result), outputDetails: { truncated: false } },
    ]);
    measured('Succeeded');
    return result;
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    const error = thrown instanceof AwsError ? workflowError('lambda', true, thrown) : thrown;
    if (!(error instanceof StateError)) throw error;
    const details = { error: error.error, ...(error.causeText !== undefined && { cause: error.causeText }) };
    if (error.error === 'States.Timeout') {
      addEvent(step, 'LambdaFunctionTimedOut', ['lambdaFunctionTimedOut', details]);
      measured('TimedOut');
    } else {
      addEvent(step, 'LambdaFunctionFailed', ['lambdaFunctionFailed', details]);
      measured('Failed');
    }
    throw error;
  }
}

/** Calls Lambda's Invoke as the execution's role. */
export async function invoke(attempt: Attempt, input: Record<string, unknown>): Promise<JsonObject> {
  const { context } = attempt.step.run;
  const answer = await call(context, 'lambda', 'Invoke', input, executionCaller(attempt));
  return answer as JsonObject;
}

/** What a function returned. Throws its error, by the error's own type. */
export function functionResult(answer: JsonObject): Json {
  const payload = parsed(answer['Payload']);
  if (answer['FunctionError'] === undefined) return payload;
  const type = isObject(payload) ? payload['errorType'] : undefined;
  const cause = JSON.stringify(payload);
  if (typeof type === 'string') throw new StateError(type, cause);
  throw new StateError(
    'Lambda.Unknown',
    `The cause could not be determined because Lambda did not return an error type. Returned payload: ${cause}`,
  );
}

function parsed(payload: unknown): Json {
  const text = payload instanceof Uint8Array ? Buffer.from(payload).toString('utf8') : payload;
  if (typeof text !== 'string' || text === '') return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}
