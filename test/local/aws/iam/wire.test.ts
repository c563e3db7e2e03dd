/** IAM and sessions over the wire: the Query API of IAM, clients that sign with a session's key, errors as AWS sends them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { KMSClient, ListKeysCommand } from '@aws-sdk/client-kms';
import { GetFunctionCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';

const ACCOUNT = '000000000000';
const ROLE_ARN = `arn:aws:iam::${ACCOUNT}:role/app/worker`;

let aws: EmbeddedAws;
let queueUrl: string;

const settings = (credentials = { accessKeyId: 'local', secretAccessKey: 'local' }) => ({
  endpoint: aws.endpointUrl,
  region: 'us-east-1',
  credentials,
  maxAttempts: 1,
});

async function iam(action: string, parameters: Readonly<Record<string, string>>): Promise<Response> {
  const body = new URLSearchParams({ Action: action, Version: '2010-05-08', ...parameters });
  return fetch(aws.endpointUrl, { method: 'POST', body });
}

async function sessionCredentials() {
  const sts = new STSClient(settings());
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: ROLE_ARN, RoleSessionName: 'wire' }),
  );
  sts.destroy();
  return {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
}

beforeAll(async () => {
  aws = await startEmbeddedAws({ port: 0, policies: 'enforced' });
  const sqs = new SQSClient(settings());
  queueUrl = (await sqs.send(new CreateQueueCommand({ QueueName: 'orders' }))).QueueUrl ?? '';
  sqs.destroy();
  const created = await iam('CreateRole', {
    RoleName: 'worker',
    Path: '/app/',
    AssumeRolePolicyDocument: JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { AWS: ACCOUNT }, Action: 'sts:AssumeRole' }],
    }),
    'Tags.member.1.Key': 'team',
    'Tags.member.1.Value': 'orders',
  });
  expect(created.status).toBe(200);
});
afterAll(() => aws.close());

describe('roles over the Query API', () => {
  test('a role is shown as it was made', async () => {
    const response = await iam('GetRole', { RoleName: 'worker' });
    const xml = await response.text();

    expect(xml).toContain(`<Arn>${ROLE_ARN}</Arn>`);
    expect(xml).toContain('<Key>team</Key><Value>orders</Value>');
    expect(xml).toContain('<AssumeRolePolicyDocument>%7B%22Version%22');
  });

  test('what is not there, twice there or malformed is refused as IAM does', async () => {
    const document = (statement: string) => ({ AssumeRolePolicyDocument: `{"Statement":${statement}}` });
    const trust = document('[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]');
    const cases = [
      [await iam('GetRole', { RoleName: 'nobody' }), 404, 'NoSuchEntity'],
      [await iam('CreateRole', { RoleName: 'worker', ...trust }), 409, 'EntityAlreadyExists'],
      [
        await iam('CreateRole', { RoleName: 'x', AssumeRolePolicyDocument: '{' }),
        400,
        'MalformedPolicyDocument',
      ],
      [await iam('CreateRole', { RoleName: 'x', ...document('5') }), 400, 'MalformedPolicyDocument'],
      [await iam('CreateRole', { RoleName: 'x', ...document('[null]') }), 400, 'MalformedPolicyDocument'],
      [
        await iam('CreateRole', { RoleName: 'x', ...document('[{"Effect":"Allow"}]') }),
        400,
        'MalformedPolicyDocument',
      ],
      [await iam('CreateRole', { RoleName: 'not a name', ...trust }), 400, 'ValidationError'],
      [await iam('CreateTheMoon', {}), 400, 'InvalidAction'],
    ] as const;

    for (const [response, status, code] of cases) {
      expect(response.status).toBe(status);
      expect(await response.text()).toContain(`<Code>${code}</Code>`);
    }
  });

  test('policies are put, listed, attached and taken away', async () => {
    const PolicyDocument =
      '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';
    const text = async (action: string, parameters: Record<string, string>) =>
      (await iam(action, parameters)).text();
    const name = { RoleName: 'worker' };
    const arn = `arn:aws:iam::${ACCOUNT}:policy/wide`;

    await iam('PutRolePolicy', { ...name, PolicyName: 'inline', PolicyDocument });
    expect(await text('ListRolePolicies', name)).toContain('<member>inline</member>');
    expect(await text('GetRolePolicy', { ...name, PolicyName: 'inline' })).toContain(
      '%22Action%22%3A%22*%22',
    );
    expect(await text('CreatePolicy', { PolicyName: 'wide', PolicyDocument })).toContain(`<Arn>${arn}</Arn>`);
    await iam('AttachRolePolicy', { ...name, PolicyArn: arn });
    expect(await text('ListAttachedRolePolicies', name)).toContain(`<PolicyArn>${arn}</PolicyArn>`);
    expect((await iam('DeletePolicy', { PolicyArn: arn })).status).toBe(409);
    expect((await iam('DeleteRole', name)).status).toBe(409);
    await iam('DetachRolePolicy', { ...name, PolicyArn: arn });
    await iam('DeleteRolePolicy', { ...name, PolicyName: 'inline' });
    expect((await iam('DeletePolicy', { PolicyArn: arn })).status).toBe(200);
  });
});

describe('clients with the credentials of a session', () => {
  test('the caller is the session', async () => {
    const sts = new STSClient(settings(await sessionCredentials()));

    const identity = await sts.send(new GetCallerIdentityCommand({}));

    expect(identity.Arn).toBe(`arn:aws:sts::${ACCOUNT}:assumed-role/worker/wire`);
    sts.destroy();
  });

  test("each service refuses in its own protocol's words", async () => {
    const credentials = await sessionCredentials();
    const sqs = new SQSClient(settings(credentials));
    const sns = new SNSClient(settings(credentials));
    const kms = new KMSClient(settings(credentials));
    const lambda = new LambdaClient(settings(credentials));
    const TopicArn = `arn:aws:sns:us-east-1:${ACCOUNT}:orders`;

    await expect(
      sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'm' })),
    ).rejects.toMatchObject({
      name: 'AccessDenied',
      $metadata: { httpStatusCode: 403 },
    });
    await expect(sns.send(new PublishCommand({ TopicArn, Message: 'm' }))).rejects.toMatchObject({
      name: 'AuthorizationErrorException',
      message: expect.stringContaining('is not authorized to perform: SNS:Publish on resource'),
      $metadata: { httpStatusCode: 403 },
    });
    await expect(kms.send(new ListKeysCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 400 },
    });
    await expect(lambda.send(new GetFunctionCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
    });
    for (const client of [sqs, sns, kms, lambda]) client.destroy();
  });

  test('a policy put over the wire lets the session in', async () => {
    const sqs = new SQSClient(settings(await sessionCredentials()));
    const Statement = [{ Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' }];
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement });
    await iam('PutRolePolicy', { RoleName: 'worker', PolicyName: 'send', PolicyDocument });

    await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'm' }));
    await iam('DeleteRolePolicy', { RoleName: 'worker', PolicyName: 'send' });
    sqs.destroy();
  });
});
