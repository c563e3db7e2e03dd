/** The unmodified CDK command line against the endpoint: bootstrap, deploy, change, destroy, with messages in between. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Code, Function, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { startEmbeddedAws } from '../../local/aws/index.ts';
import type { EmbeddedAws } from '../../local/aws/index.ts';
import { until } from '../support/waiting.ts';

const COMMAND_TIMEOUT_MS = 240_000;
const TARGET = 'aws://000000000000/us-east-1';
const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

const WORKER = `
const { SendMessageCommand, SQSClient } = require('@aws-sdk/client-sqs');
const sqs = new SQSClient({});
exports.handler = async ({ Records }) => {
  for (const { body } of Records) {
    const MessageBody = 'seen ' + body;
    await sqs.send(new SendMessageCommand({ QueueUrl: process.env.OUTBOX, MessageBody }));
  }
};
`;

let aws: EmbeddedAws;
let directory: string;

/** Synthesized here, so that each command does not run the app again. */
function synthesize(visibility: number): string {
  const outdir = join(directory, `cdk.out-${visibility}`);
  const app = new App({ outdir, analyticsReporting: false, builtinCloudFormationValidation: false });
  const stack = new Stack(app, 'Demo');
  const topic = new Topic(stack, 'Topic');
  const inbox = new Queue(stack, 'Inbox', { visibilityTimeout: Duration.seconds(visibility) });
  const outbox = new Queue(stack, 'Outbox', { queueName: 'outbox' });
  topic.addSubscription(new SqsSubscription(inbox, { rawMessageDelivery: true }));
  const worker = new Function(stack, 'Worker', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromAsset(join(directory, 'worker')),
    environment: { OUTBOX: outbox.queueUrl },
  });
  worker.addEventSource(new SqsEventSource(inbox));
  outbox.grantSendMessages(worker);
  new CfnOutput(stack, 'TopicArn', { value: topic.topicArn });
  app.synth();
  return outdir;
}

beforeAll(async () => {
  aws = await startEmbeddedAws();
  const parent = join(process.cwd(), '.waybill');
  await mkdir(parent, { recursive: true });
  directory = await mkdtemp(join(parent, 'cdk-deploy-'));
  await mkdir(join(directory, 'worker'));
  await writeFile(join(directory, 'worker', 'index.js'), WORKER);
});
afterAll(async () => {
  await aws.close();
  await rm(directory, { recursive: true, force: true });
});

/** What the command printed. Rejects with it when the command fails. */
function cdk(...command: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(process.cwd(), 'node_modules', 'aws-cdk', 'bin', 'cdk'), ...command, '--ci'],
      {
        cwd: directory,
        timeout: COMMAND_TIMEOUT_MS,
        env: {
          PATH: process.env['PATH'],
          HOME: directory,
          AWS_ENDPOINT_URL: aws.endpointUrl,
          AWS_REGION: 'us-east-1',
          AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId,
          AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
          CDK_DISABLE_CLI_TELEMETRY: 'true',
        },
      },
    );
    let printed = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (piece: Buffer) => {
        printed += piece.toString();
      });
    }
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve(printed) : reject(new Error(printed))));
  });
}

async function stackOf(name: string) {
  const client = new CloudFormationClient({
    endpoint: aws.endpointUrl,
    region: 'us-east-1',
    credentials: CREDENTIALS,
  });
  const { Stacks } = await client.send(new DescribeStacksCommand({ StackName: name }));
  return Stacks?.[0];
}

async function publish(message: string): Promise<void> {
  const outputs = (await stackOf('Demo'))?.Outputs;
  const topicArn = outputs?.find(({ OutputKey }) => OutputKey === 'TopicArn')?.OutputValue;
  const sns = new SNSClient({ endpoint: aws.endpointUrl, region: 'us-east-1', credentials: CREDENTIALS });
  await sns.send(new PublishCommand({ TopicArn: topicArn, Message: message }));
}

const bodies = (queue: string): readonly string[] =>
  aws.services.sqs.messages(`arn:aws:sqs:us-east-1:000000000000:${queue}`).map(({ body }) => body);

describe('cdk', () => {
  test(
    'bootstraps, deploys, changes and destroys, and messages flow',
    async () => {
      const [first, second] = [synthesize(30), synthesize(90)];
      await cdk('bootstrap', TARGET);
      expect(await stackOf('CDKToolkit')).toMatchObject({ StackStatus: 'CREATE_COMPLETE' });

      await cdk('deploy', '--app', first, '--require-approval', 'never');
      await publish('one');
      await until(() => bodies('outbox').includes('seen one'));

      await cdk('deploy', '--app', second, '--require-approval', 'never');
      expect(await stackOf('Demo')).toMatchObject({ StackStatus: 'UPDATE_COMPLETE' });
      expect(bodies('outbox')).toEqual(['seen one']);
      await publish('two');
      await until(() => bodies('outbox').includes('seen two'));

      await cdk('destroy', '--app', second, '--force');
      await expect(stackOf('Demo')).rejects.toThrow(/does not exist/);
      expect(aws.services.sqs.queueArns()).toEqual([]);
    },
    4 * COMMAND_TIMEOUT_MS,
  );
});
