/** API destinations on a clock that stands still: the rate, and an endpoint that asks to be left alone. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';

import { createHarness, queueArn, type Harness } from './harness.ts';
import { letSettle } from '../../../support/waiting.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A rule for events of source `shop` with an API destination that answers so. */
async function setUp(destination: object, answer: () => readonly [status: number, retryAfter?: string]) {
  const h = createHarness();
  const requests: number[] = [];
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      requests.push(h.clock.now());
      const [status, retryAfter] = answer();
      response.writeHead(status, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    h.close();
    server.close();
    server.closeAllConnections();
  });
  await h.createQueues('dead');
  const { ConnectionArn } = (await h.call('CreateConnection', {
    Name: 'c',
    AuthorizationType: 'API_KEY',
    AuthParameters: { ApiKeyAuthParameters: { ApiKeyName: 'k', ApiKeyValue: 'v' } },
  })) as { ConnectionArn: string };
  const { ApiDestinationArn } = (await h.call('CreateApiDestination', {
    Name: 'd',
    ConnectionArn,
    HttpMethod: 'POST',
    InvocationEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ...destination,
  })) as { ApiDestinationArn: string };
  h.rule({ Arn: ApiDestinationArn, DeadLetterConfig: { Arn: queueArn('dead') } });
  return { h, requests };
}

/** Lets requests over the loopback interface come and go. */
async function settled(h: Harness, done: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!done() && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 2));
    await h.clock.advance(0);
  }
}

test('a destination of two a second gets two at once, and the third half a second later', async () => {
  const { h, requests } = await setUp({ InvocationRateLimitPerSecond: 2 }, () => [200]);
  const start = h.clock.now();
  for (let count = 0; count < 3; count++) await h.put();
  await settled(h, () => requests.length === 2);
  await h.clock.advance(500);
  await settled(h, () => requests.length === 3);

  expect(requests.map((at) => at - start)).toEqual([0, 0, 500]);
});

test('Retry-After holds a retry back', async () => {
  const answers = [[503, '90'] as const, [200] as const];
  const { h, requests } = await setUp({}, () => answers.shift() ?? [200]);
  const start = h.clock.now();
  await h.put();
  await settled(h, () => requests.length === 1);
  await letSettle();
  await h.clock.advance(89_999);
  expect(requests).toHaveLength(1);
  await h.clock.advance(1);
  await settled(h, () => requests.length === 2);

  expect(requests.map((at) => at - start)).toEqual([0, 90_000]);
});

test('a negative Retry-After ends the retries', async () => {
  const { h, requests } = await setUp({}, () => [503, '-1']);
  await h.put();
  await settled(h, () => h.messages('dead').length === 1);

  expect(requests).toHaveLength(1);
  expect(h.messages('dead')).toHaveLength(1);
});
