/**
 * Integrations with services: request and response, callbacks with a token, and executions that are waited for.
 * https://docs.aws.amazon.com/step-functions/latest/dg/connect-to-resource.html
 */
import { AwsError } from '../../errors.ts';
import { Cancelled } from '../interpreter/cancellation.ts';
import { completion, keepTask, withinTimeout } from '../interpreter/attempt.ts';
import type { Attempt } from '../interpreter/attempt.ts';
import { addEvent } from '../interpreter/run.ts';
import type { Json } from '../json.ts';
import { StateError } from '../language/state-error.ts';
import { workflowError } from './aws-error.ts';
import { measure } from './metrics.ts';
import { executionResult } from './nested-execution.ts';
import { callOptimized } from './optimized.ts';
import type { Resource } from './resource.ts';
import { callSdk } from './sdk.ts';

export type ServiceResource = Extract<Resource, { readonly service: string }>;

export async function runIntegration(resource: ServiceResource, attempt: Attempt): Promise<Json> {
  const { step, token, resumed } = attempt;
  const about = {
    resourceType: resource.kind === 'sdk' ? `aws-sdk:${resource.service}` : resource.service,
    resource:
      resource.pattern === 'requestResponse' ? resource.action : `${resource.action}.${resource.pattern}`,
  };
  if (resumed?.submitted !== true) addScheduled(attempt, about);
  const measured = measure(attempt, 'ServiceIntegrations', {
    ServiceIntegrationResourceArn: step.state.Resource ?? '',
  });
  const task = resource.pattern === 'waitForTaskToken' ? step.run.tasks.open(token) : undefined;
  let submitted = resumed?.submitted === true;
  try {
    const result = await withinTimeout(attempt, async (scope, signal) => {
      let answer: Json = null;
      if (!submitted) {
        answer = await callService(resource, attempt, signal);
        if (resource.pattern === 'requestResponse') return answer;
        submitted = true;
        addEvent(step, 'TaskSubmitted', ['taskSubmitted', { ...about, ...outputOf(answer) }]);
        keepTask(attempt, { submitted: true, ...childOf(answer) });
      }
      if (task) return completion(attempt, task, scope);
      return executionResult(attempt, resource.pattern === 'sync:2', scope);
    });
    addEvent(step, 'TaskSucceeded', ['taskSucceeded', { ...about, ...outputOf(result) }]);
    measured('Succeeded');
    return result;
  } catch (thrown) {
    if (thrown instanceof Cancelled) throw thrown;
    const error =
      thrown instanceof AwsError
        ? workflowError(resource.service, resource.kind === 'optimized', thrown)
        : thrown;
    if (!(error instanceof StateError)) throw error;
    const details = {
      ...about,
      error: error.error,
      ...(error.causeText !== undefined && { cause: error.causeText }),
    };
    if (error.error === 'States.Timeout' || error.error === 'States.HeartbeatTimeout') {
      addEvent(step, 'TaskTimedOut', ['taskTimedOut', details]);
      measured('TimedOut');
    } else {
      const refused = resource.pattern !== 'requestResponse' && !submitted;
      if (refused) addEvent(step, 'TaskSubmitFailed', ['taskSubmitFailed', details]);
      else addEvent(step, 'TaskFailed', ['taskFailed', details]);
      measured('Failed');
    }
    throw error;
  } finally {
    task?.close();
  }
}

function callService(resource: ServiceResource, attempt: Attempt, signal: AbortSignal): Promise<Json> {
  return resource.kind === 'sdk'
    ? callSdk(resource, attempt, signal)
    : callOptimized(resource, attempt, signal);
}

function addScheduled(
  attempt: Attempt,
  about: { readonly resourceType: string; readonly resource: string },
): void {
  const { step, parametersText, timeoutSeconds, heartbeatSeconds } = attempt;
  addEvent(step, 'TaskScheduled', [
    'taskScheduled',
    {
      ...about,
      region: step.run.context.region,
      parameters: parametersText,
      ...(timeoutSeconds !== undefined && { timeoutInSeconds: timeoutSeconds }),
      ...(heartbeatSeconds !== undefined && { heartbeatInSeconds: heartbeatSeconds }),
    },
  ]);
  addEvent(step, 'TaskStarted', ['taskStarted', about]);
}

function outputOf(output: Json) {
  return { output: JSON.stringify(output), outputDetails: { truncated: false } };
}

function childOf(answer: Json): { readonly childArn?: string } {
  const arn =
    typeof answer === 'object' && answer !== null && 'ExecutionArn' in answer
      ? answer['ExecutionArn']
      : undefined;
  return typeof arn === 'string' ? { childArn: arn } : {};
}
