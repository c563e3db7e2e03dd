import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';

import { manualClock } from '../../../../local/aws/index.ts';
import type { AwsContext, Happening } from '../../../../local/aws/index.ts';
import { createSqsService } from '../../../../local/aws/sqs/index.ts';
import type { SqsService } from '../../../../local/aws/sqs/index.ts';
import { lambdaUnderTest } from './code.ts';
import type { LambdaUnderTest } from './code.ts';
import { until, untilOnClock } from '../../../support/waiting.ts';

const ACCOUNT = '000000000000';
/** Milliseconds of the queues' time. */
const STEP = 200;
let clock: ReturnType<typeof manualClock>;
let it: LambdaUnderTest;
let sqs: SqsService;
let lines: string[];

beforeEach(() => {
  clock = manualClock();
  it = lambdaUnderTest({ scaleOutDelayMilliseconds: 5 }, { clock });
  sqs = startSqs(it.context);
  lines = [];
  it.lambda.observeLogs(({ stream, text }) => {
    if (stream === 'stdout') lines.push(text);
  });
});
afterEach(async () => {
  await it.close();
  await sqs.close?.();
});

function startSqs(context: AwsContext): SqsService {
  const service = createSqsService(context);
  context.services.register(service);
  return service;
}

async function createQueue(name: string, attributes: Record<string, string> = {}): Promise<string> {
  await sqs.handle('CreateQueue', { QueueName: name, Attributes: attributes }, caller());
  return `arn:aws:sqs:us-east-1:${ACCOUNT}:${name}`;
}

const caller = () => ({ accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:root` });

/** Time passes for the queues while no function runs: no machine is so slow that a message comes back too early. */
const untilInTime = (condition: () => boolean): Promise<void> =>
  until(async () => {
    if (condition()) return true;
    if (it.lambda.busy() === 0) await clock.advance(STEP);
    return false;
  });
const idle = (queueArn: string) => {
  const { visible, inFlight } = sqs.counts(queueArn);
  return visible + inFlight === 0;
};
const PRINT_BODIES =
  'export const handler = async ({ Records }) => console.log(Records.map((record) => record.body).join(" "));';

describe('SQS event source mapping', () => {
  test('FIFO: what follows a failed part of a batch above 6 MB waits for it', async () => {
    const queueArn = await createQueue('large.fifo', { FifoQueue: 'true', VisibilityTimeout: '3' });
    await it.create(
      'worker',
      `let calls = 0;
       export const handler = async ({ Records }) => {
         console.log(Records.map(({ body }) => body[0]).join(''));
         if (calls++ === 0) throw new Error('not now');
       };`,
      { timeoutSeconds: 3 },
    );
    for (const first of '12345678') {
      sqs.deliverToQueue(queueArn, {
        body: first.repeat(900_000),
        messageGroupId: 'g',
        messageDeduplicationId: first,
      });
    }

    await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });
    await untilInTime(() => idle(queueArn));

    expect(lines[0]).toBe('123456');
    expect(lines.slice(1).join('')).toBe('12345678');
  });

  test('a message reaches the function in Lambda’s shape and is deleted', async () => {
    const queueArn = await createQueue('orders');
    await it.create('worker', 'export const handler = async (event) => console.log(JSON.stringify(event));');
    await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

    sqs.deliverToQueue(queueArn, {
      body: 'hello',
      messageAttributes: { eventType: { DataType: 'String', StringValue: 'OrderPlaced' } },
    });
    await untilInTime(() => lines.length === 1 && idle(queueArn));

    const { Records } = JSON.parse(lines[0] ?? '') as { Records: Record<string, unknown>[] };
    expect(Records).toHaveLength(1);
    expect(Records[0]).toMatchObject({
      body: 'hello',
      md5OfBody: '5d41402abc4b2a76b9719d911017c592',
      eventSource: 'aws:sqs',
      eventSourceARN: queueArn,
      awsRegion: 'us-east-1',
      attributes: { ApproximateReceiveCount: '1' },
      messageAttributes: {
        eventType: {
          stringValue: 'OrderPlaced',
          dataType: 'String',
          stringListValues: [],
          binaryListValues: [],
        },
      },
    });
    expect(Records[0]).toHaveProperty('md5OfMessageAttributes');
  });

  test('D3 only the reported messages come again', async () => {
    const queueArn = await createQueue('partial', { VisibilityTimeout: '3' });
    await it.create(
      'worker',
      `export const handler = async ({ Records }) => {
         console.log(Records.map(({ body, attributes }) => body + attributes.ApproximateReceiveCount).join(' '));
         const bad = Records.filter(({ body, attributes }) => body === 'b' && attributes.ApproximateReceiveCount === '1');
         return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };
       };`,
      { timeoutSeconds: 3 },
    );
    for (const body of ['a', 'b', 'c']) sqs.deliverToQueue(queueArn, { body });

    await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await untilInTime(() => idle(queueArn));

    expect(lines.map((line) => line.split(' ').toSorted().join(' '))).toEqual(['a1 b1 c1', 'b2']);
  });

  test('without ReportBatchItemFailures the answer is not looked at', async () => {
    const queueArn = await createQueue('plain');
    await it.create(
      'worker',
      'export const handler = async ({ Records }) => ({ batchItemFailures: [{ itemIdentifier: Records[0].messageId }] });',
    );
    await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

    sqs.deliverToQueue(queueArn, { body: 'a' });

    await untilInTime(() => idle(queueArn));
  });

  test('an error leaves the whole batch to its visibility timeout and then the dead-letter queue', async () => {
    const deadLetterArn = await createQueue('dead');
    const queueArn = await createQueue('failing', {
      VisibilityTimeout: '3',
      RedrivePolicy: JSON.stringify({ deadLetterTargetArn: deadLetterArn, maxReceiveCount: 2 }),
    });
    await it.create('worker', 'export const handler = async () => { throw new Error("always"); };', {
      timeoutSeconds: 3,
    });
    await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

    sqs.deliverToQueue(queueArn, { body: 'poison' });
    await untilInTime(() => sqs.counts(deadLetterArn).visible === 1);

    expect(sqs.messages(deadLetterArn)[0]).toMatchObject({ body: 'poison' });
    expect(idle(queueArn)).toBe(true);
  });

  test('a message that the filter does not let through is deleted unseen', async () => {
    const queueArn = await createQueue('filtered');
    await it.create('worker', PRINT_BODIES);
    await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ body: { kind: ['wanted'] } }) }] },
    });

    sqs.deliverToQueue(queueArn, { body: JSON.stringify({ kind: 'other' }) });
    sqs.deliverToQueue(queueArn, { body: JSON.stringify({ kind: 'wanted' }) });
    await untilInTime(() => lines.length > 0 && idle(queueArn));

    expect(lines).toEqual(['{"kind":"wanted"}']);
  });

  test('D4 FIFO: messages of a group arrive in order, one batch of a group at a time', async () => {
    const queueArn = await createQueue('line.fifo', { FifoQueue: 'true' });
    await it.create(
      'worker',
      `export const handler = async ({ Records }) => {
         for (const { body } of Records) {
           console.log(body);
           await new Promise((resolve) => setTimeout(resolve, Math.random() * 3));
         }
       };`,
    );
    await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      BatchSize: 3,
    });

    for (let number = 0; number < 40; number++) {
      const group = number % 2 === 0 ? 'even' : 'odd';
      sqs.deliverToQueue(queueArn, {
        body: `${group}-${number}`,
        messageGroupId: group,
        messageDeduplicationId: `${number}`,
      });
    }
    await untilInTime(() => lines.length === 40 && idle(queueArn));

    for (const group of ['even', 'odd']) {
      const numbers = lines
        .filter((line) => line.startsWith(group))
        .map((line) => Number(line.split('-')[1]));
      expect(numbers).toEqual(numbers.toSorted((left, right) => left - right));
      expect(numbers).toHaveLength(20);
    }
  });

  test('D4 FIFO: what was reported as failed comes again in order, and other groups go on', async () => {
    const queueArn = await createQueue('halt.fifo', { FifoQueue: 'true', VisibilityTimeout: '3' });
    await it.create(
      'worker',
      `export const handler = async ({ Records }) => {
         const halted = new Set();
         const batchItemFailures = [];
         for (const { body, messageId, attributes: { MessageGroupId: group, ApproximateReceiveCount } } of Records) {
           if (halted.has(group) || (body === 'a2' && ApproximateReceiveCount === '1')) {
             halted.add(group);
             batchItemFailures.push({ itemIdentifier: messageId });
           } else console.log(body);
         }
         return { batchItemFailures };
       };`,
      { timeoutSeconds: 3 },
    );
    for (const body of ['a1', 'b1', 'a2', 'b2', 'a3', 'b3']) {
      sqs.deliverToQueue(queueArn, { body, messageGroupId: body.charAt(0), messageDeduplicationId: body });
    }
    await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await untilInTime(() => idle(queueArn));

    expect(lines.filter((line) => line.startsWith('a'))).toEqual(['a1', 'a2', 'a3']);
    expect(lines.filter((line) => line.startsWith('b'))).toEqual(['b1', 'b2', 'b3']);
    expect(lines.indexOf('b3')).toBeLessThan(lines.indexOf('a2'));
  });

  test('no more batches run at once than the mapping’s maximum concurrency', async () => {
    const queueArn = await createQueue('wide');
    await it.create(
      'worker',
      'export const handler = async () => new Promise((resolve) => setTimeout(resolve, 120));',
    );
    let running = 0;
    let most = 0;
    it.context.events.observe(({ kind }: Happening) => {
      if (kind === 'invoked') most = Math.max(most, ++running);
      if (kind === 'returned') running--;
    });
    await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      BatchSize: 1,
      ScalingConfig: { MaximumConcurrency: 2 },
    });

    for (let number = 0; number < 8; number++) sqs.deliverToQueue(queueArn, { body: `${number}` });
    await untilInTime(() => idle(queueArn));

    expect(most).toBe(2);
  });

  test('a throttled batch is not lost', async () => {
    const queueArn = await createQueue('throttled');
    await it.create('worker', PRINT_BODIES, { reservedConcurrency: 0 });
    await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

    sqs.deliverToQueue(queueArn, { body: 'later' });
    await until(() => sqs.counts(queueArn).inFlight === 1);
    it.lambda.putFunctionConcurrency('worker', undefined);
    // The batch is in work while its next try is waited for.
    await untilOnClock(clock, () => idle(queueArn), STEP);

    expect(lines).toEqual(['later']);
  });

  test('a window gathers a batch larger than one receive', async () => {
    const queueArn = await createQueue('window');
    await it.create('worker', 'export const handler = async ({ Records }) => console.log(Records.length);');
    for (let number = 0; number < 25; number++) sqs.deliverToQueue(queueArn, { body: `${number}` });

    await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      BatchSize: 25,
      MaximumBatchingWindowInSeconds: 5,
    });
    await untilInTime(() => idle(queueArn));

    expect(lines).toEqual(['25']);
  });

  test('a disabled mapping leaves the queue alone until it is enabled', async () => {
    const queueArn = await createQueue('paused');
    await it.create('worker', PRINT_BODIES);
    const { uuid } = await it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      Enabled: false,
    });
    sqs.deliverToQueue(queueArn, { body: 'waiting' });

    await it.call('worker', { Records: [] });
    expect(sqs.counts(queueArn).visible).toBe(1);
    await it.lambda.updateEventSourceMapping(uuid, { Enabled: true });
    await untilInTime(() => idle(queueArn));

    expect(lines).toEqual(['', 'waiting']);
  });

  test.each([
    ['a batch over 10 without a window', { BatchSize: 11 }, 'Maximum batch window'],
    ['a window over 300 seconds', { MaximumBatchingWindowInSeconds: 301 }, 'between 0 and 300'],
    ['a maximum concurrency of 1', { ScalingConfig: { MaximumConcurrency: 1 } }, 'between 2 and 1000'],
    [
      'a filter that is no pattern',
      { FilterCriteria: { Filters: [{ Pattern: '{"body":"x"}' }] } },
      'filter pattern',
    ],
  ])('%s is refused', async (_name, settings, message) => {
    const queueArn = await createQueue('refused');
    await it.create('worker', PRINT_BODIES);

    const creation = it.lambda.createEventSourceMapping({
      EventSourceArn: queueArn,
      FunctionName: 'worker',
      ...settings,
    });

    await expect(creation).rejects.toThrow(message);
  });

  test('a function that may run longer than the visibility timeout is refused, as on AWS', async () => {
    const queueArn = await createQueue('short', { VisibilityTimeout: '10' });
    await it.create('worker', PRINT_BODIES, { timeoutSeconds: 11 });

    const creation = it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

    await expect(creation).rejects.toThrow(
      'Queue visibility timeout: 10 seconds is less than Function timeout: 11 seconds',
    );
  });

  test('a message that arrives is handled at once, not at the next poll', async () => {
    const queueArn = await createQueue('quick');
    await it.create('worker', PRINT_BODIES);
    await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

    for (let number = 1; number <= 10; number++) {
      sqs.deliverToQueue(queueArn, { body: `${number}` });
      // The queues' time stands still: there is no next poll.
      await until(() => lines.length === number && idle(queueArn));
    }

    expect(lines).toHaveLength(10);
  });
});

describe('faults', () => {
  test.each(['crashBefore', 'crashDuring', 'loseResponse'] as const)(
    '%s: the message comes again and is handled in the end',
    async (fault) => {
      const queueArn = await createQueue('chaos', { VisibilityTimeout: '3' });
      await it.create(
        'worker',
        'export const handler = async ({ Records }) => { await new Promise((resolve) => setTimeout(resolve, 15)); console.log(Records[0].body); };',
        { timeoutSeconds: 3 },
      );
      it.lambda.faults.set('worker', { [fault]: 1 });
      await it.lambda.createEventSourceMapping({ EventSourceArn: queueArn, FunctionName: 'worker' });

      sqs.deliverToQueue(queueArn, { body: 'survivor' });
      await untilInTime(() => Object.keys(it.lambda.faults.injected()).length === 1);
      it.lambda.faults.clear();
      await untilInTime(() => idle(queueArn));

      expect(lines).toEqual(fault === 'loseResponse' ? ['survivor', 'survivor'] : ['survivor']);
    },
  );
});

describe('asynchronous invocation', () => {
  test('an error is retried twice, then the event goes to the on-failure destination', async () => {
    const quick = lambdaUnderTest({ asyncRetryDelayMilliseconds: [5, 5] });
    const queues = startSqs(quick.context);
    await queues.handle('CreateQueue', { QueueName: 'failed' }, caller());
    const destination = `arn:aws:sqs:us-east-1:${ACCOUNT}:failed`;
    let calls = 0;
    quick.lambda.observeLogs(({ stream }) => (calls += stream === 'stdout' ? 1 : 0));
    await quick.create(
      'task',
      'export const handler = async () => { console.log("try"); throw new Error("no"); };',
    );
    quick.lambda.putEventInvokeConfig('task', { onFailure: destination });

    const { statusCode, payload } = await quick.lambda.invoke('task', { id: 7 }, { type: 'Event' });
    await untilInTime(() => queues.counts(destination).visible === 1);

    expect({ statusCode, payload, calls }).toEqual({ statusCode: 202, payload: undefined, calls: 3 });
    expect(JSON.parse(queues.messages(destination)[0]?.body ?? '')).toMatchObject({
      requestContext: { condition: 'RetriesExhausted', approximateInvokeCount: 3 },
      requestPayload: { id: 7 },
      responseContext: { functionError: 'Unhandled' },
      responsePayload: { errorMessage: 'no' },
    });
    await quick.close();
    await queues.close?.();
  });

  test('a throttled event waits and is run later', async () => {
    await it.create('task', 'export const handler = async () => console.log("ran");', {
      reservedConcurrency: 0,
    });

    await it.lambda.invoke('task', {}, { type: 'Event' });
    await untilInTime(() => it.lambda.waiting() === 1);
    it.lambda.putFunctionConcurrency('task', undefined);
    await untilInTime(() => lines.length === 1);

    expect(lines).toEqual(['ran']);
  });
});
