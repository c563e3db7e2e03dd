/** MSK: topic ARNs, where the brokers are, the token of IAM. Signatures are compared with those of the AWS SDK's signer. */
import { createHash, createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { SignatureV4 } from '@smithy/signature-v4';
import { bootstrapBrokers, kafkaTopicArn, mskIamToken } from '../../../../lambda/runtime/aws/msk.ts';
import { kafkaTopics } from '../../../../lambda/runtime/transports/kafka.ts';

const CLUSTER = 'arn:aws:kafka:eu-west-1:111122223333:cluster/analytics/0a1b-2c';
const TOPIC = 'arn:aws:kafka:eu-west-1:111122223333:topic/analytics/0a1b-2c/commerce-analytics';
const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIA',
  AWS_SECRET_ACCESS_KEY: 'secret/+',
  AWS_SESSION_TOKEN: 'to+ken/=',
};

class NodeSha256 {
  readonly #hash;
  constructor(key?: unknown) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', key as Buffer);
  }
  update(data: unknown): void {
    this.#hash.update(data as Buffer);
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

const signer = (service: string) =>
  new SignatureV4({
    service,
    region: 'eu-west-1',
    credentials: { accessKeyId: 'AKIA', secretAccessKey: 'secret/+', sessionToken: 'to+ken/=' },
    sha256: NodeSha256 as never,
    applyChecksum: false,
  });

describe('kafkaTopicArn', () => {
  test('names the cluster and the topic', () => {
    expect(kafkaTopicArn(TOPIC)).toEqual({ clusterArn: CLUSTER, topic: 'commerce-analytics' });
    expect(kafkaTopics(TOPIC)).toBeDefined();
  });

  test.each([CLUSTER, 'arn:aws:sns:eu-west-1:111122223333:orders', 'orders', `${TOPIC}/more`])(
    '%s is none',
    (arn) => {
      expect(kafkaTopicArn(arn)).toBeUndefined();
      expect(kafkaTopics(arn)).toBeUndefined();
    },
  );
});

describe('mskIamToken', () => {
  beforeEach(() => {
    jest.useFakeTimers({ now: Date.UTC(2026, 10, 21, 9, 53, 49), doNotFake: ['setImmediate', 'setTimeout'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('is the signed address of kafka-cluster:Connect in base64url, as the SDK’s signer signs it', async () => {
    const token = mskIamToken('eu-west-1', CREDENTIALS);

    expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
    const url = new URL(Buffer.from(token, 'base64url').toString());
    expect(`${url.origin}${url.pathname}`).toBe('https://kafka.eu-west-1.amazonaws.com/');
    const presigned = await signer('kafka-cluster').presign(
      {
        method: 'GET',
        protocol: 'https:',
        hostname: 'kafka.eu-west-1.amazonaws.com',
        path: '/',
        headers: { host: 'kafka.eu-west-1.amazonaws.com' },
        query: { Action: 'kafka-cluster:Connect' },
      },
      { expiresIn: 900 },
    );
    const { 'User-Agent': agent, ...signed } = Object.fromEntries(url.searchParams);
    expect(agent).toBe('waybill');
    expect(signed).toEqual(presigned.query);
  });

  test('without credentials it says which variables are missing', () => {
    expect(() => mskIamToken('eu-west-1', {})).toThrow(/AWS_ACCESS_KEY_ID/);
  });
});

describe('bootstrapBrokers', () => {
  let server: Server;
  let requests: IncomingMessage[];
  let answer: (response: ServerResponse) => void;
  let environment: Record<string, string>;
  beforeEach(async () => {
    requests = [];
    answer = (response) => response.end('{}');
    server = createServer((request, response) => {
      requests.push(request);
      answer(response);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    environment = { ...CREDENTIALS, AWS_ENDPOINT_URL_KAFKA: `http://127.0.0.1:${port}` };
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const answering = (body: unknown, status = 200, headers: Record<string, string> = {}) => {
    answer = (response) => {
      response.writeHead(status, { 'content-type': 'application/json', ...headers });
      response.end(JSON.stringify(body));
    };
  };

  test('brokers with IAM are preferred, plaintext is taken where there is nothing else', async () => {
    answering({ bootstrapBrokerString: 'a:9092', bootstrapBrokerStringSaslIam: 'b:9098,c:9098' });
    expect(await bootstrapBrokers(CLUSTER, environment)).toEqual({
      brokers: ['b:9098', 'c:9098'],
      iam: true,
    });
    answering({ bootstrapBrokerString: 'a:9092' });
    expect(await bootstrapBrokers(CLUSTER, environment)).toEqual({ brokers: ['a:9092'], iam: false });
    answering({ bootstrapBrokerStringTls: 'a:9094' });
    await expect(bootstrapBrokers(CLUSTER, environment)).rejects.toThrow(/IAM/);
  });

  test('the request is signed as the SDK’s signer signs it, with what is encoded in the path encoded once more', async () => {
    answering({ bootstrapBrokerString: 'a:9092' });
    await bootstrapBrokers(CLUSTER, environment);

    const { url, headers, method } = requests[0]!;
    expect(method).toBe('GET');
    expect(url).toBe(`/v1/clusters/${encodeURIComponent(CLUSTER)}/bootstrap-brokers`);
    const date = String(headers['x-amz-date']);
    const signed = await signer('kafka').sign(
      {
        method: 'GET',
        protocol: 'http:',
        hostname: '127.0.0.1',
        path: url!,
        headers: { host: headers.host! },
      },
      {
        signingDate: new Date(date.replace(/(....)(..)(..)T(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6Z')),
      },
    );
    expect(headers.authorization).toBe(signed.headers['authorization']);
  });

  test('throttling is tried again; a refusal is final and has AWS’s code', async () => {
    let calls = 0;
    answer = (response) => {
      calls += 1;
      if (calls === 1) {
        response.writeHead(429, { 'x-amzn-errortype': 'TooManyRequestsException:http://x/' });
        response.end('{"message":"slow down"}');
      } else {
        response.end('{"bootstrapBrokerString":"a:9092"}');
      }
    };
    expect((await bootstrapBrokers(CLUSTER, environment)).brokers).toEqual(['a:9092']);
    expect(calls).toBe(2);

    answering({ message: 'no' }, 403, { 'x-amzn-errortype': 'ForbiddenException' });
    await expect(bootstrapBrokers(CLUSTER, environment)).rejects.toMatchObject({
      name: 'ForbiddenException',
      message: 'no',
    });
  });
});
