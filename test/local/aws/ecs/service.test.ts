/** A service of ECS from a template: its container is a process with the task's environment, role and log. */
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rootCaller } from '../../../../local/aws/context.ts';
import { callService } from '../../../../local/aws/index.ts';
import { awsUnderTest, deploy as deployStacks } from '../../assembly/assembly-under-test.ts';
import type { AwsUnderTest } from '../../assembly/assembly-under-test.ts';
import { until } from '../../../support/waiting.ts';

let it: AwsUnderTest;

beforeEach(async () => {
  it = await awsUnderTest({ policies: 'enforced' });
});
afterEach(() => it.close());

const DOCKERFILE = 'FROM node:24\nWORKDIR /app\nCOPY . .\nCMD ["node", "index.mjs"]\n';

/** Says what it has, asks SQS with its role, and ends in order when it is told to. */
const MAIN = `
const { env } = process;
const key = await (await fetch(env.AWS_CONTAINER_CREDENTIALS_FULL_URI)).json();
console.log('HAS ' + JSON.stringify({ version: env.VERSION, password: env.PASSWORD, region: env.AWS_REGION, role: key.RoleArn, home: env.HOME ?? null }));
const ask = async (action, body) => {
  const answer = await fetch(env.AWS_ENDPOINT_URL, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.' + action,
      authorization: 'AWS4-HMAC-SHA256 Credential=' + key.AccessKeyId + '/20260101/us-east-1/sqs/aws4_request',
    },
    body: JSON.stringify(body),
  });
  return answer.status;
};
console.log('MAY ' + (await ask('SendMessage', { QueueUrl: env.QUEUE_URL, MessageBody: 'hello' })) + ' ' + (await ask('PurgeQueue', { QueueUrl: env.QUEUE_URL })));
process.on('SIGTERM', () => { console.log('DRAINED ' + env.VERSION); process.exit(0); });
setInterval(() => {}, 1000);
`;

const role = (statements: readonly object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
      ],
    },
    Policies: [{ PolicyName: 'all', PolicyDocument: { Statement: statements } }],
  },
});
const allow = (Action: string | readonly string[], id: string) => ({
  Effect: 'Allow',
  Action,
  Resource: { 'Fn::GetAtt': [id, 'Arn'] },
});

interface Wanted {
  readonly version?: string;
  readonly desiredCount?: number;
  readonly image?: string;
  readonly container?: object;
  readonly service?: object;
  readonly execution?: readonly object[];
}

const template = (wanted: Wanted = {}) => ({
  Resources: {
    Secret: {
      Type: 'AWS::SecretsManager::Secret',
      Properties: { SecretString: '{"username":"worker","password":"of-the-secret"}' },
    },
    Queue: { Type: 'AWS::SQS::Queue' },
    Log: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/worker' } },
    TaskRole: role([allow('sqs:SendMessage', 'Queue')]),
    ExecutionRole: role(
      wanted.execution ?? [
        allow(['logs:CreateLogStream', 'logs:PutLogEvents'], 'Log'),
        { Effect: 'Allow', Action: 'secretsmanager:GetSecretValue', Resource: { Ref: 'Secret' } },
      ],
    ),
    Cluster: { Type: 'AWS::ECS::Cluster' },
    Task: {
      Type: 'AWS::ECS::TaskDefinition',
      Properties: {
        Family: 'worker',
        Cpu: '256',
        Memory: '512',
        NetworkMode: 'awsvpc',
        RequiresCompatibilities: ['FARGATE'],
        TaskRoleArn: { 'Fn::GetAtt': ['TaskRole', 'Arn'] },
        ExecutionRoleArn: { 'Fn::GetAtt': ['ExecutionRole', 'Arn'] },
        ContainerDefinitions: [
          {
            Name: 'main',
            Essential: true,
            Image: {
              'Fn::Sub': `\${AWS::AccountId}.dkr.ecr.\${AWS::Region}.\${AWS::URLSuffix}/images:${wanted.image ?? 'one'}`,
            },
            Environment: [
              { Name: 'VERSION', Value: wanted.version ?? '1' },
              { Name: 'QUEUE_URL', Value: { Ref: 'Queue' } },
            ],
            Secrets: [{ Name: 'PASSWORD', ValueFrom: { 'Fn::Sub': '${Secret}:password::' } }],
            LogConfiguration: {
              LogDriver: 'awslogs',
              Options: {
                'awslogs-group': { Ref: 'Log' },
                'awslogs-region': { Ref: 'AWS::Region' },
                'awslogs-stream-prefix': 'agents',
              },
            },
            StopTimeout: 60,
            ...wanted.container,
          },
        ],
      },
    },
    Service: {
      Type: 'AWS::ECS::Service',
      Properties: {
        ServiceName: 'worker',
        Cluster: { Ref: 'Cluster' },
        TaskDefinition: { Ref: 'Task' },
        LaunchType: 'FARGATE',
        DesiredCount: wanted.desiredCount ?? 1,
        ...wanted.service,
      },
    },
  },
  Outputs: { Service: { Value: { 'Fn::GetAtt': ['Service', 'Name'] } } },
});

const deploy = (wanted?: Wanted, main: string = MAIN) =>
  deployStacks(it, {
    s: {
      template: template(wanted),
      images: { one: { Dockerfile: DOCKERFILE, 'index.mjs': main, 'package.json': '{}' } },
    },
  });
const lines = (): readonly string[] => it.aws.services.logs.logs('/worker').map(({ message }) => message);
const tasks = () => it.aws.services.ecs.tasks();
const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const ecs = (action: string, input: Record<string, unknown>) =>
  callService(it.aws.context, it.aws.services.ecs, action, input, rootCaller(it.aws.context));

test('a container has the environment, the secret and the role of its task, writes to its log, and drains', async () => {
  const { notRun, ignoredProperties, stacks } = await deploy();
  expect([notRun, ignoredProperties]).toEqual([[], []]);
  expect(stacks[0]?.outputs).toEqual({ Service: 'worker' });
  await until(() => lines().some((line) => line.startsWith('MAY')));
  expect(
    JSON.parse(
      lines()
        .find((line) => line.startsWith('HAS'))!
        .slice(4),
    ),
  ).toEqual({
    version: '1',
    password: 'of-the-secret',
    region: 'us-east-1',
    role: expect.stringMatching(/^arn:aws:iam::000000000000:role\/s-TaskRole-/),
    home: null,
  });
  // What the role does not have is denied.
  expect(lines()).toContain('MAY 200 403');
  const [task] = tasks();
  const taskId = task!.arn.split('/').at(-1);
  expect(it.aws.services.logs.logs('/worker')[0]?.streamName).toBe(`agents/main/${taskId}`);

  const { pid } = task!.containers[0]!;
  expect(isAlive(pid)).toBe(true);
  await it.aws.services.ecs.stopTasks();
  expect(isAlive(pid)).toBe(false);
  expect(lines()).toContain('DRAINED 1');
});

test('a task that dies is replaced; the count is what UpdateService says', async () => {
  await deploy();
  const [first] = tasks();
  it.aws.services.ecs.kill(first!.arn, 'SIGKILL');
  await until(() => tasks().some(({ arn, status }) => arn !== first!.arn && status === 'RUNNING'));
  await it.aws.services.ecs.steady('worker');
  expect(tasks()).toHaveLength(1);

  const [cluster] = ((await ecs('ListClusters', {})) as { clusterArns: string[] }).clusterArns;
  await ecs('UpdateService', { cluster, service: 'worker', desiredCount: 0 });
  await it.aws.services.ecs.steady('worker');
  expect(tasks()).toEqual([]);
  const described = (await ecs('DescribeServices', { cluster, services: ['worker', 'other'] })) as {
    services: { desiredCount: number; runningCount: number; events: { message: string }[] }[];
    failures: unknown[];
  };
  expect(described.services).toMatchObject([{ desiredCount: 0, runningCount: 0 }]);
  expect(described.services[0]!.events.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^\(service worker\) task \w+ ended: .*main: exit code 137$/),
  );
  expect(described.failures).toEqual([{ arn: 'other', reason: 'MISSING' }]);
});

test('a changed template brings new tasks, which serve before the old one is stopped', async () => {
  await deploy();
  await until(() => lines().some((line) => line.startsWith('MAY')));
  const [first] = tasks();
  await deploy({ version: '2' });
  expect(tasks()).toHaveLength(1);
  expect(tasks()[0]!.taskDefinitionArn).toMatch(/:task-definition\/worker:2$/);
  expect(tasks()[0]!.arn).not.toBe(first!.arn);
  expect(lines()).toContain('DRAINED 1');
});

test('a service that never serves fails the deployment with the reason, and nothing of it is left', async () => {
  await expect(deploy({}, 'process.exit(3);')).rejects.toThrow(
    /AWS::ECS::Service Service of the stack s could not be created: 3 tasks .*main: exit code 3/,
  );
  expect(tasks()).toEqual([]);
});

test('a secret that the execution role may not read keeps the task from starting', async () => {
  const execution = [allow(['logs:CreateLogStream', 'logs:PutLogEvents'], 'Log')];
  await expect(deploy({ execution })).rejects.toThrow(
    /ResourceInitializationError: .*not authorized to perform: secretsmanager:GetSecretValue/,
  );
});

test('what is no Node image of the assembly does not run, and the rest does', async () => {
  const { notRun } = await deploy({ image: 'unknown' });
  expect(notRun.map(({ logicalId, reason }) => [logicalId, reason])).toEqual([
    ['Task', expect.stringContaining('is in a registry')],
    ['Service', 'its task definition does not run here'],
  ]);
});

test('a container that is not healthy yet does not serve; its check and its volume are its own', async () => {
  const HEALTHY = `
    import { existsSync, writeFileSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { dirname } from 'node:path';
    const { HEALTH_FILE } = process.env;
    console.log('FILE ' + HEALTH_FILE + ' ' + existsSync(HEALTH_FILE) + ' ' + (dirname(HEALTH_FILE) === tmpdir()));
    process.on('SIGTERM', () => process.exit(0));
    setTimeout(() => writeFileSync(HEALTH_FILE, ''), 50);
    setInterval(() => {}, 1000);`;
  const container = {
    Environment: [{ Name: 'HEALTH_FILE', Value: '/tmp/healthy' }],
    HealthCheck: {
      Command: ['CMD-SHELL', "find /tmp/healthy -newermt '-60 seconds' | grep -q ."],
      Interval: '5',
      Retries: 3,
    },
    MountPoints: [{ SourceVolume: 'temporary', ContainerPath: '/tmp', ReadOnly: false }],
  };
  await deploy({ container, desiredCount: 2 }, HEALTHY);
  expect(tasks()).toMatchObject([
    { status: 'RUNNING', health: 'HEALTHY' },
    { status: 'RUNNING', health: 'HEALTHY' },
  ]);
  await until(() => lines().length === 2);
  // Each task has its own /tmp, empty at first and gone with it.
  const files = lines().map((line) => /^FILE (\S+) false true$/.exec(line)?.[1]);
  expect(new Set(files).size).toBe(2);
  expect(files.every((file) => file !== undefined && existsSync(file))).toBe(true);
  await it.aws.services.ecs.stopTasks();
  expect(files.filter((file) => existsSync(file!))).toEqual([]);
});
