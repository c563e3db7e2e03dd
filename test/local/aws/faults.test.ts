/** Faults: what a test or the chaos run can make go wrong, over the wire and in process. */
import { SendMessageBatchCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createAwsContext, rootCaller } from '../../../local/aws/context.ts';
import { callService } from '../../../local/aws/dispatch.ts';
import { createFaultRules } from '../../../local/aws/faults.ts';
import { createSqsService } from '../../../local/aws/sqs/index.ts';
import {
  manualClock,
  startEmbeddedAws,
  type AwsService,
  type EmbeddedAws,
} from '../../../local/aws/index.ts';

describe('rules', () => {
  const call = { service: 'sqs', action: 'SendMessage', input: {} };

  test('a rule is for a service, an action and a condition, and ends after its number of times', () => {
    const rules = createFaultRules();
    rules.add({
      service: 'sqs',
      action: 'SendMessage',
      matches: ({ input }) => input['MessageBody'] === 'x',
      times: 1,
      effect: { kind: 'throttle' },
    });
    const matching = { ...call, input: { MessageBody: 'x' } };

    expect(rules.next(call)).toBeUndefined();
    expect(rules.next({ ...matching, action: 'ReceiveMessage' })).toBeUndefined();
    expect(rules.next({ ...matching, service: 'sns' })).toBeUndefined();
    expect(rules.next(matching)).toEqual({ kind: 'throttle' });
    expect(rules.next(matching)).toBeUndefined();
    expect(rules.injected()).toEqual({ 'sqs.SendMessage throttle': 1 });
  });

  test('the nth call fails: those before it pass, and so do those after it', () => {
    const rules = createFaultRules();
    rules.add({ service: 'sqs', after: 2, times: 1, effect: { kind: 'throttle' } });

    const outcomes = Array.from({ length: 5 }, () => rules.next(call)?.kind);

    expect(outcomes).toEqual([undefined, undefined, 'throttle', undefined, undefined]);
  });

  test('the same seed gives the same faults, and about as many as the probability says', () => {
    const pattern = (seed: number) => {
      const rules = createFaultRules(seed);
      rules.add({ service: 'sqs', probability: 0.3, effect: { kind: 'throttle' } });
      return Array.from({ length: 1000 }, () => rules.next(call) !== undefined);
    };
    const faults = pattern(7).filter(Boolean).length;

    expect(pattern(7)).toEqual(pattern(7));
    expect(pattern(7)).not.toEqual(pattern(8));
    expect(faults).toBeGreaterThan(250);
    expect(faults).toBeLessThan(350);
  });

  test('a rule can be taken back; a rule without an action leaves message deliveries alone', () => {
    const rules = createFaultRules();
    const remove = rules.add({ service: 'sqs', effect: { kind: 'drop' } });

    expect(rules.next({ ...call, action: 'Deliver' })).toBeUndefined();
    expect(rules.next(call)).toEqual({ kind: 'drop' });
    remove();

    expect(rules.next(call)).toBeUndefined();
  });
});

test('delay of a delivery: the message of a standard queue comes later, behind its successors', async () => {
  const clock = manualClock();
  const context = createAwsContext({ clock });
  const sqs = createSqsService(context);
  await sqs.handle('CreateQueue', { QueueName: 'q' }, rootCaller(context));
  const arn = 'arn:aws:sqs:us-east-1:000000000000:q';
  context.faults.add({
    service: 'sqs',
    action: 'Deliver',
    times: 1,
    effect: { kind: 'delay', milliseconds: 250 },
  });
  for (const body of ['first', 'second']) sqs.deliverToQueue(arn, { body });
  const receive = async () =>
    (await sqs.receiveMessage(arn, { MaxNumberOfMessages: 10 })).map(({ Body }) => Body);

  expect(await receive()).toEqual(['second']);
  await clock.advance(250);

  expect(await receive()).toEqual(['first']);
});

describe('over the wire, to the real SDK', () => {
  let aws: EmbeddedAws;
  let client: SQSClient;
  let QueueUrl: string;
  let arn: string;
  beforeAll(async () => {
    aws = await startEmbeddedAws();
    client = new SQSClient({
      endpoint: aws.endpointUrl,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'y' },
      maxAttempts: 1,
    });
    const output = await aws.services.sqs.handle('CreateQueue', { QueueName: 'q' }, rootCaller(aws.context));
    ({ QueueUrl } = output as { QueueUrl: string });
    arn = 'arn:aws:sqs:us-east-1:000000000000:q';
  });
  beforeEach(() => aws.context.faults.clear());
  afterAll(async () => {
    client.destroy();
    await aws.close();
  });
  const visible = () => aws.services.sqs.counts(arn).visible;
  const send = () => client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'x' }));

  test('throttle: refused as ThrottlingException, nothing happens', async () => {
    const before = visible();
    aws.context.faults.add({ service: 'sqs', action: 'SendMessage', effect: { kind: 'throttle' } });

    await expect(send()).rejects.toMatchObject({
      $metadata: { httpStatusCode: 400 },
      message: /Rate exceeded/,
    });

    expect(visible()).toBe(before);
  });

  test('fail: the error and status the rule names', async () => {
    const effect = { kind: 'fail', code: 'ServiceUnavailable', httpStatus: 503 } as const;
    aws.context.faults.add({ service: 'sqs', action: 'SendMessage', effect });

    await expect(send()).rejects.toMatchObject({
      name: 'ServiceUnavailable',
      $metadata: { httpStatusCode: 503 },
    });
  });

  test('drop-response: the message is there, the sender sees a broken connection', async () => {
    const before = visible();
    aws.context.faults.add({ service: 'sqs', action: 'SendMessage', effect: { kind: 'drop-response' } });

    await expect(send()).rejects.toThrow();

    expect(visible()).toBe(before + 1);
  });

  test('D1 fail-entries: some entries fail with a 200, the others are stored', async () => {
    const before = visible();
    aws.context.faults.add({
      service: 'sqs',
      action: 'SendMessageBatch',
      effect: { kind: 'fail-entries', share: 0.5, code: 'InternalError' },
    });

    const output = await client.send(
      new SendMessageBatchCommand({
        QueueUrl,
        Entries: Array.from({ length: 10 }, (_, index) => ({ Id: `m${index}`, MessageBody: 'x' })),
      }),
    );
    const failed = output.Failed ?? [];
    const successful = output.Successful ?? [];

    expect(failed.length).toBeGreaterThan(0);
    expect(failed[0]).toMatchObject({ Code: 'InternalError', SenderFault: false });
    expect(new Set([...failed, ...successful].map(({ Id }) => Id)).size).toBe(10);
    expect(visible() - before).toBe(successful.length);
  });

  test('duplicate: the message is delivered twice with one id; drop: accepted and lost', async () => {
    const before = visible();
    aws.context.faults.add({ service: 'sqs', action: 'Deliver', times: 1, effect: { kind: 'duplicate' } });
    const { MessageId } = await send();
    const twice = aws.services.sqs.messages(arn).filter((message) => message.messageId === MessageId);
    aws.context.faults.add({ service: 'sqs', action: 'Deliver', times: 1, effect: { kind: 'drop' } });
    await send();

    expect(twice).toHaveLength(2);
    expect(visible()).toBe(before + 2);
  });
});

test('fail-entries answers EventBridge entries by position', async () => {
  const context = createAwsContext({ faultSeed: 3 });
  const events: AwsService = {
    name: 'events',
    protocols: {},
    handle: async (_action, input) => ({
      FailedEntryCount: 0,
      Entries: (input['Entries'] as { Detail: string }[]).map(({ Detail }) => ({ EventId: Detail })),
    }),
  };
  context.faults.add({ service: 'events', effect: { kind: 'fail-entries', share: 0.5 } });
  const Entries = Array.from({ length: 6 }, (_, index) => ({ Detail: `e${index}` }));

  const output = (await callService(context, events, 'PutEvents', { Entries }, rootCaller(context))) as {
    FailedEntryCount: number;
    Entries: { EventId?: string; ErrorCode?: string }[];
  };

  expect(output.FailedEntryCount).toBeGreaterThan(0);
  expect(output.Entries.filter((entry) => entry.ErrorCode)).toHaveLength(output.FailedEntryCount);
  for (const [index, entry] of output.Entries.entries()) {
    expect(entry.ErrorCode ?? entry.EventId).toBe(entry.ErrorCode ? 'InternalFailure' : `e${index}`);
  }
});

test('delay holds a call back by the clock, and each fault is reported as a happening', async () => {
  const clock = manualClock();
  const context = createAwsContext({ clock });
  const echo: AwsService = { name: 'echo', protocols: {}, handle: async () => ({ at: clock.now() }) };
  const seen: unknown[] = [];
  context.events.observe((happening) => seen.push(happening));
  context.faults.add({ service: 'echo', effect: { kind: 'delay', milliseconds: 500 } });
  const start = clock.now();

  const answer = callService(context, echo, 'Say', {}, rootCaller(context));
  await clock.advance(500);

  expect(await answer).toEqual({ at: start + 500 });
  expect(seen).toEqual([
    expect.objectContaining({ kind: 'fault', service: 'echo', detail: { action: 'Say', effect: 'delay' } }),
  ]);
});

test('reorder: the message comes behind those of the next second; a FIFO queue keeps its order', async () => {
  const clock = manualClock();
  const context = createAwsContext({ clock });
  const sqs = createSqsService(context);
  const order = async (QueueName: string, extra: Record<string, string>): Promise<string[]> => {
    const { QueueUrl: url } = (await sqs.handle(
      'CreateQueue',
      { QueueName, ...(extra['MessageGroupId'] && { Attributes: { FifoQueue: 'true' } }) },
      rootCaller(context),
    )) as { QueueUrl: string };
    context.faults.add({ service: 'sqs', action: 'Deliver', times: 1, effect: { kind: 'reorder' } });
    for (const body of ['first', 'second']) {
      const message = {
        QueueUrl: url,
        MessageBody: body,
        ...extra,
        ...(extra['MessageGroupId'] && { MessageDeduplicationId: body }),
      };
      await sqs.handle('SendMessage', message, rootCaller(context));
    }
    const bodies: string[] = [];
    for (let round = 0; round < 2; round++) {
      const queueArn = `arn:aws:sqs:us-east-1:000000000000:${QueueName}`;
      const messages = await sqs.receiveMessage(queueArn, { MaxNumberOfMessages: 10 });
      bodies.push(...messages.map(({ Body }) => Body));
      await clock.advance(1_000);
    }
    return bodies;
  };

  expect(await order('standard', {})).toEqual(['second', 'first']);
  expect(await order('ordered.fifo', { MessageGroupId: 'g' })).toEqual(['first', 'second']);
});
