/** SSM Parameter Store: values, versions, paths, secure strings, refusals. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jsonClient, type JsonClient } from '../json-services.ts';

let ssm: JsonClient;
beforeAll(async () => {
  ssm = await jsonClient('AmazonSSM');
});
afterAll(() => ssm.aws.close());

const put = (Name: string, Value: string, more: object = {}) =>
  ssm.call('PutParameter', { Name, Value, Type: 'String', ...more });
const get = async (Name: string, more: object = {}) =>
  (await ssm.call('GetParameter', { Name, ...more }))['Parameter'] as Record<string, unknown>;

test('a parameter is read by name, ARN and version; overwriting makes a new version', async () => {
  expect(await put('/app/url', 'one')).toEqual({ Version: 1, Tier: 'Standard' });
  expect(await ssm.refusal('PutParameter', { Name: '/app/url', Value: 'two', Type: 'String' })).toBe(
    'ParameterAlreadyExists',
  );
  await put('/app/url', 'two', { Overwrite: true });

  expect(await get('/app/url')).toMatchObject({ Value: 'two', Version: 2, Type: 'String', DataType: 'text' });
  expect(await get('/app/url:1')).toMatchObject({ Value: 'one', Selector: ':1' });
  expect(await get('arn:aws:ssm:us-east-1:000000000000:parameter/app/url')).toMatchObject({
    Name: '/app/url',
  });
  expect(await ssm.refusal('GetParameter', { Name: '/app/url:9' })).toBe('ParameterVersionNotFound');
  expect(await ssm.refusal('GetParameter', { Name: '/app/none' })).toBe('ParameterNotFound');
});

test('a name without a slash has an ARN with one', async () => {
  await put('plain', 'x');

  expect(await get('arn:aws:ssm:us-east-1:000000000000:parameter/plain')).toMatchObject({
    Name: 'plain',
    ARN: 'arn:aws:ssm:us-east-1:000000000000:parameter/plain',
  });
});

test('a secure string is stored encrypted and shown in the clear only WithDecryption', async () => {
  await put('/app/password', 'secret', { Type: 'SecureString' });

  expect((await get('/app/password'))['Value']).not.toContain('secret');
  expect(await get('/app/password', { WithDecryption: true })).toMatchObject({
    Value: 'secret',
    Type: 'SecureString',
  });
});

test('GetParameters lists what it did not find', async () => {
  await put('/many/a', '1');

  const output = await ssm.call('GetParameters', { Names: ['/many/a', '/many/b'] });

  expect(output).toMatchObject({ Parameters: [{ Name: '/many/a' }], InvalidParameters: ['/many/b'] });
});

test('by path: one level or all, in pages', async () => {
  for (const name of ['/tree/a', '/tree/b', '/tree/c/d', '/trees/e']) await put(name, 'x');
  const names = (output: Record<string, unknown>) =>
    (output['Parameters'] as { Name: string }[]).map(({ Name }) => Name);

  expect(names(await ssm.call('GetParametersByPath', { Path: '/tree' }))).toEqual(['/tree/a', '/tree/b']);
  const first = await ssm.call('GetParametersByPath', { Path: '/tree/', Recursive: true, MaxResults: 2 });
  const second = await ssm.call('GetParametersByPath', {
    Path: '/tree/',
    Recursive: true,
    MaxResults: 2,
    NextToken: first['NextToken'],
  });

  expect([names(first), names(second)]).toEqual([['/tree/a', '/tree/b'], ['/tree/c/d']]);
});

test('deleting, one and several', async () => {
  for (const name of ['/gone/a', '/gone/b']) await put(name, 'x');

  await ssm.call('DeleteParameter', { Name: '/gone/a' });

  expect(await ssm.refusal('DeleteParameter', { Name: '/gone/a' })).toBe('ParameterNotFound');
  expect(await ssm.call('DeleteParameters', { Names: ['/gone/a', '/gone/b'] })).toEqual({
    DeletedParameters: ['/gone/b'],
    InvalidParameters: ['/gone/a'],
  });
});

test.each([
  ['a value over 4 KB', { Name: '/x', Value: 'x'.repeat(4097), Type: 'String' }, 'ValidationException'],
  ['an unknown type', { Name: '/x', Value: 'x', Type: 'Number' }, 'ValidationException'],
  ['no type', { Name: '/x', Value: 'x' }, 'ValidationException'],
  ['a reserved name', { Name: '/aws/x', Value: 'x', Type: 'String' }, 'AccessDeniedException'],
  ['a path without a leading slash', { Name: 'a/b', Value: 'x', Type: 'String' }, 'ValidationException'],
  ['16 levels', { Name: '/x'.repeat(16), Value: 'x', Type: 'String' }, 'ValidationException'],
  [
    'a value that misses its pattern',
    { Name: '/x', Value: 'x', Type: 'String', AllowedPattern: '^\\d+$' },
    'ParameterPatternMismatchException',
  ],
])('%s is refused', async (_name, input, code) => {
  expect(await ssm.refusal('PutParameter', input)).toBe(code);
});
