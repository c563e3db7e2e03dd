/** Conformance of EventBridge Pipes. */
import {
  CreatePipeCommand,
  DeletePipeCommand,
  DescribePipeCommand,
  ListPipesCommand,
  ListTagsForResourceCommand,
  PipesClient,
  StartPipeCommand,
  StopPipeCommand,
  TagResourceCommand,
  UpdatePipeCommand,
  type CreatePipeCommandInput,
} from '@aws-sdk/client-pipes';
import { CreateTopicCommand, DeleteTopicCommand, SubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateEventBusCommand,
  DeleteEventBusCommand,
  DeleteRuleCommand,
  PutRuleCommand,
  PutTargetsCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import { functionRole, lambdaFunction, reportingFunction } from '../functions.ts';
import { behavioursOf, bodies, expect, refused, type Conformance } from '../harness.ts';
import { stream } from '../streams.ts';

const behaviour = behavioursOf('pipes');
const API = 'https://docs.aws.amazon.com/eventbridge/latest/pipes-reference';
const GUIDE = 'https://docs.aws.amazon.com/eventbridge/latest/userguide';

const pipesOf = (aws: Conformance): PipesClient => aws.client(PipesClient);

/** A running pipe; deleted afterwards. */
async function pipe(
  aws: Conformance,
  input: Pick<CreatePipeCommandInput, 'Source' | 'Target'> & Partial<CreatePipeCommandInput>,
): Promise<string> {
  const client = pipesOf(aws);
  const Name = aws.uniqueName('pipe');
  await client.send(new CreatePipeCommand({ Name, RoleArn: await functionRole(aws), ...input }));
  aws.cleanup(() => client.send(new DeletePipeCommand({ Name })));
  const wanted = input.DesiredState ?? 'RUNNING';
  await aws.eventually(async () => {
    const { CurrentState } = await client.send(new DescribePipeCommand({ Name }));
    if (CurrentState !== wanted) throw new Error(`the pipe is ${CurrentState}`);
  }, 120);
  return Name;
}

const json = (text: string | undefined): unknown => JSON.parse(text ?? '');

behaviour(
  'a message of a queue comes to another as its record',
  `${GUIDE}/eb-pipes-sqs.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue()];
    await pipe(aws, { Source: source.arn, Target: target.arn });

    await source.send('hello');

    const [message] = await target.receive(1);
    expect(json(message?.Body)).toMatchObject({
      body: 'hello',
      eventSource: 'aws:sqs',
      eventSourceARN: source.arn,
      attributes: { ApproximateReceiveCount: '1' },
    });
  },
);

behaviour('a delivered message is deleted from its queue', `${GUIDE}/eb-pipes-sqs.html`, async (aws) => {
  const [source, target] = [await aws.queue(), await aws.queue()];
  await pipe(aws, { Source: source.arn, Target: target.arn });
  await source.send('hello');
  await target.receive(1);

  await aws.eventually(async () => {
    const counts = await source.attributes(
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
    );
    expect(counts).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
  });
});

behaviour(
  'a message that no filter matches is deleted',
  `${GUIDE}/eb-pipes-event-filtering.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue()];
    await source.send('{"kind":"other"}');
    await source.send('{"kind":"order"}');
    await pipe(aws, {
      Source: source.arn,
      Target: target.arn,
      SourceParameters: { FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["order"]}}' }] } },
    });

    const [message] = await target.receive(1);

    expect(json(message?.Body)).toMatchObject({ body: '{"kind":"order"}' });
    expect(await target.receiveOnce()).toEqual([]);
  },
);

behaviour(
  'a template looks into the JSON of the body',
  `${GUIDE}/eb-pipes-input-transformation.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue()];
    await pipe(aws, {
      Source: source.arn,
      Target: target.arn,
      TargetParameters: { InputTemplate: '{"id": <$.body.order.id>, "text": "order <$.body.order.id>"}' },
    });

    await source.send('{"order":{"id":"7"}}');

    const [message] = await target.receive(1);
    expect(json(message?.Body)).toEqual({ id: '7', text: 'order 7' });
  },
);

behaviour('a template knows the pipe', `${GUIDE}/eb-pipes-input-transformation.html`, async (aws) => {
  const [source, target] = [await aws.queue(), await aws.queue()];
  const name = await pipe(aws, {
    Source: source.arn,
    Target: target.arn,
    TargetParameters: { InputTemplate: '{"pipe": <aws.pipes.pipe-name>, "from": <aws.pipes.source-arn>}' },
  });

  await source.send('x');

  const [message] = await target.receive(1);
  expect(json(message?.Body)).toEqual({ pipe: name, from: source.arn });
});

behaviour(
  'the group of a FIFO target is a path into the event',
  `${GUIDE}/eb-pipes-event-target.html`,
  async (aws) => {
    const source = await aws.queue();
    const target = await aws.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
    await pipe(aws, {
      Source: source.arn,
      Target: target.arn,
      TargetParameters: { SqsQueueParameters: { MessageGroupId: '$.body.customer' } },
    });

    await source.send('{"customer":"c1"}');

    const [message] = await target.receive(1);
    expect(message?.Attributes).toMatchObject({ MessageGroupId: 'c1' });
  },
);

behaviour(
  'an enrichment gets the batch as a list, and its answer goes on',
  `${GUIDE}/pipes-enrichment.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue()];
    const enrichment = await lambdaFunction(
      aws,
      'export const handler = async (events) => events.map(({ body }) => ({ enriched: body }));',
    );
    await pipe(aws, { Source: source.arn, Target: target.arn, Enrichment: enrichment.arn });

    await source.send('a');

    const [message] = await target.receive(1);
    expect(json(message?.Body)).toEqual({ enriched: 'a' });
  },
);

behaviour('an enrichment that answers nothing ends there', `${GUIDE}/pipes-enrichment.html`, async (aws) => {
  const [source, reports] = [await aws.queue(), await aws.queue()];
  const target = await reportingFunction(aws, reports);
  const enrichment = await lambdaFunction(aws, 'export const handler = async () => [];');
  await pipe(aws, { Source: source.arn, Target: target.arn, Enrichment: enrichment.arn });

  await source.send('a');

  await aws.eventually(async () => {
    const counts = await source.attributes(
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
    );
    expect(counts).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
  });
  expect(await reports.receiveOnce()).toEqual([]);
});

behaviour(
  'a function as target gets the batch as a list',
  `${GUIDE}/eb-pipes-event-target.html`,
  async (aws) => {
    const [source, reports] = [await aws.queue(), await aws.queue()];
    const target = await reportingFunction(aws, reports);
    await pipe(aws, { Source: source.arn, Target: target.arn });

    await source.send('a');

    const [report] = await reports.receive(1);
    expect(json(report?.Body)).toEqual([expect.objectContaining({ body: 'a' })]);
  },
);

behaviour(
  'items that a function names as failed come again',
  `${GUIDE}/eb-pipes-batching-concurrency.html`,
  async (aws) => {
    const source = await aws.queue({ VisibilityTimeout: '5' });
    const reports = await aws.queue();
    const target = await reportingFunction(
      aws,
      reports,
      'return { batchItemFailures: [{ itemIdentifier: event[0].messageId }] };',
    );
    await pipe(aws, { Source: source.arn, Target: target.arn });
    await source.send('a');
    await reports.drain(1);

    await aws.wait(6);

    expect(await reports.receive(1)).toHaveLength(1);
  },
);

behaviour(
  'a failing target leaves messages to their visibility timeout',
  `${GUIDE}/eb-pipes-error-troubleshooting.html`,
  async (aws) => {
    const source = await aws.queue({ VisibilityTimeout: '5' });
    const reports = await aws.queue();
    const target = await reportingFunction(aws, reports, 'throw new Error("no");');
    await pipe(aws, { Source: source.arn, Target: target.arn });
    await source.send('a');
    await reports.drain(1);

    await aws.wait(6);

    expect(await reports.receive(1)).toHaveLength(1);
  },
);

behaviour('a topic gets each event', `${GUIDE}/eb-pipes-event-target.html`, async (aws) => {
  const [source, target] = [await aws.queue(), await aws.queue()];
  const { TopicArn = '' } = await aws.sns.send(new CreateTopicCommand({ Name: aws.uniqueName('topic') }));
  aws.cleanup(() => aws.sns.send(new DeleteTopicCommand({ TopicArn })));
  await aws.allow(target, 'sns.amazonaws.com', TopicArn);
  await aws.sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: target.arn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  await pipe(aws, {
    Source: source.arn,
    Target: TopicArn,
    TargetParameters: { InputTemplate: '<$.body>' },
  });

  await source.send('to the topic');

  expect(bodies(await target.receive(1))).toEqual(['to the topic']);
});

behaviour(
  'an event bus gets the event as its detail',
  `${API}/API_PipeTargetEventBridgeEventBusParameters.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue()];
    const Name = aws.uniqueName('bus');
    const { EventBusArn = '' } = await aws.events.send(new CreateEventBusCommand({ Name }));
    aws.cleanup(() => aws.events.send(new DeleteEventBusCommand({ Name })));
    const { RuleArn = '' } = await aws.events.send(
      new PutRuleCommand({ Name, EventBusName: Name, EventPattern: '{"source":["orders"]}' }),
    );
    aws.cleanup(() => aws.events.send(new DeleteRuleCommand({ Name, EventBusName: Name })));
    await aws.allow(target, 'events.amazonaws.com', RuleArn);
    await aws.events.send(
      new PutTargetsCommand({ Rule: Name, EventBusName: Name, Targets: [{ Id: '1', Arn: target.arn }] }),
    );
    aws.cleanup(() =>
      aws.events.send(new RemoveTargetsCommand({ Rule: Name, EventBusName: Name, Ids: ['1'] })),
    );
    await pipe(aws, {
      Source: source.arn,
      Target: EventBusArn,
      TargetParameters: {
        InputTemplate: '{"id": <$.body.id>}',
        EventBridgeEventBusParameters: { Source: 'orders', DetailType: '$.body.kind' },
      },
    });

    await source.send('{"kind":"OrderPlaced","id":7}');

    const [message] = await target.receive(1);
    expect(json(message?.Body)).toMatchObject({
      source: 'orders',
      'detail-type': 'OrderPlaced',
      detail: { id: 7 },
    });
  },
);

behaviour(
  'a stream gets records by the partition key of the event',
  `${API}/API_PipeTargetKinesisStreamParameters.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await stream(aws)];
    await pipe(aws, {
      Source: source.arn,
      Target: target.arn,
      TargetParameters: {
        InputTemplate: '<$.body>',
        KinesisStreamParameters: { PartitionKey: '$.messageId' },
      },
    });

    await source.send('{"n":1}');

    await aws.eventually(async () => expect(await target.all()).toEqual(['{"n":1}']));
  },
);

behaviour(
  'records of a stream come flat, and templates read their data',
  `${GUIDE}/eb-pipes-kinesis.html`,
  async (aws) => {
    const [source, target] = [await stream(aws), await aws.queue()];
    const { sequenceNumber } = await source.put('{"n":1}', 'key');
    await pipe(aws, {
      Source: source.arn,
      Target: target.arn,
      SourceParameters: { KinesisStreamParameters: { StartingPosition: 'TRIM_HORIZON' } },
      TargetParameters: {
        InputTemplate: '{"n": <$.data.n>, "key": <$.partitionKey>, "at": <$.sequenceNumber>}',
      },
    });

    const [message] = await target.receive(1);

    expect(json(message?.Body)).toEqual({ n: 1, key: 'key', at: sequenceNumber });
  },
);

behaviour(
  'records that were given up are told to the dead-letter queue',
  `${GUIDE}/eb-pipes-batching-concurrency.html`,
  async (aws) => {
    const [source, dead] = [await stream(aws), await aws.queue()];
    const { sequenceNumber } = await source.put('bad');
    const failing = await lambdaFunction(
      aws,
      'export const handler = async () => { throw new Error("no"); };',
    );
    await pipe(aws, {
      Source: source.arn,
      Target: failing.arn,
      SourceParameters: {
        KinesisStreamParameters: {
          StartingPosition: 'TRIM_HORIZON',
          MaximumRetryAttempts: 0,
          DeadLetterConfig: { Arn: dead.arn },
        },
      },
    });

    const [message] = await dead.receive(1);

    expect(json(message?.Body)).toMatchObject({
      KinesisBatchInfo: { startSequenceNumber: sequenceNumber, batchSize: 1, streamArn: source.arn },
    });
  },
);

behaviour(
  'a stopped pipe leaves messages, a started one takes them',
  `${API}/API_StopPipe.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue()];
    const Name = await pipe(aws, { Source: source.arn, Target: target.arn });
    await pipesOf(aws).send(new StopPipeCommand({ Name }));
    await aws.eventually(async () => {
      const { CurrentState } = await pipesOf(aws).send(new DescribePipeCommand({ Name }));
      expect(CurrentState).toBe('STOPPED');
    }, 120);
    await source.send('a');
    expect(await target.receiveOnce()).toEqual([]);

    await pipesOf(aws).send(new StartPipeCommand({ Name }));

    expect(await target.receive(1)).toHaveLength(1);
  },
);

behaviour('a running pipe is not started', `${API}/API_StartPipe.html`, async (aws) => {
  const Name = await pipe(aws, { Source: (await aws.queue()).arn, Target: (await aws.queue()).arn });

  await refused(pipesOf(aws).send(new StartPipeCommand({ Name })), 'ConflictException');
});

behaviour('a pipe is described with its parameters', `${API}/API_DescribePipe.html`, async (aws) => {
  const [source, target] = [await aws.queue(), await aws.queue()];
  const Name = await pipe(aws, {
    Source: source.arn,
    Target: target.arn,
    Description: 'for the test',
    SourceParameters: { SqsQueueParameters: { BatchSize: 5 } },
  });

  expect(await pipesOf(aws).send(new DescribePipeCommand({ Name }))).toMatchObject({
    Arn: `arn:aws:pipes:${aws.region}:${await aws.accountId()}:pipe/${Name}`,
    Description: 'for the test',
    DesiredState: 'RUNNING',
    CurrentState: 'RUNNING',
    Source: source.arn,
    Target: target.arn,
    SourceParameters: { SqsQueueParameters: { BatchSize: 5 } },
  });
});

behaviour('an update changes the target, not the source', `${API}/API_UpdatePipe.html`, async (aws) => {
  const [source, first, second] = [await aws.queue(), await aws.queue(), await aws.queue()];
  const Name = await pipe(aws, { Source: source.arn, Target: first.arn });
  await pipesOf(aws).send(
    new UpdatePipeCommand({ Name, RoleArn: await functionRole(aws), Target: second.arn }),
  );
  await aws.eventually(async () => {
    const { CurrentState } = await pipesOf(aws).send(new DescribePipeCommand({ Name }));
    expect(CurrentState).toBe('RUNNING');
  }, 120);

  await source.send('a');

  expect(await second.receive(1)).toHaveLength(1);
});

behaviour('pipes are listed by the start of their names', `${API}/API_ListPipes.html`, async (aws) => {
  const Name = await pipe(aws, { Source: (await aws.queue()).arn, Target: (await aws.queue()).arn });

  const { Pipes } = await pipesOf(aws).send(new ListPipesCommand({ NamePrefix: Name }));

  expect(Pipes?.map((each) => each.Name)).toEqual([Name]);
});

behaviour('tags of a pipe are kept', `${API}/API_TagResource.html`, async (aws) => {
  const client = pipesOf(aws);
  const Name = await pipe(aws, { Source: (await aws.queue()).arn, Target: (await aws.queue()).arn });
  const { Arn: resourceArn } = await client.send(new DescribePipeCommand({ Name }));
  await client.send(new TagResourceCommand({ resourceArn, tags: { team: 'a' } }));

  const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn }));

  expect(tags).toEqual({ team: 'a' });
});

behaviour('a name is taken once', `${API}/API_CreatePipe.html`, async (aws) => {
  const [source, target] = [await aws.queue(), await aws.queue()];
  const Name = await pipe(aws, { Source: source.arn, Target: target.arn });

  await refused(pipe(aws, { Name, Source: source.arn, Target: target.arn }), 'ConflictException');
});

behaviour('a pipe that is not there is not found', `${API}/API_DescribePipe.html`, async (aws) => {
  await refused(pipesOf(aws).send(new DescribePipeCommand({ Name: aws.uniqueName() })), 'NotFoundException');
});

behaviour(
  'a stream as source needs a starting position',
  `${API}/API_PipeSourceKinesisStreamParameters.html`,
  async (aws) => {
    const [source, target] = [await stream(aws), await aws.queue()];

    await refused(pipe(aws, { Source: source.arn, Target: target.arn }), 'ValidationException');
  },
);

behaviour(
  'a FIFO queue as target needs a group',
  `${API}/API_PipeTargetSqsQueueParameters.html`,
  async (aws) => {
    const [source, target] = [await aws.queue(), await aws.queue({ FifoQueue: 'true' })];

    await refused(pipe(aws, { Source: source.arn, Target: target.arn }), 'ValidationException');
  },
);
