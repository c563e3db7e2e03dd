/** Conformance of SQS: queues are created, found, listed, tagged and deleted. */
import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ListQueueTagsCommand,
  SendMessageCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs';
import { behavioursOf, expect, refused, type Conformance } from '../harness.ts';
import { api, QUEUE_QUOTAS } from './pages.ts';

const behaviour = behavioursOf('sqs');

async function create(aws: Conformance, QueueName: string, Attributes: Record<string, string> = {}) {
  const { QueueUrl } = await aws.sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  aws.cleanup(() => aws.sqs.send(new DeleteQueueCommand({ QueueUrl })));
  return QueueUrl ?? '';
}

behaviour('the URL of a queue ends in account id and name', api('CreateQueue'), async (aws) => {
  const name = aws.uniqueName();
  const url = await create(aws, name);

  expect(new URL(url).pathname.endsWith(`/${await aws.accountId()}/${name}`)).toBe(true);
});

behaviour('GetQueueUrl finds a queue by its name', api('GetQueueUrl'), async (aws) => {
  const queue = await aws.queue();

  const { QueueUrl } = await aws.sqs.send(new GetQueueUrlCommand({ QueueName: queue.name }));
  expect(QueueUrl).toBe(queue.url);
});

behaviour('GetQueueUrl takes the account id of the owner', api('GetQueueUrl'), async (aws) => {
  const queue = await aws.queue();
  const QueueOwnerAWSAccountId = await aws.accountId();

  const { QueueUrl } = await aws.sqs.send(
    new GetQueueUrlCommand({ QueueName: queue.name, QueueOwnerAWSAccountId }),
  );
  expect(QueueUrl).toBe(queue.url);
});

behaviour('GetQueueUrl of an unknown queue: QueueDoesNotExist', api('GetQueueUrl'), async (aws) => {
  await refused(
    aws.sqs.send(new GetQueueUrlCommand({ QueueName: aws.uniqueName() })),
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
  );
});

behaviour('sending to an unknown queue: QueueDoesNotExist', api('SendMessage'), async (aws) => {
  const queue = await aws.queue();
  await refused(
    aws.sqs.send(new SendMessageCommand({ QueueUrl: `${queue.url}-none`, MessageBody: 'a' })),
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
  );
});

behaviour('a call without QueueUrl: MissingParameter', api('SendMessage'), async (aws) => {
  const answer = await aws.request({
    service: 'sqs',
    target: 'AmazonSQS.SendMessage',
    json: { MessageBody: 'a' },
  });
  expect(answer.status).toBe(400);
  expect(answer.text).toMatch(/MissingParameter|MissingRequiredParameter/);
});

behaviour(
  'a queue is found by the path of its URL, whatever the host in it',
  api('GetQueueUrl'),
  async (aws) => {
    const queue = await aws.queue();
    const { pathname } = new URL(queue.url);
    const answer = await aws.request({
      service: 'sqs',
      target: 'AmazonSQS.SendMessage',
      json: { QueueUrl: `https://sqs.${aws.region}.amazonaws.com${pathname}`, MessageBody: 'a' },
    });
    expect(answer.status).toBe(200);
  },
);

behaviour(
  'creating a queue again with the same attributes gives its URL',
  api('CreateQueue'),
  async (aws) => {
    const name = aws.uniqueName();
    const first = await create(aws, name, { VisibilityTimeout: '40' });

    expect(await create(aws, name, { VisibilityTimeout: '40' })).toBe(first);
  },
);

behaviour('creating a queue again with another value: QueueNameExists', api('CreateQueue'), async (aws) => {
  const name = aws.uniqueName();
  await create(aws, name, { VisibilityTimeout: '40' });

  await refused(create(aws, name, { VisibilityTimeout: '41' }), 'QueueNameExists', 'QueueAlreadyExists');
});

behaviour(
  'creating a queue again with a value other than the default: QueueNameExists',
  api('CreateQueue'),
  async (aws) => {
    const name = aws.uniqueName();
    await create(aws, name);

    await refused(create(aws, name, { DelaySeconds: '1' }), 'QueueNameExists', 'QueueAlreadyExists');
  },
);

for (const [title, name] of [
  ['a space', 'a b'],
  ['a period', 'a.b'],
  ['a letter that is not ASCII', 'ä'],
  ['81 characters', 'a'.repeat(81)],
] as const) {
  behaviour(`a queue name with ${title}: InvalidParameterValue`, QUEUE_QUOTAS, async (aws) => {
    await refused(create(aws, name), 'InvalidParameterValue', 'InvalidParameterValueException');
  });
}

behaviour('a queue name has up to 80 characters', QUEUE_QUOTAS, async (aws) => {
  const name = aws.uniqueName().padEnd(80, 'x');
  expect(await create(aws, name)).toContain(name);
});

behaviour('queue names are case-sensitive', QUEUE_QUOTAS, async (aws) => {
  const name = aws.uniqueName('case');
  await create(aws, name);
  await refused(
    aws.sqs.send(new GetQueueUrlCommand({ QueueName: name.toUpperCase() })),
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
  );
});

behaviour('a FIFO queue whose name does not end in .fifo is refused', api('CreateQueue'), async (aws) => {
  await refused(
    create(aws, aws.uniqueName(), { FifoQueue: 'true' }),
    'InvalidParameterValue',
    'InvalidParameterValueException',
  );
});

behaviour('a name ending in .fifo without FifoQueue is refused', api('CreateQueue'), async (aws) => {
  await refused(
    create(aws, `${aws.uniqueName()}.fifo`),
    'InvalidParameterValue',
    'InvalidParameterValueException',
  );
});

behaviour('the .fifo suffix counts towards the 80 characters', QUEUE_QUOTAS, async (aws) => {
  const fifo = { FifoQueue: 'true' };
  const stem = aws.uniqueName().padEnd(75, 'x');
  expect(await create(aws, `${stem}.fifo`, fifo)).toContain('.fifo');
  await refused(
    create(aws, `${stem}x.fifo`, fifo),
    'InvalidParameterValue',
    'InvalidParameterValueException',
  );
});

behaviour('FifoQueue false is refused: standard queues do not have it', api('CreateQueue'), async (aws) => {
  await refused(
    create(aws, aws.uniqueName(), { FifoQueue: 'false' }),
    'InvalidAttributeName',
    'InvalidAttributeValue',
  );
});

behaviour('a deleted queue is gone for every call', api('DeleteQueue'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
  await aws.applied();

  for (const call of [queue.send('b'), queue.receiveOnce(), queue.attributes()]) {
    await refused(call, 'QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue');
  }
});

behaviour(
  'a name can not be used again within 60 seconds of its deletion: QueueDeletedRecently',
  api('CreateQueue'),
  async (aws) => {
    const queue = await aws.queue();
    await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));

    await refused(
      create(aws, queue.name),
      'QueueDeletedRecently',
      'AWS.SimpleQueueService.QueueDeletedRecently',
    );
  },
);

behaviour('a name can be used again 60 seconds after its deletion', api('DeleteQueue'), async (aws) => {
  const queue = await aws.queue();
  await queue.send('a');
  await aws.sqs.send(new DeleteQueueCommand({ QueueUrl: queue.url }));
  await aws.wait(61);

  expect(await create(aws, queue.name)).toBe(queue.url);
  expect(await queue.receiveOnce()).toEqual([]);
});

behaviour('ListQueues finds queues by the beginning of their name', api('ListQueues'), async (aws) => {
  const stem = aws.uniqueName('list');
  const urls = [await create(aws, `${stem}-a`), await create(aws, `${stem}-b`)];
  await create(aws, aws.uniqueName('other'));

  await aws.eventually(async () => {
    const { QueueUrls = [] } = await aws.sqs.send(new ListQueuesCommand({ QueueNamePrefix: stem }));
    expect(QueueUrls.toSorted()).toEqual(urls);
  });
});

behaviour('ListQueues has no QueueUrls when nothing is found', api('ListQueues'), async (aws) => {
  const { QueueUrls } = await aws.sqs.send(new ListQueuesCommand({ QueueNamePrefix: aws.uniqueName() }));
  expect(QueueUrls).toBeUndefined();
});

behaviour('ListQueues gives pages of MaxResults, each queue once', api('ListQueues'), async (aws) => {
  const stem = aws.uniqueName('page');
  const urls = [];
  for (const letter of ['a', 'b', 'c', 'd', 'e']) urls.push(await create(aws, `${stem}-${letter}`));

  const listed: string[] = [];
  const sizes: number[] = [];
  let NextToken: string | undefined;
  do {
    const page = await aws.sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: stem, MaxResults: 2, ...(NextToken && { NextToken }) }),
    );
    listed.push(...(page.QueueUrls ?? []));
    sizes.push(page.QueueUrls?.length ?? 0);
    ({ NextToken } = page);
  } while (NextToken);
  expect(listed.toSorted()).toEqual(urls);
  expect(Math.max(...sizes)).toBe(2);
});

behaviour('ListQueues without MaxResults has no NextToken', api('ListQueues'), async (aws) => {
  const stem = aws.uniqueName('page');
  await create(aws, `${stem}-a`);
  await create(aws, `${stem}-b`);

  const { NextToken } = await aws.sqs.send(new ListQueuesCommand({ QueueNamePrefix: stem }));
  expect(NextToken).toBeUndefined();
});

for (const MaxResults of [0, 1001]) {
  behaviour(`ListQueues: MaxResults ${MaxResults} is refused`, api('ListQueues'), async (aws) => {
    await refused(
      aws.sqs.send(new ListQueuesCommand({ MaxResults })),
      'InvalidParameterValue',
      'InvalidParameterValueException',
      'ValidationException',
    );
  });
}

behaviour('tags of CreateQueue are listed', api('CreateQueue'), async (aws) => {
  const { QueueUrl } = await aws.sqs.send(
    new CreateQueueCommand({ QueueName: aws.uniqueName(), tags: { team: 'a', Team: 'b' } }),
  );
  aws.cleanup(() => aws.sqs.send(new DeleteQueueCommand({ QueueUrl })));

  const { Tags } = await aws.sqs.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Tags).toEqual({ team: 'a', Team: 'b' });
});

behaviour('TagQueue adds tags and overwrites tags of the same key', api('TagQueue'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await aws.sqs.send(new TagQueueCommand({ QueueUrl, Tags: { a: '1', b: '1' } }));
  await aws.sqs.send(new TagQueueCommand({ QueueUrl, Tags: { b: '2', c: '' } }));

  const { Tags } = await aws.sqs.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Tags).toEqual({ a: '1', b: '2', c: '' });
});

behaviour('UntagQueue takes tags away and minds no unknown key', api('UntagQueue'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await aws.sqs.send(new TagQueueCommand({ QueueUrl, Tags: { a: '1', b: '1' } }));
  await aws.sqs.send(new UntagQueueCommand({ QueueUrl, TagKeys: ['a', 'none'] }));

  const { Tags } = await aws.sqs.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Tags).toEqual({ b: '1' });
});

behaviour('a queue without tags lists none', api('ListQueueTags'), async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  const { Tags } = await aws.sqs.send(new ListQueueTagsCommand({ QueueUrl }));
  expect(Tags).toBeUndefined();
});

for (const [title, Tags] of [
  ['with the reserved prefix aws:', { 'aws:team': 'a' }],
  ['over 128 characters', { ['k'.repeat(129)]: 'a' }],
] as const) {
  behaviour(`a tag key ${title} is refused`, QUEUE_QUOTAS, async (aws) => {
    const { url: QueueUrl } = await aws.queue();
    await refused(
      aws.sqs.send(new TagQueueCommand({ QueueUrl, Tags })),
      'InvalidParameterValue',
      'InvalidParameterValueException',
    );
  });
}

behaviour('a tag value over 256 characters is refused', QUEUE_QUOTAS, async (aws) => {
  const { url: QueueUrl } = await aws.queue();
  await refused(
    aws.sqs.send(new TagQueueCommand({ QueueUrl, Tags: { a: 'v'.repeat(257) } })),
    'InvalidParameterValue',
    'InvalidParameterValueException',
  );
});

behaviour('tagging an unknown queue: QueueDoesNotExist', api('TagQueue'), async (aws) => {
  const { url } = await aws.queue();
  await refused(
    aws.sqs.send(new TagQueueCommand({ QueueUrl: `${url}-none`, Tags: { a: '1' } })),
    'QueueDoesNotExist',
    'AWS.SimpleQueueService.NonExistentQueue',
  );
});
