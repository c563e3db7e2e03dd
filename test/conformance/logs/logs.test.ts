/** Log groups, streams and events: writing, reading, filtering, metrics from logs. */
import { CloudWatchClient, GetMetricStatisticsCommand } from '@aws-sdk/client-cloudwatch';
import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteLogStreamCommand,
  DeleteMetricFilterCommand,
  DeleteResourcePolicyCommand,
  DeleteRetentionPolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DescribeMetricFiltersCommand,
  DescribeResourcePoliciesCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutMetricFilterCommand,
  PutResourcePolicyCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  TestMetricFilterCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { behavioursOf, expect, refused } from '../harness.ts';
import { API, GUIDE, logsOf, patience, type TestLogs } from './logs.ts';

const behaviour = behavioursOf('logs');
const PUT = `${API}/API_PutLogEvents.html`;
const PATTERNS = `${GUIDE}/FilterAndPatternSyntax.html`;
const GET = `${API}/API_GetLogEvents.html`;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const describeGroup = async ({ client, group }: TestLogs) =>
  (await client.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: group }))).logGroups?.[0];

behaviour('a log group is described with its ARN', `${API}/API_DescribeLogGroups.html`, async (aws) => {
  const logs = await logsOf(aws);
  expect(await describeGroup(logs)).toMatchObject({
    logGroupName: logs.group,
    arn: `arn:aws:logs:${aws.region}:${await aws.accountId()}:log-group:${logs.group}:*`,
    metricFilterCount: 0,
    storedBytes: 0,
  });
});

behaviour('a log group that exists can not be made again', `${API}/API_CreateLogGroup.html`, async (aws) => {
  const { client, group } = await logsOf(aws);
  await refused(
    client.send(new CreateLogGroupCommand({ logGroupName: group })),
    'ResourceAlreadyExistsException',
  );
});

behaviour('a log group’s name has no spaces', `${API}/API_CreateLogGroup.html`, async (aws) => {
  const { client } = await logsOf(aws);
  await refused(client.send(new CreateLogGroupCommand({ logGroupName: 'a b' })), 'InvalidParameterException');
});

behaviour('a stream that exists can not be made again', `${API}/API_CreateLogStream.html`, async (aws) => {
  const { client, group, stream } = await logsOf(aws);
  const create = new CreateLogStreamCommand({ logGroupName: group, logStreamName: stream });
  await refused(client.send(create), 'ResourceAlreadyExistsException');
});

behaviour('a stream’s name has no colon', `${API}/API_CreateLogStream.html`, async (aws) => {
  const { client, group } = await logsOf(aws);
  const create = new CreateLogStreamCommand({ logGroupName: group, logStreamName: 'a:b' });
  await refused(client.send(create), 'InvalidParameterException');
});

behaviour('a stream needs its group', `${API}/API_CreateLogStream.html`, async (aws) => {
  const { client } = await logsOf(aws);
  const create = new CreateLogStreamCommand({ logGroupName: aws.uniqueName('nothing'), logStreamName: 's' });
  await refused(client.send(create), 'ResourceNotFoundException');
});

behaviour(
  'deleting a group that does not exist is refused',
  `${API}/API_DeleteLogGroup.html`,
  async (aws) => {
    const { client } = await logsOf(aws);
    const remove = new DeleteLogGroupCommand({ logGroupName: aws.uniqueName('nothing') });
    await refused(client.send(remove), 'ResourceNotFoundException');
  },
);

behaviour('a deleted stream takes its events with it', `${API}/API_DeleteLogStream.html`, async (aws) => {
  const logs = await logsOf(aws);
  await logs.write('one');
  await logs.client.send(
    new DeleteLogStreamCommand({ logGroupName: logs.group, logStreamName: logs.stream }),
  );
  expect(await logs.find()).toEqual([]);
});

behaviour('events written are read in the order of their time', GET, async (aws) => {
  const { client, group, stream, put } = await logsOf(aws);
  const now = Date.now();
  await put({ message: 'second', timestamp: now });
  await put({ message: 'first', timestamp: now - 1000 });
  await aws.eventually(async () => {
    const { events } = await client.send(
      new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, startFromHead: true }),
    );
    expect(events).toMatchObject([
      { message: 'first', timestamp: now - 1000 },
      { message: 'second', timestamp: now },
    ]);
  }, patience(aws));
});

behaviour('GetLogEvents gives the newest events unless told otherwise', GET, async (aws) => {
  const { client, group, stream, write } = await logsOf(aws);
  await write('1', '2', '3');
  await aws.eventually(async () => {
    const { events } = await client.send(
      new GetLogEventsCommand({ logGroupName: group, logStreamName: stream, limit: 2 }),
    );
    expect(events?.map(({ message }) => message)).toEqual(['2', '3']);
  }, patience(aws));
});

behaviour('the forward token goes on, and stays the same at the end', GET, async (aws) => {
  const { client, group, stream, write } = await logsOf(aws);
  await write('1', '2', '3');
  const get = (nextToken?: string) =>
    client.send(
      new GetLogEventsCommand({
        logGroupName: group,
        logStreamName: stream,
        startFromHead: true,
        limit: 2,
        ...(nextToken !== undefined && { nextToken }),
      }),
    );
  await aws.eventually(async () => {
    const first = await get();
    expect(first.events?.map(({ message }) => message)).toEqual(['1', '2']);
    const second = await get(first.nextForwardToken);
    expect(second.events?.map(({ message }) => message)).toEqual(['3']);
    const third = await get(second.nextForwardToken);
    expect(third.events).toEqual([]);
    expect(third.nextForwardToken).toBe(second.nextForwardToken);
    const back = await get(second.nextBackwardToken);
    expect(back.events?.map(({ message }) => message)).toEqual(['1', '2']);
  }, patience(aws));
});

behaviour('the start of a span is in it, its end is not', GET, async (aws) => {
  const { client, group, stream, put } = await logsOf(aws);
  const now = Date.now();
  await put(
    { message: '1', timestamp: now - 2000 },
    { message: '2', timestamp: now - 1000 },
    { message: '3', timestamp: now },
  );
  await aws.eventually(async () => {
    const { events } = await client.send(
      new GetLogEventsCommand({
        logGroupName: group,
        logStreamName: stream,
        startTime: now - 2000,
        endTime: now,
      }),
    );
    expect(events?.map(({ message }) => message)).toEqual(['1', '2']);
  }, patience(aws));
});

behaviour('reading from a stream that does not exist is refused', GET, async (aws) => {
  const { client, group } = await logsOf(aws);
  const get = new GetLogEventsCommand({ logGroupName: group, logStreamName: 'nothing' });
  await refused(client.send(get), 'ResourceNotFoundException');
});

behaviour('writing to a stream that does not exist is refused', PUT, async (aws) => {
  const { client, group } = await logsOf(aws);
  const put = new PutLogEventsCommand({
    logGroupName: group,
    logStreamName: 'nothing',
    logEvents: [{ message: 'x', timestamp: Date.now() }],
  });
  await refused(client.send(put), 'ResourceNotFoundException');
});

behaviour('a batch that is not in order of time is refused', PUT, async (aws) => {
  const { put } = await logsOf(aws);
  const now = Date.now();
  await refused(
    put({ message: 'a', timestamp: now }, { message: 'b', timestamp: now - 1 }),
    'InvalidParameterException',
  );
});

behaviour('a batch that spans more than 24 hours is refused', PUT, async (aws) => {
  const { put } = await logsOf(aws);
  const now = Date.now();
  await refused(
    put({ message: 'a', timestamp: now - 25 * HOUR }, { message: 'b', timestamp: now }),
    'InvalidParameterException',
  );
});

behaviour('an empty batch is refused', PUT, async (aws) => {
  await refused((await logsOf(aws)).put(), 'InvalidParameterException');
});

behaviour('a batch of more than 10,000 events is refused', PUT, async (aws) => {
  const { write } = await logsOf(aws);
  await refused(write(...Array.from({ length: 10_001 }, () => 'x')), 'InvalidParameterException');
});

behaviour('a batch over 1 MiB is refused, 26 bytes counted for each event', PUT, async (aws) => {
  const { write } = await logsOf(aws);
  const half = 'x'.repeat(524_288 - 26);
  await write(half, half);
  await refused(write(half, `${half}x`), 'InvalidParameterException');
});

behaviour('an empty message is refused', PUT, async (aws) => {
  await refused((await logsOf(aws)).write(''), 'InvalidParameterException');
});

behaviour('events older than 14 days are rejected, the others taken', PUT, async (aws) => {
  const logs = await logsOf(aws);
  const old = Date.now() - 14 * DAY - HOUR;
  const { rejectedLogEventsInfo } = await logs.put(
    { message: 'old', timestamp: old },
    { message: 'young', timestamp: old + 2 * HOUR },
  );
  expect(rejectedLogEventsInfo).toMatchObject({ tooOldLogEventEndIndex: 1 });
});

behaviour('events more than two hours ahead are rejected, the others taken', PUT, async (aws) => {
  const logs = await logsOf(aws);
  const now = Date.now();
  const { rejectedLogEventsInfo } = await logs.put(
    { message: 'now', timestamp: now },
    { message: 'later', timestamp: now + 3 * HOUR },
  );
  expect(rejectedLogEventsInfo).toMatchObject({ tooNewLogEventStartIndex: 1 });
  await aws.eventually(async () => expect(await logs.find()).toEqual(['now']), patience(aws));
});

behaviour('events older than the retention are rejected', PUT, async (aws) => {
  const logs = await logsOf(aws);
  await logs.client.send(new PutRetentionPolicyCommand({ logGroupName: logs.group, retentionInDays: 1 }));
  const { rejectedLogEventsInfo } = await logs.put({ message: 'old', timestamp: Date.now() - 2 * DAY });
  expect(rejectedLogEventsInfo).toMatchObject({ expiredLogEventEndIndex: 1 });
});

behaviour('retention is one of AWS’s numbers of days', `${API}/API_PutRetentionPolicy.html`, async (aws) => {
  const logs = await logsOf(aws);
  const retention = (retentionInDays: number) =>
    logs.client.send(new PutRetentionPolicyCommand({ logGroupName: logs.group, retentionInDays }));
  await refused(retention(2), 'InvalidParameterException');
  await retention(7);
  expect((await describeGroup(logs))?.retentionInDays).toBe(7);
  await logs.client.send(new DeleteRetentionPolicyCommand({ logGroupName: logs.group }));
  expect((await describeGroup(logs))?.retentionInDays).toBeUndefined();
});

for (const [pattern, message, found] of [
  ['ERROR', '[ERROR 400] BAD REQUEST', true],
  ['error', '[ERROR 400] BAD REQUEST', false],
  ['ERROR REQUEST', '[ERROR 400] BAD REQUEST', true],
  ['ERROR ARGUMENTS', '[ERROR 400] BAD REQUEST', false],
  ['?ERROR ?WARN', 'WARN slow', true],
  ['ERROR -EXITING', 'ERROR EXITING', false],
  ['"INTERNAL SERVER ERROR"', '[ERROR 500] INTERNAL SERVER ERROR', true],
  ['{ $.level = "ERROR" }', '{"level":"ERROR"}', true],
  ['{ $.level = "ERROR" }', '{"level":"INFO"}', false],
  ['{ $.latency >= 100 }', '{"latency":100}', true],
  ['{ $.a.b[1] = 2 }', '{"a":{"b":[1,2]}}', true],
  ['{ $.name = A* }', '{"name":"Ann"}', true],
  ['{ $.gone NOT EXISTS }', '{"name":"Ann"}', true],
  ['{ $.none IS NULL }', '{"none":null}', true],
  ['{ $.ok IS TRUE }', '{"ok":true}', true],
  ['{ ($.a = 1) && ($.b = 2 || $.c = 3) }', '{"a":1,"c":3}', true],
  ['[ip, user, status = 4*]', '127.0.0.1 ann 404', true],
  ['[ip, user, status = 4*]', '127.0.0.1 ann 200', false],
  ['[..., status, size > 1000]', '127.0.0.1 ann 200 1534', true],
] as const) {
  behaviour(
    `the pattern ${pattern} ${found ? 'finds' : 'does not find'} ${message}`,
    PATTERNS,
    async (aws) => {
      const logs = await logsOf(aws);
      await logs.write(message, 'marker');
      await aws.eventually(async () => expect(await logs.find('marker')).toEqual(['marker']), patience(aws));
      expect(await logs.find(pattern)).toEqual(found ? [message] : []);
    },
  );
}

behaviour('a pattern that does not parse is refused', PATTERNS, async (aws) => {
  await refused((await logsOf(aws)).find('{ $.a = '), 'InvalidParameterException');
});

behaviour(
  'FilterLogEvents goes through the streams, page by page',
  `${API}/API_FilterLogEvents.html`,
  async (aws) => {
    const logs = await logsOf(aws);
    const now = Date.now();
    await logs.client.send(new CreateLogStreamCommand({ logGroupName: logs.group, logStreamName: 'other' }));
    await logs.put({ message: '1', timestamp: now - 2000 }, { message: '3', timestamp: now });
    await logs.client.send(
      new PutLogEventsCommand({
        logGroupName: logs.group,
        logStreamName: 'other',
        logEvents: [{ message: '2', timestamp: now - 1000 }],
      }),
    );
    await aws.eventually(async () => {
      const messages: string[] = [];
      let nextToken: string | undefined;
      do {
        const page = await logs.client.send(
          new FilterLogEventsCommand({ logGroupName: logs.group, limit: 1, ...(nextToken && { nextToken }) }),
        );
        messages.push(...(page.events ?? []).map(({ message = '' }) => message));
        nextToken = page.nextToken;
      } while (nextToken !== undefined);
      expect(messages.toSorted()).toEqual(['1', '2', '3']);
      expect(await logs.find('', { logStreamNames: ['other'] })).toEqual(['2']);
      expect(await logs.find('', { logStreamNamePrefix: 'oth' })).toEqual(['2']);
    }, patience(aws));
  },
);

behaviour(
  'streams are described by name or by last event',
  `${API}/API_DescribeLogStreams.html`,
  async (aws) => {
    const logs = await logsOf(aws);
    await logs.client.send(new CreateLogStreamCommand({ logGroupName: logs.group, logStreamName: 'a' }));
    await logs.write('x');
    const names = async (input: object) => {
      const answer = await logs.client.send(
        new DescribeLogStreamsCommand({ logGroupName: logs.group, ...input }),
      );
      return answer.logStreams?.map(({ logStreamName }) => logStreamName);
    };
    expect(await names({})).toEqual(['a', 'stream']);
    expect(await names({ descending: true })).toEqual(['stream', 'a']);
    expect(await names({ logStreamNamePrefix: 'str' })).toEqual(['stream']);
    await refused(
      names({ orderBy: 'LastEventTime', logStreamNamePrefix: 'str' }),
      'InvalidParameterException',
    );
  },
);

behaviour('a log group has tags', `${API}/API_TagResource.html`, async (aws) => {
  const logs = await logsOf(aws);
  const resourceArn = `arn:aws:logs:${aws.region}:${await aws.accountId()}:log-group:${logs.group}`;
  await logs.client.send(new TagResourceCommand({ resourceArn, tags: { team: 'a' } }));
  const { tags } = await logs.client.send(new ListTagsForResourceCommand({ resourceArn }));
  expect(tags).toEqual({ team: 'a' });
});

behaviour('a resource policy is kept and given back', `${API}/API_PutResourcePolicy.html`, async (aws) => {
  const { client } = await logsOf(aws);
  const policyName = aws.uniqueName('policy');
  const policyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'events.amazonaws.com' },
        Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      },
    ],
  });
  await client.send(new PutResourcePolicyCommand({ policyName, policyDocument }));
  aws.cleanup(() => client.send(new DeleteResourcePolicyCommand({ policyName })));
  const { resourcePolicies = [] } = await client.send(new DescribeResourcePoliciesCommand({}));
  expect(resourcePolicies.map((policy) => policy.policyName)).toContain(policyName);
});

const transformation = (metricNamespace: string, metricValue: string) => [
  { metricName: 'found', metricNamespace, metricValue },
];

behaviour('a metric filter is described and deleted', `${API}/API_PutMetricFilter.html`, async (aws) => {
  const logs = await logsOf(aws);
  const filter = { logGroupName: logs.group, filterName: 'errors' };
  const metricTransformations = transformation(logs.group, '1');
  await logs.client.send(
    new PutMetricFilterCommand({ ...filter, filterPattern: 'ERROR', metricTransformations }),
  );
  const { metricFilters } = await logs.client.send(
    new DescribeMetricFiltersCommand({ logGroupName: logs.group }),
  );
  expect(metricFilters).toMatchObject([
    { filterName: 'errors', filterPattern: 'ERROR', metricTransformations },
  ]);
  expect((await describeGroup(logs))?.metricFilterCount).toBe(1);
  await logs.client.send(new DeleteMetricFilterCommand(filter));
  await refused(logs.client.send(new DeleteMetricFilterCommand(filter)), 'ResourceNotFoundException');
});

behaviour('TestMetricFilter tells which messages match', `${API}/API_TestMetricFilter.html`, async (aws) => {
  const { client } = await logsOf(aws);
  const { matches } = await client.send(
    new TestMetricFilterCommand({ filterPattern: 'ERROR', logEventMessages: ['ERROR 1', 'fine', 'ERROR 2'] }),
  );
  expect(matches?.map(({ eventNumber }) => eventNumber)).toEqual([1, 3]);
});

for (const [what, filterPattern, metricValue, messages, sum] of [
  ['counts matching events', 'ERROR', '1', ['ERROR 1', 'fine', 'ERROR 2'], 2],
  ['takes values from JSON', '{ $.size = * }', '$.size', ['{"size":3}', '{"size":4}', '{"other":1}'], 7],
] as const) {
  behaviour(`a metric filter ${what}`, `${GUIDE}/MonitoringLogData.html`, async (aws) => {
    const logs = await logsOf(aws);
    await logs.client.send(
      new PutMetricFilterCommand({
        logGroupName: logs.group,
        filterName: 'filter',
        filterPattern,
        metricTransformations: transformation(logs.group, metricValue),
      }),
    );
    await logs.write(...messages);
    await aws.eventually(
      async () => {
        const { Datapoints } = await aws.client(CloudWatchClient).send(
          new GetMetricStatisticsCommand({
            Namespace: logs.group,
            MetricName: 'found',
            StartTime: new Date(Date.now() - HOUR),
            EndTime: new Date(Date.now() + HOUR),
            Period: 86_400,
            Statistics: ['Sum'],
          }),
        );
        expect(Datapoints).toMatchObject([{ Sum: sum }]);
      },
      aws.embedded ? 2 : 300,
    );
  });
}

behaviour(
  'a line in the embedded metric format becomes a metric',
  `https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html`,
  async (aws) => {
    const logs = await logsOf(aws);
    await logs.write(
      JSON.stringify({
        _aws: {
          Timestamp: Date.now(),
          CloudWatchMetrics: [
            {
              Namespace: logs.group,
              Dimensions: [['route']],
              Metrics: [{ Name: 'latency', Unit: 'Milliseconds' }],
            },
          ],
        },
        route: '/a',
        latency: [10, 20],
      }),
    );
    await aws.eventually(
      async () => {
        const { Datapoints } = await aws.client(CloudWatchClient).send(
          new GetMetricStatisticsCommand({
            Namespace: logs.group,
            MetricName: 'latency',
            Dimensions: [{ Name: 'route', Value: '/a' }],
            StartTime: new Date(Date.now() - HOUR),
            EndTime: new Date(Date.now() + HOUR),
            Period: 86_400,
            Statistics: ['Sum', 'SampleCount'],
          }),
        );
        expect(Datapoints).toMatchObject([{ Sum: 30, SampleCount: 2, Unit: 'Milliseconds' }]);
      },
      aws.embedded ? 2 : 300,
    );
  },
);
