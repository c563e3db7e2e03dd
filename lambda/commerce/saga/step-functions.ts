/** The calls of Step Functions that the saga makes, signed by hand: four actions are not worth the client. */
import { callAws } from '../../runtime/aws/signed-call.ts';
import type { Environment } from '../../runtime/environment.ts';

/** Answers a command. Nothing here throws for a token that counts no more: see TaskAnswer. */
export interface TaskCallbacks {
  succeed(taskToken: string, output: unknown): Promise<TaskAnswer>;
  /** @param error - a stable name, by which the state machine chooses what comes next */
  fail(taskToken: string, error: string): Promise<TaskAnswer>;
  heartbeat(taskToken: string): Promise<TaskAnswer>;
}

/** `late`: the task has timed out, was answered before, or its execution has ended. Nobody waits for it. */
export type TaskAnswer = 'accepted' | 'late';

export interface SagaStarter {
  /** @returns false when an execution of this name was started before */
  start(name: string, input: unknown): Promise<boolean>;
}

/**
 * `InvalidToken` is not among them: such a token was never given by Step Functions, and somebody should look.
 * Source: "Errors" of SendTaskSuccess, step-functions/latest/apireference/API_SendTaskSuccess.html.
 */
const LATE: ReadonlySet<string> = new Set(['TaskTimedOut', 'TaskDoesNotExist']);

export function taskCallbacks(environment: Environment = process.env): TaskCallbacks {
  const answer = async (action: string, body: object): Promise<TaskAnswer> => {
    try {
      await call(environment, action, body);
      return 'accepted';
    } catch (error) {
      if (error instanceof Error && LATE.has(error.name)) return 'late';
      throw error;
    }
  };
  return {
    succeed: (taskToken, output) =>
      answer('SendTaskSuccess', { taskToken, output: JSON.stringify(output ?? {}) }),
    fail: (taskToken, error) => answer('SendTaskFailure', { taskToken, error }),
    heartbeat: (taskToken) => answer('SendTaskHeartbeat', { taskToken }),
  };
}

/**
 * Standard executions keep their name for 90 days.
 * Source: StartExecution, step-functions/latest/apireference/API_StartExecution.html.
 */
export function sagaStarter(stateMachineArn: string, environment: Environment = process.env): SagaStarter {
  return {
    async start(name, input) {
      try {
        await call(environment, 'StartExecution', { stateMachineArn, name, input: JSON.stringify(input) });
        return true;
      } catch (error) {
        if (error instanceof Error && error.name === 'ExecutionAlreadyExists') return false;
        throw error;
      }
    },
  };
}

function call(environment: Environment, action: string, body: object): Promise<unknown> {
  return callAws(environment, {
    endpoint: 'SFN',
    service: 'states',
    region: environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION'] ?? 'us-east-1',
    partition: environment['AWS_REGION']?.startsWith('cn-') === true ? 'aws-cn' : 'aws',
    method: 'POST',
    path: '/',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': `AWSStepFunctions.${action}`,
    },
    body: JSON.stringify(body),
  });
}
