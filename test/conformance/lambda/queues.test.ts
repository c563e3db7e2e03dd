/** Conformance of Lambda: event source mappings of SQS queues. */
import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { lambdaFunction, lambdaOf, mapping, reportingFunction } from '../functions.ts';
import { behavioursOf, expect, refused } from '../harness.ts';

const behaviour = behavioursOf('lambda');
const API = 'https://docs.aws.amazon.com/lambda/latest/api';
const GUIDE = 'https://docs.aws.amazon.com/lambda/latest/dg';
const SILENT = 'export const handler = async () => {};';

interface SqsEvent {
  readonly Records: readonly {
    readonly messageId: string;
    readonly body: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly eventSource: string;
    readonly eventSourceARN: string;
  }[];
}
const eventOf = (body: string | undefined): SqsEvent => JSON.parse(body ?? '') as SqsEvent;

behaviour(
  'a message reaches the function in its shape and is deleted',
  `${GUIDE}/with-sqs.html`,
  async (aws) => {
    const [queue, reports] = [await aws.queue(), await aws.queue()];
    const worker = await reportingFunction(aws, reports);
    await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn });

    await queue.send('hello');

    const [report] = await reports.receive(1);
    expect(eventOf(report?.Body).Records).toEqual([
      expect.objectContaining({
        body: 'hello',
        eventSource: 'aws:sqs',
        eventSourceARN: queue.arn,
        awsRegion: aws.region,
        md5OfBody: '5d41402abc4b2a76b9719d911017c592',
        messageAttributes: {},
      }),
    ]);
    await aws.eventually(async () => {
      expect(await queue.attributes('ApproximateNumberOfMessagesNotVisible')).toEqual({
        ApproximateNumberOfMessagesNotVisible: '0',
      });
    });
  },
);

behaviour(
  'messages of a batch that failed come again after the visibility timeout',
  `${GUIDE}/services-sqs-errorhandling.html`,
  async (aws) => {
    const [queue, reports] = [await aws.queue({ VisibilityTimeout: '5' }), await aws.queue()];
    const worker = await reportingFunction(aws, reports, 'throw new Error("not now");');
    await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn });
    await queue.send('a');
    const [first] = await reports.drain(1);
    expect(eventOf(first?.Body).Records[0]?.attributes['ApproximateReceiveCount']).toBe('1');

    await aws.wait(6);

    const [second] = await reports.receive(1);
    expect(eventOf(second?.Body).Records[0]?.attributes['ApproximateReceiveCount']).toBe('2');
  },
);

behaviour(
  'only the items named as failed come again',
  `${GUIDE}/services-sqs-errorhandling.html`,
  async (aws) => {
    const [queue, reports] = [await aws.queue({ VisibilityTimeout: '5' }), await aws.queue()];
    const worker = await reportingFunction(
      aws,
      reports,
      `const bad = event.Records.filter(({ body }) => body === 'bad');
     return { batchItemFailures: bad.map(({ messageId }) => ({ itemIdentifier: messageId })) };`,
    );
    for (const body of ['good', 'bad']) await queue.send(body);
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: queue.arn,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await aws.eventually(async () => {
      const counts = await queue.attributes(
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
      );
      expect(counts).toEqual({
        ApproximateNumberOfMessages: '0',
        ApproximateNumberOfMessagesNotVisible: '1',
      });
    });
  },
);

behaviour(
  'an unknown item fails the whole batch',
  `${GUIDE}/services-sqs-errorhandling.html`,
  async (aws) => {
    const queue = await aws.queue({ VisibilityTimeout: '5' });
    const reports = await aws.queue();
    const worker = await reportingFunction(
      aws,
      reports,
      'return { batchItemFailures: [{ itemIdentifier: "unknown" }] };',
    );
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: queue.arn,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await queue.send('a');
    await reports.drain(1);

    await aws.wait(6);

    expect(await reports.receive(1)).toHaveLength(1);
  },
);

behaviour(
  'an empty list of failed items deletes the batch',
  `${GUIDE}/services-sqs-errorhandling.html`,
  async (aws) => {
    const [queue, reports] = [await aws.queue({ VisibilityTimeout: '5' }), await aws.queue()];
    const worker = await reportingFunction(aws, reports, 'return { batchItemFailures: [] };');
    await mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: queue.arn,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    await queue.send('a');
    await reports.drain(1);

    await aws.wait(6);

    expect(await reports.receiveOnce()).toEqual([]);
  },
);

behaviour('a message that no filter matches is deleted', `${GUIDE}/with-sqs-filtering.html`, async (aws) => {
  const [queue, reports] = [await aws.queue({ VisibilityTimeout: '5' }), await aws.queue()];
  const worker = await reportingFunction(aws, reports);
  await queue.send('{"kind":"other"}');
  await queue.send('{"kind":"order"}');
  await mapping(aws, {
    FunctionName: worker.name,
    EventSourceArn: queue.arn,
    FilterCriteria: { Filters: [{ Pattern: '{"body":{"kind":["order"]}}' }] },
  });

  const [report] = await reports.receive(1);

  expect(eventOf(report?.Body).Records.map(({ body }) => body)).toEqual(['{"kind":"order"}']);
  await aws.eventually(async () => {
    const counts = await queue.attributes(
      'ApproximateNumberOfMessages',
      'ApproximateNumberOfMessagesNotVisible',
    );
    expect(counts).toEqual({ ApproximateNumberOfMessages: '0', ApproximateNumberOfMessagesNotVisible: '0' });
  });
});

behaviour('a FIFO group is processed in order', `${GUIDE}/with-sqs.html`, async (aws) => {
  const queue = await aws.queue({ FifoQueue: 'true' });
  const reports = await aws.queue({ FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const worker = await lambdaFunction(
    aws,
    `import { SQSClient, SendMessageCommand } from '@aws-sdk/client-sqs';
     const sqs = new SQSClient({});
     export const handler = async ({ Records }) => {
       for (const { body } of Records) {
         await sqs.send(new SendMessageCommand({ QueueUrl: process.env.TO, MessageBody: body, MessageGroupId: 'g' }));
       }
     };`,
    { Environment: { Variables: { TO: reports.url } } },
  );
  for (const body of ['1', '2', '3', '4', '5']) await queue.sendTo('a', body);

  await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn, BatchSize: 2 });

  const messages = await reports.drain(5);
  expect(messages.map(({ Body }) => Body)).toEqual(['1', '2', '3', '4', '5']);
});

behaviour(
  'a batch above 10 messages needs a window',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const worker = await lambdaFunction(aws, SILENT);
    const queue = await aws.queue();

    await refused(
      mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn, BatchSize: 11 }),
      'InvalidParameterValueException',
    );
  },
);

behaviour(
  'a FIFO queue has batches of 10 at most',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const worker = await lambdaFunction(aws, SILENT);
    const queue = await aws.queue({ FifoQueue: 'true' });

    await refused(
      mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn, BatchSize: 11 }),
      'InvalidParameterValueException',
    );
  },
);

behaviour('a FIFO queue has no batching window', `${API}/API_CreateEventSourceMapping.html`, async (aws) => {
  const worker = await lambdaFunction(aws, SILENT);
  const queue = await aws.queue({ FifoQueue: 'true' });

  await refused(
    mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: queue.arn,
      MaximumBatchingWindowInSeconds: 1,
    }),
    'InvalidParameterValueException',
  );
});

behaviour('a maximum concurrency below 2 is refused', `${API}/API_ScalingConfig.html`, async (aws) => {
  const worker = await lambdaFunction(aws, SILENT);
  const queue = await aws.queue();

  await refused(
    mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: queue.arn,
      ScalingConfig: { MaximumConcurrency: 1 },
    }),
    'InvalidParameterValueException',
    'ValidationException',
  );
});

behaviour(
  'a queue whose messages are visible before the function times out is refused',
  `${GUIDE}/services-sqs-configure.html`,
  async (aws) => {
    const worker = await lambdaFunction(aws, SILENT, { Timeout: 60 });
    const queue = await aws.queue({ VisibilityTimeout: '30' });

    const { message } = await refused(
      mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn }),
      'InvalidParameterValueException',
    );
    expect(message).toContain(
      'Queue visibility timeout: 30 seconds is less than Function timeout: 60 seconds',
    );
  },
);

behaviour('a queue is mapped to a function once', `${API}/API_CreateEventSourceMapping.html`, async (aws) => {
  const worker = await lambdaFunction(aws, SILENT);
  const queue = await aws.queue();
  await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn });

  const { status } = await refused(
    mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn }),
    'ResourceConflictException',
  );
  expect(status).toBe(409);
});

behaviour('an invalid filter is refused', `${GUIDE}/invocation-eventfiltering.html`, async (aws) => {
  const worker = await lambdaFunction(aws, SILENT);
  const queue = await aws.queue();

  await refused(
    mapping(aws, {
      FunctionName: worker.name,
      EventSourceArn: queue.arn,
      FilterCriteria: { Filters: [{ Pattern: '{"body":"order"}' }] },
    }),
    'InvalidParameterValueException',
  );
});

behaviour(
  'a destination for failures is not for queues',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const worker = await lambdaFunction(aws, SILENT);
    const [queue, other] = [await aws.queue(), await aws.queue()];

    await refused(
      mapping(aws, {
        FunctionName: worker.name,
        EventSourceArn: queue.arn,
        DestinationConfig: { OnFailure: { Destination: other.arn } },
      }),
      'InvalidParameterValueException',
    );
  },
);

behaviour(
  'a mapping of a queue that is not there is refused',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const worker = await lambdaFunction(aws, SILENT);
    const EventSourceArn = `arn:aws:sqs:${aws.region}:${await aws.accountId()}:${aws.uniqueName()}`;

    await refused(
      mapping(aws, { FunctionName: worker.name, EventSourceArn }),
      'InvalidParameterValueException',
    );
  },
);

behaviour(
  'a mapping of a function that is not there is refused',
  `${API}/API_CreateEventSourceMapping.html`,
  async (aws) => {
    const queue = await aws.queue();

    await refused(
      lambdaOf(aws).send(
        new CreateEventSourceMappingCommand({
          FunctionName: aws.uniqueName(),
          EventSourceArn: queue.arn,
        }),
      ),
      'ResourceNotFoundException',
    );
  },
);

behaviour('a mapping shows its settings and state', `${API}/API_GetEventSourceMapping.html`, async (aws) => {
  const worker = await lambdaFunction(aws, SILENT);
  const queue = await aws.queue();
  const UUID = await mapping(aws, {
    FunctionName: worker.name,
    EventSourceArn: queue.arn,
    BatchSize: 5,
    Enabled: false,
  });

  await aws.eventually(async () => {
    expect(await lambdaOf(aws).send(new GetEventSourceMappingCommand({ UUID }))).toMatchObject({
      UUID,
      BatchSize: 5,
      EventSourceArn: queue.arn,
      FunctionArn: worker.arn,
      State: 'Disabled',
      MaximumBatchingWindowInSeconds: 0,
      StateTransitionReason: 'USER_INITIATED',
    });
  }, 60);
});

behaviour(
  'mappings are listed by function and by source',
  `${API}/API_ListEventSourceMappings.html`,
  async (aws) => {
    const worker = await lambdaFunction(aws, SILENT);
    const queue = await aws.queue();
    const UUID = await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn });
    const list = async (input: { FunctionName?: string; EventSourceArn?: string }) =>
      (await lambdaOf(aws).send(new ListEventSourceMappingsCommand(input))).EventSourceMappings?.map(
        (each) => each.UUID,
      );

    expect(await list({ FunctionName: worker.name })).toEqual([UUID]);
    expect(await list({ EventSourceArn: queue.arn })).toEqual([UUID]);
  },
);

behaviour(
  'a disabled mapping leaves messages where they are',
  `${API}/API_UpdateEventSourceMapping.html`,
  async (aws) => {
    const [queue, reports] = [await aws.queue(), await aws.queue()];
    const worker = await reportingFunction(aws, reports);
    const UUID = await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn, Enabled: false });
    await queue.send('a');
    expect(await reports.receiveOnce()).toEqual([]);

    await lambdaOf(aws).send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));

    expect(await reports.receive(1)).toHaveLength(1);
  },
);

behaviour('a deleted mapping is gone', `${API}/API_DeleteEventSourceMapping.html`, async (aws) => {
  const worker = await lambdaFunction(aws, SILENT);
  const queue = await aws.queue();
  const UUID = await mapping(aws, { FunctionName: worker.name, EventSourceArn: queue.arn });
  await lambdaOf(aws).send(new DeleteEventSourceMappingCommand({ UUID }));

  await aws.eventually(
    () =>
      refused(lambdaOf(aws).send(new GetEventSourceMappingCommand({ UUID })), 'ResourceNotFoundException'),
    60,
  );
});
