/** What a state directory keeps of stacks that are not at rest: changes under way, change sets. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rootCaller, startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';

let directory: string;
const running: EmbeddedAws[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'waybill-stacks-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((aws) => aws.close()));
  rmSync(directory, { recursive: true });
});

async function start(name: string): Promise<EmbeddedAws> {
  const aws = await startEmbeddedAws({ stateDirectory: join(directory, name) });
  running.push(aws);
  return aws;
}

/** Another process on what this one has kept so far, as after kill -9. */
async function startOnCopy(aws: EmbeddedAws): Promise<EmbeddedAws> {
  aws.context.state.flush();
  cpSync(join(directory, 'first'), join(directory, 'second'), { recursive: true });
  return start('second');
}

const call = async (aws: EmbeddedAws, action: string, input: object) =>
  (await aws.services.cloudformation.handle(action, { ...input }, rootCaller(aws.context))) as {
    readonly Stacks?: readonly { readonly StackStatus: string; readonly StackStatusReason?: string }[];
  };
const described = async (aws: EmbeddedAws) =>
  (await call(aws, 'DescribeStacks', { StackName: 'app' })).Stacks?.[0];
const queues = (aws: EmbeddedAws) => aws.services.sqs.queueArns().map((arn) => arn.split(':').at(-1));

const QUEUE = { Type: 'AWS::SQS::Queue', Properties: { QueueName: 'app-in' } };

test('a stack whose creation was cut off knows its resources, says so, and can be deleted', async () => {
  const first = await start('first');
  const Resources = {
    Queue: QUEUE,
    Silent: {
      Type: 'AWS::Lambda::Function',
      Properties: {
        Runtime: 'nodejs24.x',
        Handler: 'index.handler',
        Role: 'arn:aws:iam::000000000000:role/anybody',
        Code: { ZipFile: 'exports.handler = async () => {};' },
      },
    },
    // Its function never answers.
    Endless: {
      Type: 'Custom::Endless',
      DependsOn: 'Queue',
      Properties: { ServiceToken: { 'Fn::GetAtt': ['Silent', 'Arn'] } },
    },
  };
  await call(first, 'CreateStack', { StackName: 'app', TemplateBody: JSON.stringify({ Resources }) });
  while (first.services.lambda.listFunctions().length === 0 || queues(first).length === 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }

  const second = await startOnCopy(first);
  expect(await described(second)).toMatchObject({
    StackStatus: 'CREATE_FAILED',
    StackStatusReason: 'The embedded AWS ended while the stack changed',
  });
  expect(queues(second)).toEqual(['app-in']);
  expect(second.services.lambda.listFunctions()).toMatchObject([
    { codeDirectory: expect.stringContaining(join(directory, 'second')) },
  ]);
  await call(second, 'DeleteStack', { StackName: 'app' });
  await second.services.cloudformation.settled();
  expect([queues(second), second.services.lambda.listFunctions()]).toEqual([[], []]);
});

test('a change set can be executed by the next process', async () => {
  const first = await start('first');
  await call(first, 'CreateChangeSet', {
    StackName: 'app',
    ChangeSetName: 'initial',
    ChangeSetType: 'CREATE',
    TemplateBody: JSON.stringify({ Resources: { Queue: QUEUE } }),
  });

  const second = await startOnCopy(first);
  expect(await described(second)).toMatchObject({ StackStatus: 'REVIEW_IN_PROGRESS' });
  await call(second, 'ExecuteChangeSet', { StackName: 'app', ChangeSetName: 'initial' });
  await second.services.cloudformation.settled();
  expect(await described(second)).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });
  expect(queues(second)).toEqual(['app-in']);
});
