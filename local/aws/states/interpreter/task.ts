/**
 * Task: calls a function, a service or an activity, and waits as its resource says, within its timeout and heartbeat.
 * https://docs.aws.amazon.com/step-functions/latest/dg/state-task.html
 */
import { parseResource } from '../integrations/resource.ts';
import type { Resource } from '../integrations/resource.ts';
import { runActivity } from '../integrations/activity.ts';
import { runFunction } from '../integrations/lambda.ts';
import { runIntegration } from '../integrations/service.ts';
import { isObject } from '../json.ts';
import type { Json } from '../json.ts';
import { evaluateValue } from '../language/jsonata.ts';
import { fillTemplate } from '../language/payload-template.ts';
import { runtimeError } from '../language/state-error.ts';
import type { Attempt } from './attempt.ts';
import { effectiveInput, numberOf, withResult, workInput } from './input-output.ts';
import { contextObject, limitedText, pathScope, queryScope } from './run.ts';
import type { Outcome, Step } from './run.ts';

export async function runTask(step: Step): Promise<Outcome> {
  const { run, frame, state } = step;
  const resource = parseResource(state.Resource ?? '');
  if (!resource) throw runtimeError(`The resource ${state.Resource ?? ''} is not recognized.`);
  const resumed = frame.task;
  const token = resumed?.token ?? run.tasks.newToken(run.execution.arn);
  const context = contextObject(step, waitsForToken(resource) ? token : undefined);
  const parameters = resumed?.parameters ?? (await workInput(step, context));
  const timeoutSeconds = await numberOf(step, 'TimeoutSeconds');
  const heartbeatSeconds = await numberOf(step, 'HeartbeatSeconds');
  const attempt: Attempt = {
    step,
    token,
    parameters,
    parametersText: limitedText(parameters, `The input of the task '${state.Resource ?? ''}'`),
    timeoutSeconds,
    heartbeatSeconds,
    roleArn: await roleOf(step),
    startedAt: resumed?.startedAt ?? run.context.clock.now(),
    resumed,
  };
  const result = await runResource(resource, attempt);
  limitedText(result, `The state/task '${state.Resource ?? ''}' returned a result whose size`);
  return withResult(step, result, context);
}

function runResource(resource: Resource, attempt: Attempt): Promise<Json> {
  if (resource.kind === 'function') return runFunction(resource.arn, attempt);
  if (resource.kind === 'activity') return runActivity(resource.arn, attempt);
  return runIntegration(resource, attempt);
}

function waitsForToken(resource: Resource): boolean {
  return 'pattern' in resource && resource.pattern === 'waitForTaskToken';
}

/** The machine's role, or the one that Credentials names. */
async function roleOf(step: Step): Promise<string> {
  const { Credentials: credentials } = step.state;
  if (credentials === undefined) return step.run.execution.roleArn;
  const filled =
    step.language === 'JSONata'
      ? await evaluateValue(credentials, 'Credentials', queryScope(step))
      : fillTemplate(credentials, pathScope(step, effectiveInput(step)));
  const role = isObject(filled) ? filled['RoleArn'] : undefined;
  if (typeof role === 'string') return role;
  throw runtimeError('The Credentials of a Task must give a RoleArn.');
}
