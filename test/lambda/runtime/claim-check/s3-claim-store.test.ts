/** Claims in S3: on the embedded AWS, through failures that AWS has, and with what the policies allow. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { claimCheckWith } from '../../../../lambda/runtime/claim-check/index.ts';
import { s3ClaimStore } from '../../../../lambda/runtime/claim-check/s3-claim-store.ts';
import type { ClaimStore } from '../../../../lambda/runtime/claim-check/index.ts';
import { consume, createPublisher, memoryTransport, s3ClaimCheck } from '../../../../lambda/runtime/index.ts';
import { startAws } from '../../../../local/testing/index.ts';
import type { TestAws } from '../../../../local/testing/index.ts';
import { capturedLog, OrderPlaced, orderPlaced, STANDARD_QUEUE } from '../fixtures.ts';

const BUCKET = 'claims-of-tests';
const KEY = 'claims/ac:me/OrderPlaced/0190f0e0-0000-7000-8000-000000000000/abc';
const CONTENT = Buffer.from('{"text":"é"}');

let aws: TestAws;
let environment: Record<string, string>;
let store: ClaimStore;
beforeAll(async () => {
  aws = await startAws();
  await new S3Client({ ...aws.clientConfig, forcePathStyle: true }).send(
    new CreateBucketCommand({ Bucket: BUCKET }),
  );
  environment = {
    AWS_ENDPOINT_URL: aws.endpointUrl,
    AWS_REGION: aws.clientConfig.region,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  };
  store = s3ClaimStore(BUCKET, environment);
});
afterAll(() => aws.stop());
beforeEach(() => store.put(KEY, CONTENT));
afterEach(() => aws.faults.clear());

const get = (from: ClaimStore = store) =>
  from.get(KEY).then((content) => content && Buffer.from(content).toString());

test('what was put is got, whatever characters are in the tenant; writing it again changes nothing', async () => {
  await store.put(KEY, CONTENT);
  expect(await get()).toBe(CONTENT.toString());
  expect(await store.get(`${KEY}d`)).toBeUndefined();
});

describe('failures of S3', () => {
  test.each([
    ['SlowDown', 503],
    ['InternalError', 500],
  ])('%s twice: tried again; three times: thrown, and it is not taken for gone', async (code, httpStatus) => {
    const failing = (times: number) =>
      aws.faults.add({ service: 's3', times, effect: { kind: 'fail', code, httpStatus } });
    failing(2);
    expect(await get()).toBe(CONTENT.toString());
    failing(2);
    await store.put(KEY, CONTENT);
    failing(3);
    await expect(get()).rejects.toMatchObject({ name: code, status: httpStatus });
    expect(await get()).toBe(CONTENT.toString());
  });

  test('a broken connection is tried again', async () => {
    aws.faults.add({ service: 's3', times: 1, effect: { kind: 'drop-response' } });
    expect(await get()).toBe(CONTENT.toString());
  });

  test('a bucket that is not there is not an object that is gone', async () => {
    await expect(get(s3ClaimStore('nobody-has-made-this', environment))).rejects.toMatchObject({
      name: 'NoSuchBucket',
    });
  });
});

describe('as a role of the constructs', () => {
  let next = 0;
  /** By the Query protocol, as the SDK's client would. */
  async function iam(Action: string, input: Readonly<Record<string, string>>): Promise<string> {
    const response = await fetch(aws.endpointUrl, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization:
          'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=0',
      },
      body: new URLSearchParams({ Action, Version: '2010-05-08', ...input }),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(answer);
    return answer;
  }
  async function as(
    statements: readonly { readonly Action: string; readonly Resource: string }[],
  ): Promise<ClaimStore> {
    const RoleName = `claims-${(next += 1)}`;
    const trust = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'sts:AssumeRole' };
    const document = (Statement: unknown) => JSON.stringify({ Version: '2012-10-17', Statement });
    const made = await iam('CreateRole', { RoleName, AssumeRolePolicyDocument: document([trust]) });
    const PolicyDocument = document(statements.map((one) => ({ Effect: 'Allow', ...one })));
    await iam('PutRolePolicy', { RoleName, PolicyName: 'p', PolicyDocument });
    const RoleArn = /<Arn>([^<]+)/.exec(made)![1]!;
    const { Credentials } = await new STSClient(aws.clientConfig).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'tests' }),
    );
    return s3ClaimStore(BUCKET, {
      ...environment,
      AWS_ACCESS_KEY_ID: Credentials!.AccessKeyId!,
      AWS_SECRET_ACCESS_KEY: Credentials!.SecretAccessKey!,
      AWS_SESSION_TOKEN: Credentials!.SessionToken!,
    });
  }
  const objects = (type: string) => `arn:aws:s3:::${BUCKET}/claims/*/${type}/*`;
  const list = { Action: 's3:ListBucket', Resource: `arn:aws:s3:::${BUCKET}` };

  test('a publisher puts its events and gets none; a consumer gets its events and puts none', async () => {
    const publisher = await as([{ Action: 's3:PutObject', Resource: objects('OrderPlaced') }]);
    const consumer = await as([{ Action: 's3:GetObject', Resource: objects('OrderPlaced') }, list]);
    await publisher.put(KEY, CONTENT);
    expect(await get(consumer)).toBe(CONTENT.toString());
    await expect(get(publisher)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(consumer.put(KEY, CONTENT)).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(await consumer.get(`${KEY}d`)).toBeUndefined();
  });

  test('of another event neither', async () => {
    const other = objects('OrderShredded');
    const both = await as([
      { Action: 's3:PutObject', Resource: other },
      { Action: 's3:GetObject', Resource: other },
    ]);
    await expect(both.put(KEY, CONTENT)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(get(both)).rejects.toMatchObject({ name: 'AccessDenied' });
  });

  test('who may not list the bucket is not told that an object is gone: that is retried, not dead-lettered', async () => {
    const consumer = await as([{ Action: 's3:GetObject', Resource: objects('OrderPlaced') }]);
    await expect(consumer.get(`${KEY}d`)).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

test('from a publisher to a consumer by way of the bucket that the environment names', async () => {
  const before = { ...process.env };
  Object.assign(process.env, environment, { WAYBILL_CLAIM_CHECK_BUCKET: BUCKET });
  try {
    const claimCheck = s3ClaimCheck();
    const transport = memoryTransport();
    const envelope = orderPlaced('x'.repeat(300_000));
    await createPublisher({ contracts: [OrderPlaced], transport, claimCheck }).publish(envelope);
    expect(transport.sent[0]!.body.length).toBeLessThan(2_000);
    const handled: unknown[] = [];
    const { logger } = capturedLog();
    const handler = consume(OrderPlaced, (given) => void handled.push(given), {
      consumer: 'c',
      logger,
      claimCheck,
    });
    const attributes = { ApproximateReceiveCount: '1' };
    const { body } = transport.sent[0]!;
    await handler({
      Records: [{ messageId: 'm', receiptHandle: 'r', body, attributes, eventSourceARN: STANDARD_QUEUE }],
    });
    expect(handled).toEqual([envelope]);
  } finally {
    process.env = before;
  }
});

test('without a bucket nothing is stored, and nothing is read', async () => {
  const off = claimCheckWith(s3ClaimStore('', environment));
  const transport = memoryTransport();
  await createPublisher({ contracts: [OrderPlaced], transport, claimCheck: off }).publish(
    orderPlaced('x'.repeat(300_000)),
  );
  expect(transport.sent[0]!.body.length).toBeGreaterThan(300_000);
  await expect(off.fetch(orderPlaced('o1'))).rejects.toMatchObject({ code: 'WAYBILL_CLAIM_CHECK_MISSING' });
});
