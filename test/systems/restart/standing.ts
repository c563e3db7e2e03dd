/** Things that are made once and must be there, and go on, after the kills. */
import { expect } from '@jest/globals';
import {
  CreateDeploymentCommand,
  CreateRestApiCommand,
  GetResourcesCommand,
  PutIntegrationCommand,
  PutIntegrationResponseCommand,
  PutMethodCommand,
  PutMethodResponseCommand,
} from '@aws-sdk/client-api-gateway';
import {
  CreateStackCommand,
  DeleteStackCommand,
  DescribeStacksCommand,
  UpdateStackCommand,
} from '@aws-sdk/client-cloudformation';
import {
  DescribeAlarmsCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import {
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateArchiveCommand,
  CreateEventBusCommand,
  DescribeArchiveCommand,
  DescribeEventBusCommand,
} from '@aws-sdk/client-eventbridge';
import { CreateKeyCommand, DecryptCommand, EncryptCommand } from '@aws-sdk/client-kms';
import {
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { CreateScheduleCommand } from '@aws-sdk/client-scheduler';
import {
  CreateStateMachineCommand,
  DescribeExecutionCommand,
  SendTaskSuccessCommand,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { ListTopicsCommand } from '@aws-sdk/client-sns';
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, type STSClient } from '@aws-sdk/client-sts';
import { Client } from 'pg';
import { clientsOf, type Clients } from './clients.ts';
import { createQueue, drain, eventually, urlOf } from './drain.ts';
import { DATABASE_STACK, STACK } from './stack.ts';

export interface Standing {
  readonly name: string;
  /** Makes it; gives the check for after the last restart. */
  make(clients: Clients): Promise<(clients: Clients) => Promise<void>>;
}

const ROLE = 'arn:aws:iam::000000000000:role/anybody';

const inFlightFifo: Standing = {
  name: 'SQS FIFO: a message in flight still locks its group, and its receipt handle still deletes it',
  async make(clients) {
    const { url } = await createQueue(clients, 'locked.fifo', {
      FifoQueue: 'true',
      ContentBasedDeduplication: 'true',
      VisibilityTimeout: '300',
    });
    for (const MessageBody of ['first', 'second']) {
      await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, MessageGroupId: 'g' }));
    }
    const { Messages = [] } = await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
    const ReceiptHandle = Messages[0]?.ReceiptHandle;
    return async (later) => {
      const QueueUrl = await urlOf(later, 'locked.fifo');
      expect(await drain(later, 'locked.fifo')).toEqual([]);
      const again = { QueueUrl, MessageBody: 'first', MessageGroupId: 'g' };
      await later.sqs.send(new SendMessageCommand(again));
      await later.sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      // The repeated body is taken for the first one: its deduplication outlives the message and the process.
      expect(await drain(later, 'locked.fifo')).toEqual(['second']);
    };
  },
};

const delayed: Standing = {
  name: 'SQS: a delayed message comes when it is due, not before',
  async make(clients) {
    const { url } = await createQueue(clients, 'delayed');
    const due = Date.now() + 12_000;
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'later', DelaySeconds: 12 }));
    return async (later) => {
      const early = await drain(later, 'delayed');
      if (Date.now() < due) expect(early).toEqual([]);
      await eventually(async () => {
        early.push(...(await drain(later, 'delayed')));
        expect(early).toEqual(['later']);
      });
      expect(Date.now()).toBeGreaterThanOrEqual(due);
    };
  },
};

const deadLettered: Standing = {
  name: 'SQS: receive counts go on, and what was dead-lettered stays where it is',
  async make(clients) {
    const { arn } = await createQueue(clients, 'dead');
    const { url } = await createQueue(clients, 'failing', {
      VisibilityTimeout: '0',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 2 }),
    });
    const receive = async () =>
      (await clients.sqs.send(new ReceiveMessageCommand({ QueueUrl: url }))).Messages;
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'poison' }));
    await receive();
    await receive();
    expect(await receive()).toBeUndefined();
    await clients.sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: 'received once' }));
    await receive();
    return async (later) => {
      const QueueUrl = await urlOf(later, 'failing');
      const { Messages = [] } = await later.sqs.send(
        new ReceiveMessageCommand({
          QueueUrl,
          MessageSystemAttributeNames: ['ApproximateReceiveCount'],
        }),
      );
      expect(Messages.map(({ Body, Attributes }) => [Body, Attributes?.ApproximateReceiveCount])).toEqual([
        ['received once', '2'],
      ]);
      await later.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      expect(await drain(later, 'dead')).toEqual(['poison', 'received once']);
    };
  },
};

const schedule: Standing = {
  name: 'Scheduler: a time that passed while nobody listened is made up for, once',
  async make(clients) {
    const { arn } = await createQueue(clients, 'scheduled');
    const at = new Date(Date.now() + 4_000).toISOString().slice(0, 19);
    await clients.scheduler.send(
      new CreateScheduleCommand({
        Name: 'once',
        ScheduleExpression: `at(${at})`,
        FlexibleTimeWindow: { Mode: 'OFF' },
        Target: { Arn: arn, RoleArn: ROLE, Input: '"it is time"' },
      }),
    );
    return async (later) => {
      const came: string[] = [];
      await eventually(async () => {
        came.push(...(await drain(later, 'scheduled')));
        expect(came).toEqual(['"it is time"']);
      });
    };
  },
};

const encryption: Standing = {
  name: 'KMS: a ciphertext can be read, a secret too',
  async make({ kms, json }) {
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}));
    const EncryptionContext = { tenant: 'a' };
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId: KeyMetadata?.KeyId, Plaintext: Buffer.from('plain'), EncryptionContext }),
    );
    await json('secretsmanager.CreateSecret', { Name: 'token', SecretString: 'hidden' });
    return async (later) => {
      const { Plaintext } = await later.kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }));
      expect(Buffer.from(Plaintext ?? []).toString()).toBe('plain');
      expect(await later.json('secretsmanager.GetSecretValue', { SecretId: 'token' })).toMatchObject({
        SecretString: 'hidden',
      });
    };
  },
};

const callback: Standing = {
  name: 'Step Functions: an execution that waits for its task token goes on with it',
  async make(clients) {
    await createQueue(clients, 'callbacks');
    const definition = JSON.stringify({
      StartAt: 'Ask',
      States: {
        Ask: {
          Type: 'Task',
          Resource: 'arn:aws:states:::sqs:sendMessage.waitForTaskToken',
          Parameters: { QueueUrl: await urlOf(clients, 'callbacks'), 'MessageBody.$': '$$.Task.Token' },
          End: true,
        },
      },
    });
    const { stateMachineArn } = await clients.states.send(
      new CreateStateMachineCommand({ name: 'asking', roleArn: ROLE, definition }),
    );
    const { executionArn } = await clients.states.send(new StartExecutionCommand({ stateMachineArn }));
    const tokens: string[] = [];
    await eventually(async () => {
      tokens.push(...(await drain(clients, 'callbacks')));
      expect(tokens).toHaveLength(1);
    });
    return async ({ states }) => {
      await states.send(new SendTaskSuccessCommand({ taskToken: tokens[0], output: '"yes"' }));
      await eventually(async () => {
        expect(await states.send(new DescribeExecutionCommand({ executionArn }))).toMatchObject({
          status: 'SUCCEEDED',
          output: '"yes"',
        });
      });
    };
  },
};

const upload: Standing = {
  name: 'S3: a multipart upload is completed with the parts of before',
  async make({ s3 }) {
    const target = { Bucket: 'uploads', Key: 'whole' };
    await s3.send(new CreateBucketCommand({ Bucket: 'uploads' }));
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const part = { ...target, UploadId };
    const megabyte = 1024 * 1024;
    const first = await s3.send(
      new UploadPartCommand({ ...part, PartNumber: 1, Body: Buffer.alloc(5 * megabyte, 'a') }),
    );
    return async (later) => {
      const second = await later.s3.send(new UploadPartCommand({ ...part, PartNumber: 2, Body: 'end' }));
      const Parts = [first, second].map(({ ETag }, index) => ({ ETag, PartNumber: index + 1 }));
      await later.s3.send(new CompleteMultipartUploadCommand({ ...part, MultipartUpload: { Parts } }));
      const { Body } = await later.s3.send(new GetObjectCommand(target));
      const text = (await Body?.transformToString()) ?? '';
      expect([text.length, text.slice(-4)]).toEqual([5 * megabyte + 3, 'aend']);
    };
  },
};

const observability: Standing = {
  name: 'CloudWatch and Logs: alarms with their state, groups with their retention',
  async make({ cloudWatch, logs }) {
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName: 'quiet',
        Namespace: 'Test',
        MetricName: 'Errors',
        Statistic: 'Sum',
        Period: 60,
        EvaluationPeriods: 1,
        Threshold: 0,
        ComparisonOperator: 'GreaterThanThreshold',
        TreatMissingData: 'ignore',
      }),
    );
    await cloudWatch.send(
      new SetAlarmStateCommand({ AlarmName: 'quiet', StateValue: 'ALARM', StateReason: 'by hand' }),
    );
    await logs.send(new CreateLogGroupCommand({ logGroupName: '/app' }));
    await logs.send(new PutRetentionPolicyCommand({ logGroupName: '/app', retentionInDays: 7 }));
    return async (later) => {
      const { MetricAlarms } = await later.cloudWatch.send(new DescribeAlarmsCommand({}));
      expect(MetricAlarms).toMatchObject([{ AlarmName: 'quiet', StateValue: 'ALARM' }]);
      const { logGroups } = await later.logs.send(
        new DescribeLogGroupsCommand({ logGroupNamePrefix: '/app' }),
      );
      expect(logGroups).toMatchObject([{ logGroupName: '/app', retentionInDays: 7 }]);
    };
  },
};

const role: Standing = {
  name: 'IAM and EventBridge: a role with its policy and sessions, a bus with its archive',
  async make({ iam, events, sts, endpoint }) {
    const trust = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: '000000000000' }, Action: 'sts:AssumeRole' }],
    };
    const policy = {
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Action: 'sqs:*', Resource: '*' }],
    };
    await iam('CreateRole', { RoleName: 'kept', AssumeRolePolicyDocument: JSON.stringify(trust) });
    await iam('PutRolePolicy', {
      RoleName: 'kept',
      PolicyName: 'queues',
      PolicyDocument: JSON.stringify(policy),
    });
    const { EventBusArn } = await events.send(new CreateEventBusCommand({ Name: 'orders' }));
    await events.send(new CreateArchiveCommand({ ArchiveName: 'orders', EventSourceArn: EventBusArn }));
    const session = await assumeRole(sts, 'kept');
    const refused = (address: string) =>
      expect(clientsOf(address, session).sns.send(new ListTopicsCommand({}))).rejects.toThrow(
        'not authorized',
      );
    await refused(endpoint);
    return async (later) => {
      await refused(later.endpoint);
      const kept = await later.iam('GetRolePolicy', { RoleName: 'kept', PolicyName: 'queues' });
      expect(decodeURIComponent(kept)).toContain('"sqs:*"');
      expect(await later.events.send(new DescribeEventBusCommand({ Name: 'orders' }))).toMatchObject({
        Arn: EventBusArn,
      });
      expect(await later.events.send(new DescribeArchiveCommand({ ArchiveName: 'orders' }))).toMatchObject({
        State: 'ENABLED',
        EventSourceArn: EventBusArn,
      });
    };
  },
};

async function assumeRole(sts: STSClient, name: string) {
  const RoleArn = `arn:aws:iam::000000000000:role/${name}`;
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'test' }));
  return {
    accessKeyId: String(Credentials?.AccessKeyId),
    secretAccessKey: String(Credentials?.SecretAccessKey),
    sessionToken: String(Credentials?.SessionToken),
  };
}

const restApi: Standing = {
  name: 'API Gateway: a REST API answers',
  async make({ apiGateway, endpoint }) {
    const { id: restApiId } = await apiGateway.send(new CreateRestApiCommand({ name: 'orders' }));
    const { items } = await apiGateway.send(new GetResourcesCommand({ restApiId }));
    const method = { restApiId, resourceId: items?.[0]?.id, httpMethod: 'GET' };
    await apiGateway.send(new PutMethodCommand({ ...method, authorizationType: 'NONE' }));
    await apiGateway.send(
      new PutIntegrationCommand({
        ...method,
        type: 'MOCK',
        requestTemplates: { 'application/json': '{"statusCode":200}' },
      }),
    );
    await apiGateway.send(new PutMethodResponseCommand({ ...method, statusCode: '200' }));
    await apiGateway.send(
      new PutIntegrationResponseCommand({
        ...method,
        statusCode: '200',
        responseTemplates: { 'application/json': '{"answer":42}' },
      }),
    );
    await apiGateway.send(new CreateDeploymentCommand({ restApiId, stageName: 'v1' }));
    const answer = async (address: string) =>
      (await fetch(`${address}/_aws/execute-api/${restApiId}/v1/`)).json();
    expect(await answer(endpoint)).toEqual({ answer: 42 });
    return async (later) => expect(await answer(later.endpoint)).toEqual({ answer: 42 });
  },
};

const stack: Standing = {
  name: 'CloudFormation: a stack runs, finds its own queue at the new address, is updated and deleted',
  async make({ cloudFormation }) {
    const template = (timeout: number) => JSON.stringify(STACK(timeout));
    const Capabilities = ['CAPABILITY_IAM' as const];
    const status = async (clients: Clients) => {
      const { Stacks } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: 'app' }));
      return Stacks?.[0]?.StackStatus;
    };
    await cloudFormation.send(
      new CreateStackCommand({ StackName: 'app', TemplateBody: template(30), Capabilities }),
    );
    return async (later) => {
      await eventually(async () => expect(await status(later)).toBe('CREATE_COMPLETE'));
      const QueueUrl = await urlOf(later, 'app-in');
      const roundTrip = async (text: string) => {
        await later.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: text }));
        await eventually(async () => expect(await drain(later, 'app-out')).toEqual([`handled ${text}`]));
      };
      await roundTrip('before the update');
      await later.cloudFormation.send(
        new UpdateStackCommand({ StackName: 'app', TemplateBody: template(40), Capabilities }),
      );
      await eventually(async () => expect(await status(later)).toBe('UPDATE_COMPLETE'));
      await roundTrip('after the update');
      await later.cloudFormation.send(new DeleteStackCommand({ StackName: 'app' }));
      await eventually(async () => {
        await expect(status(later)).rejects.toThrow('does not exist');
      });
      await expect(urlOf(later, 'app-in')).rejects.toThrow('does not exist');
    };
  },
};

const database: Standing = {
  name: 'CloudFormation: the database of a cluster has its rows, at the same address, with the same password',
  async make(clients) {
    const TemplateBody = JSON.stringify(DATABASE_STACK);
    await clients.cloudFormation.send(new CreateStackCommand({ StackName: 'data', TemplateBody }));
    let outputs: Readonly<Record<string, string>> = {};
    await eventually(async () => {
      const { Stacks } = await clients.cloudFormation.send(new DescribeStacksCommand({ StackName: 'data' }));
      expect(Stacks?.[0]?.StackStatus).toBe('CREATE_COMPLETE');
      const entries = Stacks?.[0]?.Outputs?.map(({ OutputKey, OutputValue }) => [OutputKey, OutputValue]);
      outputs = Object.fromEntries(entries ?? []) as Record<string, string>;
    });
    const query = async ({ json }: Clients, sql: string): Promise<readonly unknown[]> => {
      const secret = await json('secretsmanager.GetSecretValue', { SecretId: outputs['Secret'] });
      const { username, password } = JSON.parse(String(secret['SecretString'])) as Record<string, string>;
      const client = new Client({
        host: outputs['Host'],
        port: Number(outputs['Port']),
        user: username,
        password,
        database: 'app',
      });
      await client.connect();
      try {
        return (await client.query(sql)).rows as readonly unknown[];
      } finally {
        await client.end();
      }
    };
    await query(clients, 'create table kept (value text)');
    await query(clients, "insert into kept values ('row')");
    return async (later) => expect(await query(later, 'select value from kept')).toEqual([{ value: 'row' }]);
  },
};

export const STANDING: readonly Standing[] = [
  delayed,
  schedule,
  inFlightFifo,
  deadLettered,
  encryption,
  callback,
  upload,
  observability,
  role,
  restApi,
  stack,
  database,
];
