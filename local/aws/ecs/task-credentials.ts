/**
 * Where the containers of a task find the credentials of its role: an address of its own for each task, as the agent of
 * ECS has it. AmazonECS/latest/developerguide/task-iam-roles.html
 */
import { randomUUID } from 'node:crypto';

import type { AccessKey } from '../credentials.ts';
import type { AwsContext } from '../context.ts';
import { roleCaller } from '../iam/role-caller.ts';
import type { RestRoute } from '../protocols/rest-json.ts';

const PATH = '/_aws/ecs/credentials';
/** Milliseconds that an answer says it is good for: six hours. The key itself is good while the task runs. */
const SESSION_MILLISECONDS = 6 * 60 * 60 * 1000;

export interface TaskCredentials {
  /** @returns the address that a task's containers are told */
  open(roleArn: string, taskArn: string): { readonly url: string; close(): void };
  readonly routes: readonly RestRoute[];
}

export function createTaskCredentials(context: AwsContext): TaskCredentials {
  const byId = new Map<string, { readonly roleArn: string; readonly key: AccessKey }>();
  return {
    open(roleArn, taskArn) {
      const id = randomUUID();
      const key = context.credentials.issue(taskCaller(roleArn, taskArn));
      byId.set(id, { roleArn, key });
      return { url: `${context.endpointUrl}${PATH}/${id}`, close: () => void byId.delete(id) };
    },
    routes: [
      {
        method: 'GET',
        path: `${PATH}/{id}`,
        async handle({ parameters }) {
          const found = byId.get(parameters['id'] ?? '');
          if (found === undefined) {
            return { status: 400, body: { code: 'InvalidIdInRequest', message: 'Invalid id' } };
          }
          const {
            accessKeyId: AccessKeyId,
            secretAccessKey: SecretAccessKey,
            sessionToken: Token,
          } = found.key;
          const Expiration = new Date(Date.now() + SESSION_MILLISECONDS).toISOString();
          return {
            status: 200,
            body: { RoleArn: found.roleArn, AccessKeyId, SecretAccessKey, Token, Expiration },
          };
        },
      },
    ],
  };
}

/** ECS in a role of a task: the role it runs in, or the one it is started with. */
export function taskCaller(roleArn: string, taskArn: string) {
  const taskId = taskArn.split('/').at(-1) ?? '';
  return roleCaller(roleArn, taskId, {
    assumedBy: { service: 'ecs-tasks.amazonaws.com', sourceArn: taskArn },
  });
}
