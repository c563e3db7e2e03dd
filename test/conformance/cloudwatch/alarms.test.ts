/** Alarms: configuration, evaluation, missing data, actions, composites. */
import {
  DeleteAlarmsCommand,
  DescribeAlarmHistoryCommand,
  DescribeAlarmsCommand,
  DescribeAlarmsForMetricCommand,
  DisableAlarmActionsCommand,
  ListTagsForResourceCommand,
  PutMetricAlarmCommand,
  SetAlarmStateCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type StateValue,
} from '@aws-sdk/client-cloudwatch';
import {
  PutRuleCommand,
  PutTargetsCommand,
  DeleteRuleCommand,
  RemoveTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  CreateTopicCommand,
  DeleteTopicCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
} from '@aws-sdk/client-sns';
import { behavioursOf, bodies, expect, refused, type Conformance, type TestQueue } from '../harness.ts';
import { API, GUIDE, metricsOf, patience, type TestMetrics } from './metrics.ts';

const behaviour = behavioursOf('cloudwatch');
const PUT = `${API}/API_PutMetricAlarm.html`;
const COMPOSITE = `${API}/API_PutCompositeAlarm.html`;
const EVALUATION = `${GUIDE}/alarm-evaluation.html`;
const MISSING = `${GUIDE}/alarms-and-missing-data.html`;

const set = (metrics: TestMetrics, AlarmName: string, value: StateValue) =>
  metrics.client.send(new SetAlarmStateCommand({ AlarmName, StateValue: value, StateReason: 'by hand' }));

/** A minute passes, and what it brings is there. */
async function becomes(aws: Conformance, metrics: TestMetrics, name: string, state: StateValue, minutes = 1) {
  await aws.wait(60 * minutes + 1);
  await aws.eventually(async () => expect(await metrics.state(name)).toBe(state), patience(aws));
}

/** A topic that alarms may publish to, with a queue behind it. */
async function alertTopic(aws: Conformance): Promise<{ readonly arn: string; readonly inbox: TestQueue }> {
  const { TopicArn: arn = '' } = await aws.sns.send(
    new CreateTopicCommand({ Name: aws.uniqueName('alerts') }),
  );
  aws.cleanup(() => aws.sns.send(new DeleteTopicCommand({ TopicArn: arn })));
  const AttributeValue = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { Service: 'cloudwatch.amazonaws.com' },
        Action: 'sns:Publish',
        Resource: arn,
      },
    ],
  });
  await aws.sns.send(
    new SetTopicAttributesCommand({ TopicArn: arn, AttributeName: 'Policy', AttributeValue }),
  );
  const inbox = await aws.queue();
  await aws.allow(inbox, 'sns.amazonaws.com', arn);
  await aws.sns.send(
    new SubscribeCommand({
      TopicArn: arn,
      Protocol: 'sqs',
      Endpoint: inbox.arn,
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  return { arn, inbox };
}

behaviour('a new alarm is in INSUFFICIENT_DATA', `${GUIDE}/AlarmThatSendsEmail.html`, async (aws) => {
  const metrics = metricsOf(aws);
  expect(await metrics.state(await metrics.alarm())).toBe('INSUFFICIENT_DATA');
});

behaviour('DescribeAlarms gives back what was put', `${API}/API_DescribeAlarms.html`, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({
    AlarmDescription: 'too high',
    EvaluationPeriods: 3,
    DatapointsToAlarm: 2,
    TreatMissingData: 'notBreaching',
    Dimensions: [{ Name: 'Queue', Value: 'a' }],
  });
  const alarm = await metrics.described(name);
  expect(alarm).toMatchObject({
    AlarmName: name,
    AlarmDescription: 'too high',
    MetricName: 'm',
    Namespace: metrics.namespace,
    Statistic: 'Maximum',
    Period: 60,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 2,
    Threshold: 5,
    ComparisonOperator: 'GreaterThanThreshold',
    TreatMissingData: 'notBreaching',
    ActionsEnabled: true,
    Dimensions: [{ Name: 'Queue', Value: 'a' }],
  });
  expect(alarm.AlarmArn).toBe(`arn:aws:cloudwatch:${aws.region}:${await aws.accountId()}:alarm:${name}`);
  expect(alarm.StateUpdatedTimestamp).toBeInstanceOf(Date);
});

behaviour('an alarm that is put again keeps its state', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({ TreatMissingData: 'ignore' });
  await set(metrics, name, 'ALARM');
  await metrics.client.send(
    new PutMetricAlarmCommand({
      AlarmName: name,
      Namespace: metrics.namespace,
      MetricName: 'm',
      Statistic: 'Sum',
      Period: 60,
      EvaluationPeriods: 1,
      Threshold: 9,
      ComparisonOperator: 'GreaterThanThreshold',
      TreatMissingData: 'ignore',
    }),
  );
  expect(await metrics.described(name)).toMatchObject({ StateValue: 'ALARM', Threshold: 9 });
});

behaviour('a data point over the threshold raises the alarm', EVALUATION, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm();
  await metrics.put({ MetricName: 'm', Value: 9 });
  await becomes(aws, metrics, name, 'ALARM');
  expect((await metrics.described(name)).StateReason).toMatch(
    /^Threshold Crossed: 1 out of the last 1 datapoints/,
  );
});

behaviour('a data point at the threshold does not raise "greater than"', EVALUATION, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm();
  await metrics.put({ MetricName: 'm', Value: 5 });
  await becomes(aws, metrics, name, 'OK');
});

behaviour('M of N: one of three minutes does not raise "2 of 3"', EVALUATION, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2 });
  for (const Value of [1, 9, 1]) {
    await metrics.put({ MetricName: 'm', Value });
    await aws.wait(60);
  }
  await aws.eventually(async () => expect(await metrics.state(name)).toBe('OK'), patience(aws));
});

behaviour('M of N: two of three minutes raise "2 of 3"', EVALUATION, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({ EvaluationPeriods: 3, DatapointsToAlarm: 2 });
  for (const Value of [9, 1, 9]) {
    await metrics.put({ MetricName: 'm', Value });
    await aws.wait(60);
  }
  await becomes(aws, metrics, name, 'ALARM', 0);
});

for (const [treatment, expected] of [
  ['breaching', 'ALARM'],
  ['notBreaching', 'OK'],
  ['missing', 'INSUFFICIENT_DATA'],
  ['ignore', 'INSUFFICIENT_DATA'],
] as const) {
  behaviour(
    `without any data an alarm that treats it as ${treatment} is in ${expected}`,
    MISSING,
    async (aws) => {
      const metrics = metricsOf(aws);
      const name = await metrics.alarm({ TreatMissingData: treatment });
      await becomes(aws, metrics, name, expected, 2);
    },
  );
}

for (const [treatment, expected] of [
  ['breaching', 'ALARM'],
  ['notBreaching', 'OK'],
  ['missing', 'INSUFFICIENT_DATA'],
  ['ignore', 'OK'],
] as const) {
  behaviour(
    `when data ends, an alarm that treats it as ${treatment} comes to ${expected}`,
    MISSING,
    async (aws) => {
      const metrics = metricsOf(aws);
      const name = await metrics.alarm({ TreatMissingData: treatment });
      await metrics.put({ MetricName: 'm', Value: 1 });
      await becomes(aws, metrics, name, 'OK');
      await becomes(aws, metrics, name, expected, 10);
    },
  );
}

behaviour('alarms of DynamoDB’s metrics keep their state without data', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({
    Namespace: 'AWS/DynamoDB',
    MetricName: 'UserErrors',
    Dimensions: [{ Name: 'TableName', Value: aws.uniqueName('table') }],
    TreatMissingData: 'breaching',
  });
  await becomes(aws, metrics, name, 'INSUFFICIENT_DATA', 5);
});

behaviour(
  'an alarm on an expression',
  `${GUIDE}/Create-alarm-on-metric-math-expression.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const query = (id: string) => ({
      Id: id,
      MetricStat: { Metric: { Namespace: metrics.namespace, MetricName: id }, Period: 60, Stat: 'Sum' },
      ReturnData: false,
    });
    const name = await metrics.alarm({
      Metrics: [{ Id: 'rate', Expression: '100 * errors / calls' }, query('errors'), query('calls')],
    });
    await metrics.put({ MetricName: 'errors', Value: 1 }, { MetricName: 'calls', Value: 10 });
    await becomes(aws, metrics, name, 'ALARM');
  },
);

behaviour('an alarm on a percentile', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({ Statistic: undefined, ExtendedStatistic: 'p90' });
  await metrics.put({ MetricName: 'm', Values: [1, 9], Counts: [1, 99] });
  await becomes(aws, metrics, name, 'ALARM');
});

for (const [what, input, ...codes] of [
  ['an unknown operator', { ComparisonOperator: 'Above' }, 'ValidationError'],
  ['an unknown treatment of missing data', { TreatMissingData: 'guess' }, 'ValidationError'],
  [
    'more data points to alarm than periods',
    { EvaluationPeriods: 1, DatapointsToAlarm: 2 },
    'ValidationError',
  ],
  ['a period of 7 seconds', { Period: 7 }, 'ValidationError'],
  ['an evaluation longer than a day', { EvaluationPeriods: 1441 }, 'ValidationError'],
  [
    'statistic and extended statistic',
    { ExtendedStatistic: 'p90' },
    'InvalidParameterCombination',
    'InvalidParameterCombinationException',
  ],
  ['an action that is no ARN', { AlarmActions: ['topic'] }, 'ValidationError'],
  ['no threshold', { Threshold: undefined }, 'ValidationError', 'MissingParameter'],
  [
    'no statistic',
    { Statistic: undefined },
    'ValidationError',
    'MissingParameter',
    'MissingRequiredParameterException',
  ],
] as const) {
  behaviour(`an alarm with ${what} is refused`, PUT, async (aws) => {
    const metrics = metricsOf(aws);
    await refused(metrics.alarm(input as Parameters<typeof metrics.alarm>[0]), ...codes);
  });
}

behaviour('an alarm on two expressions that return data is refused', PUT, async (aws) => {
  const metrics = metricsOf(aws);
  const put = metrics.alarm({ Metrics: [metrics.query('a', 'a'), metrics.query('b', 'b')] });
  await refused(put, 'ValidationError');
});

behaviour(
  'an alarm notifies its topic once when it is raised',
  `${GUIDE}/Notify_Users_Alarm_Changes.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const topic = await alertTopic(aws);
    const name = await metrics.alarm({ AlarmActions: [topic.arn], TreatMissingData: 'ignore' });
    await set(metrics, name, 'ALARM');
    await set(metrics, name, 'ALARM');
    const [message, ...more] = bodies(await topic.inbox.receive(1));
    expect(JSON.parse(message ?? '{}')).toMatchObject({
      AlarmName: name,
      NewStateValue: 'ALARM',
      OldStateValue: 'INSUFFICIENT_DATA',
      NewStateReason: 'by hand',
      AWSAccountId: await aws.accountId(),
      Trigger: { MetricName: 'm', Namespace: metrics.namespace, Period: 60, Threshold: 5 },
    });
    expect(more).toEqual([]);
    expect(bodies(await topic.inbox.receiveOnce())).toEqual([]);
  },
);

behaviour(
  'an alarm whose actions are disabled notifies nobody',
  `${API}/API_DisableAlarmActions.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const topic = await alertTopic(aws);
    const name = await metrics.alarm({ AlarmActions: [topic.arn], TreatMissingData: 'ignore' });
    await metrics.client.send(new DisableAlarmActionsCommand({ AlarmNames: [name] }));
    await set(metrics, name, 'ALARM');
    expect(bodies(await topic.inbox.receiveOnce())).toEqual([]);
    expect((await metrics.described(name)).ActionsEnabled).toBe(false);
  },
);

behaviour('OK actions run when the alarm ends', `${GUIDE}/alarm-actions.html`, async (aws) => {
  const metrics = metricsOf(aws);
  const topic = await alertTopic(aws);
  const name = await metrics.alarm({ OKActions: [topic.arn], TreatMissingData: 'ignore' });
  await set(metrics, name, 'ALARM');
  await set(metrics, name, 'OK');
  const states = bodies(await topic.inbox.receive(1)).map(
    (body) => (JSON.parse(body) as { NewStateValue: string }).NewStateValue,
  );
  expect(states).toEqual(['OK']);
});

behaviour('each change of state is an event', `${GUIDE}/cloudwatch-and-eventbridge.html`, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({ TreatMissingData: 'ignore' });
  const rule = aws.uniqueName('rule');
  const { RuleArn = '' } = await aws.events.send(
    new PutRuleCommand({
      Name: rule,
      EventPattern: JSON.stringify({ source: ['aws.cloudwatch'], detail: { alarmName: [name] } }),
    }),
  );
  aws.cleanup(() => aws.events.send(new DeleteRuleCommand({ Name: rule })));
  const inbox = await aws.queue();
  await aws.allow(inbox, 'events.amazonaws.com', RuleArn);
  await aws.events.send(new PutTargetsCommand({ Rule: rule, Targets: [{ Id: 'q', Arn: inbox.arn }] }));
  aws.cleanup(() => aws.events.send(new RemoveTargetsCommand({ Rule: rule, Ids: ['q'] })));
  await set(metrics, name, 'ALARM');
  const [event] = bodies(await inbox.receive(1));
  expect(JSON.parse(event ?? '{}')).toMatchObject({
    'detail-type': 'CloudWatch Alarm State Change',
    detail: { alarmName: name, state: { value: 'ALARM' }, previousState: { value: 'INSUFFICIENT_DATA' } },
  });
});

behaviour(
  'the history tells of configuration and states',
  `${API}/API_DescribeAlarmHistory.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const name = await metrics.alarm({ TreatMissingData: 'ignore' });
    await set(metrics, name, 'ALARM');
    await aws.eventually(async () => {
      const { AlarmHistoryItems = [] } = await metrics.client.send(
        new DescribeAlarmHistoryCommand({ AlarmName: name }),
      );
      expect(AlarmHistoryItems.map(({ HistoryItemType }) => HistoryItemType)).toEqual([
        'StateUpdate',
        'ConfigurationUpdate',
      ]);
      expect(AlarmHistoryItems[0]?.HistorySummary).toBe('Alarm updated from INSUFFICIENT_DATA to ALARM');
    });
  },
);

behaviour('alarms are found by prefix, state and metric', `${API}/API_DescribeAlarms.html`, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm();
  const names = async (input: object) =>
    (await metrics.client.send(new DescribeAlarmsCommand(input))).MetricAlarms?.map(
      ({ AlarmName }) => AlarmName,
    );
  expect(await names({ AlarmNamePrefix: name })).toEqual([name]);
  expect(await names({ AlarmNamePrefix: name, StateValue: 'ALARM' })).toEqual([]);
  const forMetric = await metrics.client.send(
    new DescribeAlarmsForMetricCommand({ Namespace: metrics.namespace, MetricName: 'm' }),
  );
  expect(forMetric.MetricAlarms?.map(({ AlarmName }) => AlarmName)).toEqual([name]);
});

behaviour(
  'SetAlarmState of an alarm that does not exist is refused',
  `${API}/API_SetAlarmState.html`,
  async (aws) => {
    await refused(set(metricsOf(aws), aws.uniqueName('nobody'), 'OK'), 'ResourceNotFound');
  },
);

behaviour(
  'deleting an alarm that does not exist is no error',
  `${API}/API_DeleteAlarms.html`,
  async (aws) => {
    await metricsOf(aws).client.send(new DeleteAlarmsCommand({ AlarmNames: [aws.uniqueName('nobody')] }));
  },
);

behaviour('an alarm has tags', `${API}/API_TagResource.html`, async (aws) => {
  const metrics = metricsOf(aws);
  const name = await metrics.alarm({ Tags: [{ Key: 'team', Value: 'a' }] });
  const { AlarmArn: ResourceARN } = await metrics.described(name);
  await metrics.client.send(new TagResourceCommand({ ResourceARN, Tags: [{ Key: 'stage', Value: 'test' }] }));
  await metrics.client.send(new UntagResourceCommand({ ResourceARN, TagKeys: ['team'] }));
  const { Tags } = await metrics.client.send(new ListTagsForResourceCommand({ ResourceARN }));
  expect(Tags).toEqual([{ Key: 'stage', Value: 'test' }]);
});

behaviour('a composite alarm follows the alarms of its rule', COMPOSITE, async (aws) => {
  const metrics = metricsOf(aws);
  const [a, b] = [
    await metrics.alarm({ TreatMissingData: 'ignore' }),
    await metrics.alarm({ TreatMissingData: 'ignore' }),
  ];
  const both = await metrics.composite(`ALARM("${a}") AND NOT OK("${b}")`);
  await set(metrics, a, 'ALARM');
  await becomes(aws, metrics, both, 'ALARM');
  await set(metrics, b, 'OK');
  await becomes(aws, metrics, both, 'OK');
});

behaviour('a composite alarm on an alarm that does not exist is refused', COMPOSITE, async (aws) => {
  await refused(metricsOf(aws).composite(`ALARM("${aws.uniqueName('nobody')}")`), 'ValidationError');
});

behaviour('a rule that does not parse is refused', COMPOSITE, async (aws) => {
  await refused(metricsOf(aws).composite('ALARM(a AND'), 'ValidationError');
});

behaviour(
  'composite alarms are described only when asked for',
  `${API}/API_DescribeAlarms.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const name = await metrics.composite(`ALARM("${await metrics.alarm()}")`);
    const asked = (AlarmTypes?: ('CompositeAlarm' | 'MetricAlarm')[]) =>
      metrics.client.send(
        new DescribeAlarmsCommand({ AlarmNames: [name], ...(AlarmTypes && { AlarmTypes }) }),
      );
    expect((await asked()).CompositeAlarms ?? []).toEqual([]);
    expect((await asked(['CompositeAlarm'])).CompositeAlarms).toMatchObject([{ AlarmName: name }]);
  },
);

behaviour(
  'an alarm that a composite alarm is on can not be deleted',
  `${API}/API_DeleteAlarms.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const name = await metrics.alarm();
    await metrics.composite(`ALARM("${name}")`);
    await refused(metrics.client.send(new DeleteAlarmsCommand({ AlarmNames: [name] })), 'ValidationError');
  },
);

behaviour(
  'a suppressor in ALARM keeps a composite alarm from notifying',
  `${GUIDE}/alarm-suppression.html`,
  async (aws) => {
    const metrics = metricsOf(aws);
    const topic = await alertTopic(aws);
    const [a, suppressor] = [
      await metrics.alarm({ TreatMissingData: 'ignore' }),
      await metrics.alarm({ TreatMissingData: 'ignore' }),
    ];
    const name = await metrics.composite(`ALARM("${a}")`, {
      AlarmActions: [topic.arn],
      ActionsSuppressor: suppressor,
      ActionsSuppressorWaitPeriod: 60,
      ActionsSuppressorExtensionPeriod: 60,
    });
    await set(metrics, suppressor, 'ALARM');
    await set(metrics, a, 'ALARM');
    await becomes(aws, metrics, name, 'ALARM');
    expect(bodies(await topic.inbox.receiveOnce())).toEqual([]);
  },
);
