/** The HTTP endpoint: where it listens, what it answers to requests that no service takes, and routes. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, expect, test } from '@jest/globals';
import { AwsError, startEmbeddedAws, type AwsService, type EmbeddedAws } from '../../../local/aws/index.ts';

const running: EmbeddedAws[] = [];

async function start(options: Parameters<typeof startEmbeddedAws>[0] = {}): Promise<EmbeddedAws> {
  const aws = await startEmbeddedAws(options);
  running.push(aws);
  return aws;
}

afterEach(async () => {
  for (const aws of running.splice(0)) await aws.close();
});

test('it takes a free port on the loopback interface only', async () => {
  const { endpointUrl, context } = await start();
  const { port } = new URL(endpointUrl);
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address && !address.internal && address.family === 'IPv4');

  expect(endpointUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(context.endpointUrl).toBe(endpointUrl);
  if (outside) await expect(fetch(`http://${outside.address}:${port}/`)).rejects.toThrow();
});

test('a busy port is a clear error with a code', async () => {
  const first = await start();
  const port = Number(new URL(first.endpointUrl).port);

  await expect(startEmbeddedAws({ port })).rejects.toMatchObject({
    name: 'EndpointError',
    code: 'PortInUse',
    message: expect.stringMatching(/Port \d+ .* in use.*another port/),
  });
});

test('close ends a long poll and frees the port', async () => {
  const aws = await start();
  const port = Number(new URL(aws.endpointUrl).port);
  const post = (action: string, input: object) =>
    fetch(aws.endpointUrl, {
      method: 'POST',
      headers: { 'x-amz-target': `AmazonSQS.${action}` },
      body: JSON.stringify(input),
    });
  const { QueueUrl } = (await (await post('CreateQueue', { QueueName: 'q' })).json()) as { QueueUrl: string };
  const poll = post('ReceiveMessage', { QueueUrl, WaitTimeSeconds: 20 }).catch(() => undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));

  await aws.close();
  await poll;

  await expect(start({ port })).resolves.toBeDefined();
});

test('close ends a connection that has sent nothing: it would keep the process alive', async () => {
  const aws = await start();
  const silent = connect(Number(new URL(aws.endpointUrl).port), '127.0.0.1');
  silent.on('error', () => {});
  await once(silent, 'connect');
  // Connections are accepted in turn: once this is answered, the silent one is the server's.
  await fetch(aws.endpointUrl);

  const closed = once(silent.resume(), 'close');
  await aws.close();
  await closed;
});

test('region and account show in ARNs and URLs', async () => {
  const { services, context } = await start({ region: 'eu-central-1', accountId: '123456789012' });
  const caller = { accountId: '123456789012', arn: 'arn:aws:iam::123456789012:root' };

  const output = await services.sqs.handle('CreateQueue', { QueueName: 'q' }, caller);

  expect(output).toEqual({ QueueUrl: `${context.endpointUrl}/123456789012/q` });
  expect(services.sqs.queueArns()).toEqual(['arn:aws:sqs:eu-central-1:123456789012:q']);
});

test.each([
  ['an unknown target', { 'x-amz-target': 'Nope.Do' }, '{}', 400, 'UnknownOperationException'],
  ['an unknown action', { 'x-amz-target': 'AmazonSQS.Fly' }, '{}', 400, 'UnknownOperationException'],
  ['a body that is no JSON', { 'x-amz-target': 'AmazonSQS.ListQueues' }, '{', 400, 'SerializationException'],
  [
    'a body that is no object',
    { 'x-amz-target': 'AmazonSQS.ListQueues' },
    '[]',
    400,
    'SerializationException',
  ],
])('JSON: %s is answered with an error', async (_name, headers, body, status, code) => {
  const { endpointUrl } = await start();

  const response = await fetch(endpointUrl, { method: 'POST', headers, body });

  expect(response.status).toBe(status);
  expect(response.headers.get('x-amzn-requestid')).toBeTruthy();
  expect(((await response.json()) as { __type: string }).__type).toMatch(new RegExp(`${code}$`));
});

test('an unknown Query action and a request that is for nobody are answered with errors', async () => {
  const { endpointUrl } = await start();

  const query = await fetch(endpointUrl, { method: 'POST', body: new URLSearchParams({ Action: 'Fly' }) });
  const nobody = await fetch(`${endpointUrl}/nothing/here`);

  expect(query.status).toBe(400);
  expect(await query.text()).toContain('<Code>InvalidAction</Code>');
  expect(nobody.status).toBe(404);
});

test('a service that registers routes is reached by method and path', async () => {
  const aws = await start();
  const service: AwsService = {
    name: 'test-rest',
    protocols: {
      routes: [
        {
          method: 'POST',
          path: '/test-rest/things/{Name}/calls',
          handle: async ({ parameters, query, body, headers }) => ({
            status: 202,
            headers: { 'x-kind': headers['x-kind'] ?? '' },
            body: { ...parameters, qualifier: query.get('Qualifier'), body: body.toString() },
          }),
        },
        {
          method: 'ANY',
          path: '/test-api/{proxy+}',
          handle: async ({ method, parameters }) => ({
            status: 200,
            body: `${method} ${parameters['proxy']}`,
          }),
        },
        {
          method: 'GET',
          path: '/test-api/refused',
          handle: async () => {
            throw new AwsError('ResourceConflictException', 'no', 409);
          },
        },
      ],
    },
    handle: async () => ({}),
  };
  aws.context.services.register(service);

  const invoked = await fetch(`${aws.endpointUrl}/test-rest/things/my%20thing/calls?Qualifier=live`, {
    method: 'POST',
    headers: { 'x-kind': 'test' },
    body: 'payload',
  });
  const proxied = await fetch(`${aws.endpointUrl}/test-api/a/b%20c`, { method: 'DELETE' });
  const refused = await fetch(`${aws.endpointUrl}/test-api/refused`);

  expect(invoked.status).toBe(202);
  expect(invoked.headers.get('x-kind')).toBe('test');
  expect(await invoked.json()).toEqual({ Name: 'my thing', qualifier: 'live', body: 'payload' });
  expect(await proxied.text()).toBe('DELETE a/b c');
  expect(refused.status).toBe(409);
  expect(refused.headers.get('x-amzn-errortype')).toBe('ResourceConflictException');
});

test('a body over 16 MiB is refused', async () => {
  const { endpointUrl } = await start();

  const response = await fetch(endpointUrl, {
    method: 'POST',
    headers: { 'x-amz-target': 'AmazonSQS.SendMessage' },
    body: Buffer.alloc(16 * 1024 * 1024 + 1),
  });

  expect(response.status).toBe(413);
});
