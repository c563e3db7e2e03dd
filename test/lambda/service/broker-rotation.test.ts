/** The four steps of a rotation, each of them twice, against a broker and a secret that remember. */
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { rotate, rotationOptions } from '../../../lambda/service/broker-rotation.ts';
import type { CallSecrets, RotationEvent } from '../../../lambda/service/broker-rotation.ts';

const SECRET = 'arn:aws:secretsmanager:eu-west-1:111111111111:secret:broker-AbCdEf';

let broker: Server;
let user: { password: string; tags: string[] };
let writes: number;
let versions: Map<string, { text: string; stages: Set<string> }>;

beforeEach(async () => {
  user = { password: 'first', tags: ['administrator'] };
  writes = 0;
  versions = new Map([
    [
      'v1',
      { text: JSON.stringify({ username: 'waybill', password: 'first' }), stages: new Set(['AWSCURRENT']) },
    ],
  ]);
  broker = createServer((request, response) => {
    const [, given] = Buffer.from((request.headers.authorization ?? '').slice(6), 'base64')
      .toString()
      .split(':');
    if (given !== user.password) {
      response.writeHead(401).end('{}');
      return;
    }
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      if (request.method === 'PUT') {
        user = JSON.parse(body) as typeof user;
        writes += 1;
      }
      response.writeHead(200).end(JSON.stringify({ name: 'waybill', tags: user.tags }));
    });
  });
  await new Promise<void>((listening) => broker.listen(0, '127.0.0.1', listening));
});

afterEach(() => new Promise((closed) => broker.close(closed)));

const callSecrets: CallSecrets = async (action, input) => {
  const { VersionId: id, VersionStage: stage } = input as { VersionId?: string; VersionStage?: string };
  if (action === 'GetSecretValue') {
    const found = [...versions].find(
      ([version, { stages }]) => (id === undefined || id === version) && stages.has(stage ?? ''),
    );
    if (found === undefined) throw Object.assign(new Error('none'), { name: 'ResourceNotFoundException' });
    return { SecretString: found[1].text };
  }
  if (action === 'PutSecretValue') {
    versions.set(String(input['ClientRequestToken']), {
      text: String(input['SecretString']),
      stages: new Set(input['VersionStages'] as string[]),
    });
    return {};
  }
  if (action === 'DescribeSecret') {
    return {
      VersionIdsToStages: Object.fromEntries(
        [...versions].map(([version, { stages }]) => [version, [...stages]]),
      ),
    };
  }
  versions.get(String(input['RemoveFromVersionId']))?.stages.delete('AWSCURRENT');
  versions.get(String(input['MoveToVersionId']))?.stages.add('AWSCURRENT');
  return {};
};

const step = (Step: RotationEvent['Step']) =>
  rotate(
    { Step, SecretId: SECRET, ClientRequestToken: 'v2' },
    { managementUrl: `http://127.0.0.1:${(broker.address() as AddressInfo).port}`, callSecrets },
  );

test('the broker and the secret have the same new password, whatever step comes twice', async () => {
  for (const name of ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const) {
    await step(name);
    await step(name);
  }

  const { password } = JSON.parse(versions.get('v2')!.text) as { password: string };
  expect(password).toMatch(/^[\w-]{43}$/);
  expect(user).toEqual({ password, tags: ['administrator'] });
  expect(writes).toBe(1);
  expect(versions.get('v2')!.stages).toContain('AWSCURRENT');
  expect(versions.get('v1')!.stages).not.toContain('AWSCURRENT');
});

test('a password that the broker does not have fails the test, and the old one stays current', async () => {
  await step('createSecret');

  await expect(step('testSecret')).rejects.toThrow('refuses the new password');
  expect(versions.get('v1')!.stages).toContain('AWSCURRENT');
});

test('an error says nothing of the secret', async () => {
  versions.set('v1', { text: 'my-password', stages: new Set(['AWSCURRENT']) });

  const error = await step('createSecret').catch((thrown: unknown) => thrown as Error);

  expect(String(error)).toContain('must be JSON');
  expect(String(error)).not.toContain('my-password');
});

test('the management API is at the host of the endpoint', () => {
  expect(
    rotationOptions({ WAYBILL_BROKER_ENDPOINT: 'amqps://b-1.mq.eu-west-1.amazonaws.com:5671' }).managementUrl,
  ).toBe('https://b-1.mq.eu-west-1.amazonaws.com');
  expect(() => rotationOptions({})).toThrow('WAYBILL_BROKER_ENDPOINT');
});
