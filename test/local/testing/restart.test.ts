/** A test of somebody's restart: stop, and start again on the same state directory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startAws, type TestAws } from '../../../local/testing/index.ts';

let stateDirectory: string;
let aws: TestAws;
beforeEach(() => {
  stateDirectory = mkdtempSync(join(tmpdir(), 'waybill-testing-'));
});
afterEach(async () => {
  await aws.stop();
  rmSync(stateDirectory, { recursive: true });
});

test('what was there at the stop is there at the start, and timers go on from the time that the clock shows', async () => {
  const noon = new Date('2026-03-01T12:00:00Z');
  aws = await startAws({ stateDirectory, startTime: noon, frozen: true });
  await new SQSClient(aws.clientConfig).send(
    new CreateQueueCommand({ QueueName: 'orders', Attributes: { VisibilityTimeout: '30' } }),
  );
  await aws.queue('orders').send({ order: 1 });
  await aws.queue('orders').send({ order: 2 }, { DelaySeconds: 60 });
  const { url } = aws.queue('orders');
  const received = await new SQSClient(aws.clientConfig).send(new ReceiveMessageCommand({ QueueUrl: url }));
  expect(received.Messages).toHaveLength(1);
  await aws.stop();

  aws = await startAws({ stateDirectory, startTime: noon, frozen: true });

  expect(
    aws
      .queue('orders')
      .messages()
      .map((message) => message.json()),
  ).toEqual([{ order: 1 }, { order: 2 }]);
  expect(aws.queue('orders').counts()).toEqual({ visible: 0, inFlight: 1, delayed: 1 });
  await aws.clock.advance({ seconds: 30 });
  expect(aws.queue('orders').counts()).toEqual({ visible: 1, inFlight: 0, delayed: 1 });
  await aws.clock.advance({ seconds: 30 });
  expect(aws.queue('orders').counts()).toEqual({ visible: 2, inFlight: 0, delayed: 0 });
});

test('a directory in use is refused by name', async () => {
  aws = await startAws({ stateDirectory });

  const again = startAws({ stateDirectory });

  // The same process may open it twice by mistake as well.
  await expect(again).rejects.toMatchObject({ name: 'StateError', code: 'StateDirectoryInUse' });
});
