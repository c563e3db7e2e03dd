/** Conformance of SQS: SendMessage, sizes, characters, delays, digests, message attributes. */
import { createHash } from 'node:crypto';
import {
  ReceiveMessageCommand,
  SendMessageCommand,
  type MessageAttributeValue,
  type SendMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { behavioursOf, bodies, expect, refused, type TestQueue } from '../harness.ts';
import { api, guide, MESSAGE_QUOTAS, METADATA } from './pages.ts';

const behaviour = behavioursOf('sqs');
const INVALID = ['InvalidParameterValue', 'InvalidParameterValueException'] as const;
const MIB = 1_048_576;

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const text = (StringValue: string, DataType = 'String'): MessageAttributeValue => ({ DataType, StringValue });
const withAttributes = (queue: TestQueue, MessageAttributes: Record<string, MessageAttributeValue>) =>
  queue.send('a', { MessageAttributes });

behaviour(
  'SendMessage answers with a message id and the MD5 of the body',
  api('SendMessage'),
  async (aws) => {
    const queue = await aws.queue();
    const sent = await queue.send('hällo');
    expect(sent.MessageId).toMatch(/^[\da-f-]{36}$/);
    expect(sent.MD5OfMessageBody).toBe(md5('hällo'));
    expect(sent.MD5OfMessageAttributes).toBeUndefined();
    expect(sent.SequenceNumber).toBeUndefined();
  },
);

behaviour('a message is received as it was sent', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue();
  const body = '{"a": "<&>\\"\' ü 😀"}\t\r\n line';
  const { MessageId } = await queue.send(body);

  const [message] = await queue.receive(1);
  expect(message).toMatchObject({ MessageId, Body: body, MD5OfBody: md5(body) });
  expect(message?.ReceiptHandle).toBeTruthy();
});

for (const [title, body] of [
  ['tab, line feed and carriage return', '\t\n\r'],
  ['a character outside the basic plane', '\u{10000}\u{10FFFF}'],
  ['the last characters before the surrogates and after them', '\uD7FF\uE000\uFFFD'],
] as const) {
  behaviour(`a body may have ${title}`, api('SendMessage'), async (aws) => {
    const queue = await aws.queue();
    await queue.send(body);
    expect(bodies(await queue.receive(1))).toEqual([body]);
  });
}

for (const [title, body] of [
  ['U+0000', 'a\u0000'],
  ['U+0008', 'a\u0008'],
  ['U+000B', 'a\u000B'],
  ['U+001F', 'a\u001F'],
  ['U+FFFE', 'a\uFFFE'],
  ['U+FFFF', 'a\uFFFF'],
] as const) {
  behaviour(`a body with ${title}: InvalidMessageContents`, api('SendMessage'), async (aws) => {
    const queue = await aws.queue();
    await refused(queue.send(body), 'InvalidMessageContents');
  });
}

behaviour('an empty body: MissingParameter', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  await refused(queue.send(''), 'MissingParameter', 'MissingRequiredParameterException', ...INVALID);
});

behaviour('a body of one character is taken', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  expect(await queue.receive(1)).toHaveLength(1);
});

behaviour('a message of 1 MiB is taken', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue();
  await queue.send('a'.repeat(MIB));
  const [message] = await queue.receive(1);
  expect(message?.Body?.length).toBe(MIB);
});

behaviour('a message of 1 MiB and one byte is refused', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue();
  await refused(queue.send('a'.repeat(MIB + 1)), ...INVALID);
});

behaviour('sizes are bytes of UTF-8, not characters', MESSAGE_QUOTAS, async (aws) => {
  const queue = await aws.queue({ MaximumMessageSize: '1024' });
  await queue.send('ü'.repeat(512));
  await refused(queue.send('ü'.repeat(513)), ...INVALID);
});

behaviour('names, types and values of attributes count towards the size', METADATA, async (aws) => {
  const queue = await aws.queue({ MaximumMessageSize: '1024' });
  const MessageAttributes = {
    name: text('value'),
    bin: { DataType: 'Binary', BinaryValue: Uint8Array.of(1, 2) },
  };
  // name + String + value, bin + Binary + 2
  const taken = 4 + 6 + 5 + 3 + 6 + 2;
  await queue.send('a'.repeat(1024 - taken), { MessageAttributes });
  await refused(queue.send('a'.repeat(1025 - taken), { MessageAttributes }), ...INVALID);
});

behaviour('the trace header does not count towards the size', api('SendMessage'), async (aws) => {
  const queue = await aws.queue({ MaximumMessageSize: '1024' });
  await queue.send('a'.repeat(1024), {
    MessageSystemAttributes: { AWSTraceHeader: text('Root=1-5759e988-bd862e3fe1be46a994272793') },
  });
  expect(await queue.receive(1)).toHaveLength(1);
});

behaviour('MaximumMessageSize of the queue is enforced', api('SetQueueAttributes'), async (aws) => {
  const queue = await aws.queue({ MaximumMessageSize: '2048' });
  await queue.send('a'.repeat(2048));
  await refused(queue.send('a'.repeat(2049)), ...INVALID);
});

behaviour('a delayed message comes when its delay is over', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a', { DelaySeconds: 3 });
  expect(await queue.receiveOnce({ WaitTimeSeconds: 0 })).toEqual([]);
  await aws.wait(3);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour('the delay of the queue holds for messages without one', guide('sqs-delay-queues'), async (aws) => {
  const queue = await aws.queue({ DelaySeconds: '3' });
  await queue.send('a');
  expect(await queue.receiveOnce({ WaitTimeSeconds: 0 })).toEqual([]);
  await aws.wait(3);

  expect(bodies(await queue.receive(1))).toEqual(['a']);
});

behaviour(
  'the delay of a message wins over that of the queue, 0 too',
  guide('sqs-message-timers'),
  async (aws) => {
    const queue = await aws.queue({ DelaySeconds: '900' });
    await queue.send('a', { DelaySeconds: 0 });
    expect(bodies(await queue.receive(1))).toEqual(['a']);
  },
);

for (const DelaySeconds of [-1, 901]) {
  behaviour(`DelaySeconds ${DelaySeconds}: InvalidParameterValue`, api('SendMessage'), async (aws) => {
    const queue = await aws.queue();
    await refused(queue.send('a', { DelaySeconds }), ...INVALID);
  });
}

behaviour('delayed messages are counted as delayed', api('GetQueueAttributes'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a', { DelaySeconds: 900 });
  await aws.eventually(async () =>
    expect(
      await queue.attributes('ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesDelayed'),
    ).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesDelayed: '1' }),
  );
});

behaviour('MD5 of message attributes: text, number and binary', METADATA, async (aws) => {
  const queue = await aws.queue();
  const { MD5OfMessageAttributes } = await withAttributes(queue, {
    b: text('2', 'Number'),
    a: text('one'),
    c: { DataType: 'Binary.png', BinaryValue: Uint8Array.of(0, 255, 1) },
  });

  const field = (bytes: Uint8Array | string) => {
    const content = Buffer.from(bytes);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(content.length);
    return Buffer.concat([length, content]);
  };
  const attribute = (name: string, type: string, kind: number, value: Uint8Array | string) =>
    Buffer.concat([field(name), field(type), Buffer.of(kind), field(value)]);
  const expected = createHash('md5')
    .update(attribute('a', 'String', 1, 'one'))
    .update(attribute('b', 'Number', 1, '2'))
    .update(attribute('c', 'Binary.png', 2, Uint8Array.of(0, 255, 1)))
    .digest('hex');
  expect(MD5OfMessageAttributes).toBe(expected);
});

behaviour('MD5 of system attributes', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  const sent = await queue.send('a', { MessageSystemAttributes: { AWSTraceHeader: text('some-trace-id') } });
  expect(sent.MD5OfMessageSystemAttributes).toBe('fdce4f2818803f2f73becc09a54792c0');
  expect(sent.MD5OfMessageAttributes).toBeUndefined();
});

behaviour('message attributes arrive as sent, binary too', METADATA, async (aws) => {
  const queue = await aws.queue();
  await withAttributes(queue, {
    text: text('ü <&>'),
    number: text('-12.5e3', 'Number'),
    custom: text('x', 'String.tenant'),
    binary: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 1, 254, 255) },
  });
  const [message] = await queue.receive(1);
  expect(message?.MessageAttributes).toMatchObject({
    text: text('ü <&>'),
    number: text('-12.5e3', 'Number'),
    custom: text('x', 'String.tenant'),
  });
  expect([...(message?.MessageAttributes?.['binary']?.BinaryValue ?? [])]).toEqual([0, 1, 254, 255]);
});

behaviour('ten message attributes are taken, eleven refused', METADATA, async (aws) => {
  const queue = await aws.queue();
  const attributes = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`a${index}`, text('x')]));
  await withAttributes(queue, attributes(10));
  await refused(withAttributes(queue, attributes(11)), ...INVALID);
});

behaviour('attribute names: letters, digits, hyphen, underscore, inner periods', METADATA, async (aws) => {
  const queue = await aws.queue();
  const names = ['A-z_0.9', 'a.b.c', 'a'.repeat(256), '__proto__', 'constructor'];
  await withAttributes(queue, Object.fromEntries(names.map((name) => [name, text('x')])));
  const [message] = await queue.receive(1);
  expect(Object.keys(message?.MessageAttributes ?? {}).toSorted()).toEqual(names.toSorted());
});

for (const name of ['.a', 'a.', 'a..b', 'a b', 'ä', 'a/b', 'AWS.a', 'Amazon.a', 'aws.a', 'a'.repeat(257)]) {
  const shown = name.length > 20 ? `of ${name.length} characters` : `"${name}"`;
  behaviour(`an attribute name ${shown} is refused`, METADATA, async (aws) => {
    const queue = await aws.queue();
    await refused(withAttributes(queue, { [name]: text('x') }), ...INVALID);
  });
}

behaviour('attribute names are case-sensitive', METADATA, async (aws) => {
  const queue = await aws.queue();
  await withAttributes(queue, { a: text('1'), A: text('2') });
  const [message] = await queue.receive(1);
  expect(message?.MessageAttributes).toEqual({ a: text('1'), A: text('2') });
});

for (const [title, attribute] of [
  ['without a type', { StringValue: 'a' } as MessageAttributeValue],
  ['of an unknown type', text('a', 'Boolean')],
  ['of a type over 256 characters', text('a', `String.${'x'.repeat(250)}`)],
  ['with an empty text', text('')],
  ['of type String without a text', { DataType: 'String' }],
  ['of type Binary without bytes', { DataType: 'Binary', BinaryValue: new Uint8Array(0) }],
  ['of type Number with text', text('ten', 'Number')],
  ['of type Number with 39 digits', text('1'.repeat(39), 'Number')],
  ['of type Number over 10^126', text('1e127', 'Number')],
] as const) {
  behaviour(`an attribute ${title} is refused`, METADATA, async (aws) => {
    const queue = await aws.queue();
    await refused(withAttributes(queue, { a: attribute }), ...INVALID);
  });
}

behaviour('a Number of 38 digits is taken', METADATA, async (aws) => {
  const queue = await aws.queue();
  await withAttributes(queue, { a: text('9'.repeat(38), 'Number') });
  const [message] = await queue.receive(1);
  expect(message?.MessageAttributes?.['a']).toEqual(text('9'.repeat(38), 'Number'));
});

behaviour('lists in an attribute: UnsupportedOperation', api('MessageAttributeValue'), async (aws) => {
  const queue = await aws.queue();
  await refused(
    withAttributes(queue, { a: { DataType: 'String', StringListValues: ['a'] } }),
    'UnsupportedOperation',
    'AWS.SimpleQueueService.UnsupportedOperation',
    ...INVALID,
  );
});

behaviour('invalid characters in an attribute are refused', METADATA, async (aws) => {
  const queue = await aws.queue();
  await refused(withAttributes(queue, { a: text('a\u0001') }), 'InvalidMessageContents', ...INVALID);
});

behaviour('AWSTraceHeader is the only system attribute', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  const input = { MessageSystemAttributes: { SenderId: text('a') } } as Partial<SendMessageCommandInput>;
  await refused(queue.send('a', input), ...INVALID);
});

behaviour('AWSTraceHeader is a text', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  const header = { DataType: 'Binary', BinaryValue: Uint8Array.of(1) };
  await refused(queue.send('a', { MessageSystemAttributes: { AWSTraceHeader: header } }), ...INVALID);
});

behaviour('AWSTraceHeader is received as a system attribute', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a', { MessageSystemAttributes: { AWSTraceHeader: text('Root=1-2-3') } });
  const [message] = await queue.receive(1);
  expect(message?.Attributes?.['AWSTraceHeader']).toBe('Root=1-2-3');
});

behaviour('a standard queue refuses MessageDeduplicationId', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  await refused(queue.send('a', { MessageDeduplicationId: 'a' }), ...INVALID);
});

behaviour('a standard queue takes a message group (fair queues)', guide('sqs-fair-queues'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a', { MessageGroupId: 'tenant-1' });
  const [message] = await queue.receive(1);
  expect(message?.Attributes?.['MessageGroupId']).toBe('tenant-1');
});

behaviour('groups do not lock each other on standard queues', guide('sqs-fair-queues'), async (aws) => {
  const queue = await aws.queue();
  for (const body of ['a', 'b', 'c']) await queue.send(body, { MessageGroupId: 'one' });
  const first = await queue.receive(1, { MaxNumberOfMessages: 1 });
  const second = await queue.receive(2);
  expect([...bodies(first), ...bodies(second)].toSorted()).toEqual(['a', 'b', 'c']);
});

behaviour(
  'a quiet tenant is served before the backlog of a noisy one',
  guide('sqs-fair-queues-detailed'),
  async (aws) => {
    if (!aws.embedded) aws.notRun('AWS documents the aim, not the order; measured for the embedded AWS only');
    const queue = await aws.queue();
    for (let index = 0; index < 60; index++) await queue.send(`noisy ${index}`, { MessageGroupId: 'noisy' });
    await queue.send('quiet', { MessageGroupId: 'quiet' });
    const first = await queue.receive(30);
    await aws.wait(5);

    expect(bodies([...first, ...(await queue.receiveOnce())])).toContain('quiet');
  },
);

behaviour(
  'a message attribute is chosen by name, prefix.*, .* and All',
  api('ReceiveMessage'),
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '0' });
    await withAttributes(queue, { 'Help.Me': text('1'), Hello: text('2'), General: text('3') });
    const received = (...MessageAttributeNames: string[]) =>
      aws.eventually(async () => {
        const { Messages } = await aws.sqs.send(
          new ReceiveMessageCommand({ QueueUrl: queue.url, MessageAttributeNames, WaitTimeSeconds: 1 }),
        );
        expect(Messages).toHaveLength(1);
        return Object.keys(Messages?.[0]?.MessageAttributes ?? {}).toSorted();
      });

    expect(await received()).toEqual([]);
    expect(await received('Hello')).toEqual(['Hello']);
    expect(await received('hello', 'Help')).toEqual([]);
    expect(await received('Hel.*')).toEqual(['Hello', 'Help.Me']);
    expect(await received('.*')).toEqual(['General', 'Hello', 'Help.Me']);
    expect(await received('All')).toEqual(['General', 'Hello', 'Help.Me']);
  },
);

behaviour('MD5OfMessageAttributes of a receive is over what it gives', api('ReceiveMessage'), async (aws) => {
  const queue = await aws.queue({ VisibilityTimeout: '0' });
  await withAttributes(queue, { a: text('1') });
  const alone = (await queue.receive(1))[0]?.MD5OfMessageAttributes;
  const other = await aws.queue({ VisibilityTimeout: '0' });
  await withAttributes(other, { a: text('1'), b: text('2') });
  const [chosen] = await other.receive(1, { MessageAttributeNames: ['a'] });
  const [none] = await other.receive(1, { MessageAttributeNames: [] });

  expect(chosen?.MD5OfMessageAttributes).toBe(alone);
  expect(none?.MD5OfMessageAttributes).toBeUndefined();
});

behaviour('a body sent twice is two messages on a standard queue', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  const [first, second] = [await queue.send('a'), await queue.send('a')];
  expect(first.MessageId).not.toBe(second.MessageId);
  expect(bodies(await queue.receive(2))).toEqual(['a', 'a']);
});

behaviour('SendMessage without MessageBody: MissingParameter', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  await refused(
    aws.sqs.send(new SendMessageCommand({ QueueUrl: queue.url, MessageBody: undefined })),
    'MissingParameter',
    'MissingRequiredParameterException',
    ...INVALID,
  );
});
