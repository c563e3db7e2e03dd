/** Conformance of SQS: AddPermission and RemovePermission. */
import { AddPermissionCommand, RemovePermissionCommand } from '@aws-sdk/client-sqs';
import { behavioursOf, expect, refused, type Conformance, type TestQueue } from '../harness.ts';
import { api } from './pages.ts';

const behaviour = behavioursOf('sqs');
const INVALID = ['InvalidParameterValue', 'InvalidParameterValueException'] as const;

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: string;
}

async function add(aws: Conformance, queue: TestQueue, Label: string, Actions: readonly string[]) {
  await aws.sqs.send(
    new AddPermissionCommand({
      QueueUrl: queue.url,
      Label,
      AWSAccountIds: [await aws.accountId()],
      Actions: [...Actions],
    }),
  );
  await aws.applied();
}

async function statements(queue: TestQueue): Promise<readonly Statement[]> {
  const { Policy } = await queue.attributes('Policy');
  return Policy === undefined ? [] : (JSON.parse(Policy) as { Statement: Statement[] }).Statement;
}

behaviour('AddPermission adds a statement with the label as Sid', api('AddPermission'), async (aws) => {
  const queue = await aws.queue();
  await add(aws, queue, 'send', ['SendMessage']);
  const [statement] = await statements(queue);
  expect(statement).toMatchObject({ Sid: 'send', Effect: 'Allow', Resource: queue.arn });
  expect([statement?.Action].flat()).toEqual([expect.stringMatching(/^sqs:SendMessage$/i)]);
});

behaviour('AddPermission of several actions, and of a second label', api('AddPermission'), async (aws) => {
  const queue = await aws.queue();
  await add(aws, queue, 'consume', ['ReceiveMessage', 'DeleteMessage']);
  await add(aws, queue, 'all', ['*']);
  const found = await statements(queue);
  expect(found.map(({ Sid }) => Sid)).toEqual(['consume', 'all']);
  expect(found[0]?.Action).toHaveLength(2);
});

behaviour(
  'RemovePermission removes the statement of the label alone',
  api('RemovePermission'),
  async (aws) => {
    const queue = await aws.queue();
    await add(aws, queue, 'one', ['SendMessage']);
    await add(aws, queue, 'two', ['SendMessage']);
    await aws.sqs.send(new RemovePermissionCommand({ QueueUrl: queue.url, Label: 'one' }));
    await aws.applied();
    expect((await statements(queue)).map(({ Sid }) => Sid)).toEqual(['two']);
  },
);

behaviour('a label is used once', api('AddPermission'), async (aws) => {
  const queue = await aws.queue();
  await add(aws, queue, 'one', ['SendMessage']);
  await refused(add(aws, queue, 'one', ['ReceiveMessage']), ...INVALID);
});

behaviour('removing an unknown label is refused', api('RemovePermission'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await refused(aws.sqs.send(new RemovePermissionCommand({ QueueUrl, Label: 'none' })), ...INVALID);
});

behaviour('an action that is none is refused', api('AddPermission'), async (aws) => {
  const queue = await aws.queue();
  await refused(add(aws, queue, 'one', ['Dance']), ...INVALID);
});

behaviour('more than seven actions: OverLimit', api('AddPermission'), async (aws) => {
  const queue = await aws.queue();
  const actions = [
    'SendMessage',
    'ReceiveMessage',
    'DeleteMessage',
    'ChangeMessageVisibility',
    'GetQueueAttributes',
    'GetQueueUrl',
    'ListDeadLetterSourceQueues',
    'PurgeQueue',
  ];
  await refused(add(aws, queue, 'one', actions), 'OverLimit', ...INVALID);
});

behaviour('an account id that is none is refused', api('AddPermission'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await refused(
    aws.sqs.send(
      new AddPermissionCommand({ QueueUrl, Label: 'one', AWSAccountIds: ['abc'], Actions: ['SendMessage'] }),
    ),
    ...INVALID,
  );
});

for (const [title, input] of [
  ['a label with a space', { Label: 'a b' }],
  ['a label over 80 characters', { Label: 'a'.repeat(81) }],
] as const) {
  behaviour(`AddPermission: ${title} is refused`, api('AddPermission'), async (aws) => {
    const queue = await aws.queue();
    await refused(add(aws, queue, input.Label, ['SendMessage']), ...INVALID);
  });
}
