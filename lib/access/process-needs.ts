/** What the two roles of a long-running process on Amazon ECS need: the one that starts it, and its own. */
import { formatArn } from '../assembly/index.ts';
import type { LongRunningProcess, Messaging, Role } from '../assembly/index.ts';
import type { Actor } from './actor.ts';
import type { Need } from './needs.ts';
import type { Permission } from './permission.ts';

const SERVICE = 'ecs-tasks.amazonaws.com';
/** AmazonECS/latest/developerguide/task_execution_IAM_role.html */
const PULL_ACTIONS = ['ecr:BatchCheckLayerAvailability', 'ecr:GetDownloadUrlForLayer', 'ecr:BatchGetImage'];
const TOKEN_ACTION = 'ecr:GetAuthorizationToken';
const LOG_ACTIONS = ['logs:CreateLogStream', 'logs:PutLogEvents'];

/** @param ofVariables what the runtime does with the variables of the process */
export function ofProcess(
  messaging: Messaging,
  process: LongRunningProcess,
  ofVariables: (actor: Actor, environment: Readonly<Record<string, string>>) => readonly Need[],
): readonly Need[] {
  const role = messaging.role(process.roleArn);
  const executionRole = messaging.role(process.executionRoleArn);
  return [
    ...(role === undefined
      ? []
      : [trustOf(role, process), ...ofVariables({ kind: 'role', role }, process.environment)]),
    ...(executionRole === undefined
      ? []
      : [
          trustOf(executionRole, process),
          ...pulling(executionRole, process),
          ...logging(executionRole, process),
        ]),
  ];
}

function trustOf(role: Role, { resource }: LongRunningProcess): Need {
  const permission: Permission = {
    actor: { kind: 'service', service: SERVICE, sourceArn: formatArn('ecs', resource, '*') },
    action: 'sts:AssumeRole',
    resourceArn: role.arn,
  };
  return { permission, because: `a role of ${resource.constructPath}` };
}

/** An image elsewhere, such as a public one, takes no right. */
function pulling(role: Role, { resource, containers }: LongRunningProcess): Need[] {
  return containers.flatMap(({ image = '' }) => {
    const [, account, region, repository] = ECR_IMAGE.exec(image) ?? [];
    if (account === undefined || region === undefined) return [];
    const place = { accountId: account, region };
    return [
      ...PULL_ACTIONS.map((action) => ({
        action,
        resourceArn: formatArn('ecr', place, `repository/${repository}`),
      })),
      { action: TOKEN_ACTION, resourceArn: '*' },
    ].map((one) => ({
      permission: { actor: { kind: 'role' as const, role }, ...one },
      because: `the image of ${resource.constructPath}`,
    }));
  });
}

const ECR_IMAGE = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[a-z.]+\/([^:@]+)/;

function logging(role: Role, { resource, containers }: LongRunningProcess): Need[] {
  return containers.flatMap(({ logGroupName }) =>
    logGroupName === undefined
      ? []
      : LOG_ACTIONS.map((action) => ({
          permission: {
            actor: { kind: 'role' as const, role },
            action,
            resourceArn: formatArn('logs', resource, `log-group:${logGroupName}:*`),
          },
          because: `logs of ${resource.constructPath}`,
        })),
  );
}
