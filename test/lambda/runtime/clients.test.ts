import { describe, expect, test } from '@jest/globals';
import { clientSettings, endpointOf } from '../../../lambda/runtime/clients.ts';
import { defaultProvider } from '../../../lambda/runtime/environment-credentials.ts';
import { createLogger, describeError } from '../../../lambda/runtime/logger.ts';

describe('where a service is called', () => {
  test.each([
    { set: {}, endpoint: undefined },
    { set: { USE_LOCAL_AWS: '0' }, endpoint: undefined },
    { set: { USE_LOCAL_AWS: 'false' }, endpoint: undefined },
    { set: { USE_LOCAL_AWS: '1' }, endpoint: 'http://127.0.0.1:4566' },
    { set: { USE_LOCAL_AWS: 'http://localhost:9000' }, endpoint: 'http://localhost:9000' },
    { set: { USE_LOCAL_AWS: '1', AWS_ENDPOINT_URL: 'http://a' }, endpoint: 'http://a' },
    { set: { AWS_ENDPOINT_URL: 'http://a', AWS_ENDPOINT_URL_SQS: 'http://b' }, endpoint: 'http://b' },
    { set: { AWS_ENDPOINT_URL_SNS: 'http://b' }, endpoint: undefined },
  ])('$set: $endpoint', ({ set, endpoint }) => {
    expect(endpointOf('SQS', set)).toBe(endpoint);
  });

  test('USE_LOCAL_AWS that is no URL is refused with the form it must have', () => {
    expect(() => endpointOf('SQS', { USE_LOCAL_AWS: 'localhost' })).toThrow(
      /USE_LOCAL_AWS must be a URL such as/,
    );
  });

  test('locally neither region nor credentials need to be set; what is set is left alone', () => {
    expect(clientSettings('SQS', { USE_LOCAL_AWS: '1' })).toMatchObject({
      region: 'us-east-1',
      credentials: { accessKeyId: 'local' },
    });
    expect(
      clientSettings('SQS', { USE_LOCAL_AWS: '1', AWS_REGION: 'eu-west-1', AWS_ACCESS_KEY_ID: 'a' }),
    ).not.toHaveProperty('credentials');
    expect(clientSettings('SQS', { AWS_ENDPOINT_URL: 'https://vpce' })).not.toHaveProperty('credentials');
  });

  test.each([
    ['arn:aws:sns:eu-west-1:111111111111:orders', 'eu-west-1'],
    ['arn:aws:events:eu-west-1:111111111111:event-bus/shared', 'eu-west-1'],
    ['arn:aws:sns:us-east-1:111111111111:orders', undefined],
    ['shared', undefined],
    [undefined, undefined],
  ])('the client for %s in us-east-1 calls the Region of its target: %s', (target, region) => {
    expect(clientSettings('SNS', { AWS_REGION: 'us-east-1' }, target).region).toBe(region);
  });

  test('D15 retries and time limits are stated', () => {
    expect(clientSettings('SNS', {})).toMatchObject({
      maxAttempts: 3,
      retryMode: 'standard',
      requestHandler: {
        connectionTimeout: 2_000,
        requestTimeout: 25_000,
        throwOnRequestTimeout: true,
        httpsAgent: { keepAlive: true },
      },
    });
  });
});

describe('credentials of a bundle', () => {
  const names = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'] as const;
  const withEnvironment = async (
    values: readonly (string | undefined)[],
    run: () => Promise<void>,
  ): Promise<void> => {
    const before = names.map((name) => process.env[name]);
    const set = (list: readonly (string | undefined)[]): void =>
      names.forEach((name, index) => {
        if (list[index] === undefined) delete process.env[name];
        else process.env[name] = list[index];
      });
    set(values);
    try {
      await run();
    } finally {
      set(before);
    }
  };

  test('are those of the environment', async () => {
    await withEnvironment(['a', 'b', 'c'], async () => {
      expect(await defaultProvider()()).toEqual({
        accessKeyId: 'a',
        secretAccessKey: 'b',
        sessionToken: 'c',
      });
    });
  });

  test('missing: which variables, and how to bundle for elsewhere', async () => {
    await withEnvironment([], async () => {
      await expect(defaultProvider()()).rejects.toThrow(
        /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set/,
      );
    });
  });
});

describe('log lines', () => {
  test('are one JSON object each, with the fields of the logger and of the line', () => {
    const lines: string[] = [];
    const logger = createLogger({
      level: 'info',
      write: (line) => void lines.push(line),
      fields: { consumer: 'c' },
    });

    logger.info('a "quoted"\nline', { n: 1 });
    logger.with({ eventId: 'e' }).warn('careful');
    logger.debug('dropped');

    expect(lines.every((line) => line.endsWith('}\n') && line.trimEnd().split('\n').length === 1)).toBe(true);
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { timestamp: expect.any(String), level: 'info', message: 'a "quoted"\nline', consumer: 'c', n: 1 },
      { timestamp: expect.any(String), level: 'warn', message: 'careful', consumer: 'c', eventId: 'e' },
    ]);
  });

  test('an error is told by name, code and place, not by its message or its path', () => {
    const error = Object.assign(new RangeError('jane@example.com'), { code: 'E_RANGE' });

    const text = describeError(error);

    expect(text).toMatch(/^RangeError E_RANGE at .*clients\.test\.ts\S*:\d+:\d+\)?$/);
    expect(text).not.toMatch(/jane|work|home/);
    expect(describeError('jane@example.com')).toBe('a string was thrown');
  });
});
