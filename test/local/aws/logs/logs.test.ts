import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { AwsService } from '../../../../local/aws/index.ts';
import { ALARM, MINUTE, START, watched, type Watched } from '../cloudwatch/harness.ts';

const DAY = 24 * 60 * MINUTE;

let aws: Watched;
beforeEach(() => {
  aws = watched();
});
afterEach(() => aws.close());

const say = (...messages: string[]) =>
  aws.logs.append(
    'group',
    'stream',
    messages.map((message) => ({ message, timestamp: aws.clock.now() })),
  );
const metric = (name: string, dimensions: Record<string, string> = {}, statistic = 'Sum') =>
  aws.monitoring.metric({ namespace: 'app', name, dimensions, statistic });

test('append makes the group and the stream', () => {
  say('one', 'two');
  expect(aws.logs.groupNames()).toEqual(['group']);
  expect(aws.logs.logs('group')).toEqual([
    { streamName: 'stream', timestamp: START, message: 'one' },
    { streamName: 'stream', timestamp: START, message: 'two' },
  ]);
});

test('retention takes events out when their days are over', async () => {
  say('old');
  await aws.callOf('logs', 'PutRetentionPolicy', { logGroupName: 'group', retentionInDays: 1 });
  await aws.clock.advance(DAY - MINUTE);
  say('young');
  await aws.clock.advance(2 * MINUTE);
  expect(aws.logs.logs('group').map(({ message }) => message)).toEqual(['young']);
});

describe('embedded metrics', () => {
  const line = (members: object) =>
    JSON.stringify({
      _aws: {
        Timestamp: START,
        CloudWatchMetrics: [
          {
            Namespace: 'app',
            Dimensions: [['service'], ['service', 'tenant'], []],
            Metrics: [{ Name: 'latency', Unit: 'Milliseconds' }],
          },
        ],
      },
      service: 'orders',
      ...members,
    });

  test('a line becomes one metric for each set of dimensions whose members it has', () => {
    say(line({ latency: 12 }), line({ latency: [1, 2], tenant: 't1' }));
    expect(metric('latency', { service: 'orders' })).toBe(15);
    expect(metric('latency', { service: 'orders', tenant: 't1' })).toBe(3);
    expect(metric('latency', {}, 'Maximum')).toBe(12);
  });

  test('raise alarms', async () => {
    await aws.call('PutMetricAlarm', { ...ALARM, Namespace: 'app', MetricName: 'latency' });
    say(line({ latency: 12 }));
    await aws.clock.advance(MINUTE);
    expect(aws.state('high')).toBe('ALARM');
  });

  test.each([
    '{"_aws":',
    '{"_aws":{}}',
    '{"_aws":{"Timestamp":1,"CloudWatchMetrics":[null,{}]}}',
    'x "_aws" y',
  ])('%s is only a line', (text) => {
    say(text);
    expect(aws.logs.logs('group')).toHaveLength(1);
  });
});

test('a metric filter counts matching events, takes values, and has a default', async () => {
  say();
  const filter = (filterName: string, filterPattern: string, transformation: object) =>
    aws.callOf('logs', 'PutMetricFilter', {
      logGroupName: 'group',
      filterName,
      filterPattern,
      metricTransformations: [{ metricNamespace: 'app', metricValue: '1', ...transformation }],
    });
  await filter('errors', 'ERROR', { metricName: 'errors', defaultValue: 0 });
  await filter('latency', '{ $.latency = * }', {
    metricName: 'latency',
    metricValue: '$.latency',
    dimensions: { route: '$.route' },
  });

  say('fine');
  expect(metric('errors')).toBe(0);
  say('ERROR 1', 'fine', 'ERROR 2', '{"latency": 30, "route": "/a"}', '{"latency": 5}');
  expect(metric('errors')).toBe(2);
  expect(metric('latency', { route: '/a' })).toBe(30);
  expect(metric('latency')).toBeUndefined();
});

test('a subscription filter hands matching events to a function, compressed', async () => {
  const invoked: Record<string, unknown>[] = [];
  const lambda: AwsService = {
    name: 'lambda',
    protocols: {},
    handle: async (_action, input, caller) => {
      invoked.push({ ...input, service: caller.service, sourceArn: caller.sourceArn });
      return {};
    },
  };
  aws.context.services.register(lambda);
  say();
  const destinationArn = 'arn:aws:lambda:us-east-1:000000000000:function:forward';
  await aws.callOf('logs', 'PutSubscriptionFilter', {
    logGroupName: 'group',
    filterName: 'errors',
    filterPattern: 'ERROR',
    destinationArn,
  });
  say('ERROR 1', 'fine');
  await aws.clock.advance(0);

  expect(invoked).toMatchObject([
    {
      FunctionName: destinationArn,
      InvocationType: 'Event',
      service: 'logs.amazonaws.com',
      sourceArn: 'arn:aws:logs:us-east-1:000000000000:log-group:group:*',
    },
  ]);
  const { awslogs } = JSON.parse(String(invoked[0]!['Payload'])) as { awslogs: { data: string } };
  expect(JSON.parse(gunzipSync(Buffer.from(awslogs.data, 'base64')).toString())).toMatchObject({
    messageType: 'DATA_MESSAGE',
    logGroup: 'group',
    logStream: 'stream',
    subscriptionFilters: ['errors'],
    logEvents: [{ message: 'ERROR 1', timestamp: START }],
  });
});

test('a caller of append needs the permission of PutLogEvents, with the resource policies', async () => {
  const asked: unknown[] = [];
  aws.context.authorizer = {
    authorize: (_service: string, _caller: unknown, requests: unknown) => asked.push(requests),
  } as unknown as NonNullable<typeof aws.context.authorizer>;
  const statement = { Effect: 'Allow', Principal: { Service: 'events.amazonaws.com' } };
  await aws.callOf('logs', 'PutResourcePolicy', {
    policyName: 'events',
    policyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
  });
  aws.logs.append('group', 's', [], { accountId: '0', arn: 'x', service: 'events.amazonaws.com' });
  expect(asked).toEqual([
    [
      {
        action: 'logs:PutLogEvents',
        resourceArn: 'arn:aws:logs:us-east-1:000000000000:log-group:group:log-stream:s',
        resourcePolicy: { Version: '2012-10-17', Statement: [statement] },
      },
    ],
  ]);
});

test('memory is bounded: the oldest events make room', () => {
  const long = 'x'.repeat(1024 * 1024);
  for (let index = 0; index < 70; index++) say(`${index} ${long}`);
  const kept = aws.logs.logs('group');
  expect(kept.length).toBeLessThan(66);
  expect(kept.at(-1)?.message.startsWith('69 ')).toBe(true);
});
