/** STS over the Query protocol, as every SDK speaks it. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { manualClock, startEmbeddedAws, type EmbeddedAws } from '../../../../local/aws/index.ts';

let aws: EmbeddedAws;
beforeAll(async () => {
  aws = await startEmbeddedAws({ accountId: '123456789012', clock: manualClock() });
});
afterAll(() => aws.close());

async function post(form: Record<string, string>) {
  const body = new URLSearchParams({ Version: '2011-06-15', ...form });
  const response = await fetch(aws.endpointUrl, { method: 'POST', body });
  return { status: response.status, xml: await response.text() };
}

test('GetCallerIdentity names the account', async () => {
  const { xml } = await post({ Action: 'GetCallerIdentity' });

  expect(xml).toContain('<Account>123456789012</Account>');
  expect(xml).toContain('<Arn>arn:aws:iam::123456789012:root</Arn>');
});

test('AssumeRole gives credentials that end when they should', async () => {
  const { xml } = await post({
    Action: 'AssumeRole',
    RoleArn: 'arn:aws:iam::123456789012:role/path/publisher',
    RoleSessionName: 'session-1',
    DurationSeconds: '900',
  });

  expect(xml).toContain('<Arn>arn:aws:sts::123456789012:assumed-role/publisher/session-1</Arn>');
  expect(xml).toMatch(/<AccessKeyId>ASIA\w{16}<\/AccessKeyId>/);
  expect(xml).toContain('<Expiration>2026-01-01T00:15:00.000Z</Expiration>');
});

test('a role that is none, and a session that is too long, are refused', async () => {
  const role = { Action: 'AssumeRole', RoleSessionName: 'session-1' };

  expect((await post({ ...role, RoleArn: 'nonsense' })).xml).toContain('<Code>ValidationError</Code>');
  expect(
    (await post({ ...role, RoleArn: 'arn:aws:iam::123456789012:role/x', DurationSeconds: '43201' })).status,
  ).toBe(400);
});
