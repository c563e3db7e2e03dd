/** The graphs of each hop. Which metric says what: docs/alarms.md. */
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { queueNameOf } from './system-flow.ts';
import type { ConsumerFlow, RouteFlow, SystemFlow } from './system-flow.ts';
import { graphs } from './widgets.ts';
import type { Series, Widget } from './widgets.ts';

const HEIGHT = 6;

/** Where events come from: the API and the functions that no queue feeds. */
export function publisherWidgets({ apis, restApis, webSocketApis, functions }: SystemFlow): Widget[] {
  return [
    ...apis.flatMap(({ resource }) =>
      apiWidgets('HTTP API', { ApiId: resource.apiId }, { clientErrors: '4xx', serverErrors: '5xx' }),
    ),
    ...restApis.flatMap(({ resource }) =>
      apiWidgets(
        'REST API',
        { ApiName: resource.restApiName, Stage: resource.deploymentStage.stageName },
        { clientErrors: '4XXError', serverErrors: '5XXError' },
      ),
    ),
    ...webSocketApis.flatMap(({ resource }) =>
      webSocketWidgets({ ApiId: resource.api.apiId, Stage: resource.stageName }),
    ),
    ...(functions.length === 0
      ? []
      : [
          ...graphs({
            title: 'functions: invocations',
            series: functions.map(({ name, resource }) =>
              ofFunction(resource.functionName, 'Invocations', 'Sum', name),
            ),
            width: 8,
            height: HEIGHT,
          }),
          ...graphs({
            title: 'functions: errors and throttles',
            series: functions.flatMap(({ name, resource }) => [
              ofFunction(resource.functionName, 'Errors', 'Sum', `${name} errors`),
              ofFunction(resource.functionName, 'Throttles', 'Sum', `${name} throttles`),
            ]),
            width: 8,
            height: HEIGHT,
          }),
        ]),
  ];
}

function apiWidgets(
  kind: string,
  dimensions: Record<string, string>,
  metrics: { readonly clientErrors: string; readonly serverErrors: string },
): Widget[] {
  const series = (metric: string, stat: string, label: string, right = false): Series => ({
    namespace: 'AWS/ApiGateway',
    metric,
    dimensions,
    stat,
    label,
    right,
  });
  return graphs({
    title: `${kind}: requests, refusals, latency`,
    series: [
      series('Count', 'Sum', 'requests'),
      series(metrics.clientErrors, 'Sum', '4xx'),
      series(metrics.serverErrors, 'Sum', '5xx'),
      series('Latency', 'p90', 'latency p90 (ms)', true),
    ],
    width: 8,
    height: HEIGHT,
  });
}

function webSocketWidgets(dimensions: Record<string, string>): Widget[] {
  const series = (metric: string, stat: string, label: string, right = false): Series => ({
    namespace: 'AWS/ApiGateway',
    metric,
    dimensions,
    stat,
    label,
    right,
  });
  return graphs({
    title: 'WebSocket API: connects, messages, errors',
    series: [
      series('ConnectCount', 'Sum', 'connects'),
      series('MessageCount', 'Sum', 'messages'),
      series('ClientError', 'Sum', 'refused'),
      series('IntegrationError', 'Sum', 'failed functions'),
      series('ExecutionError', 'Sum', 'not called'),
      series('IntegrationLatency', 'p90', 'latency p90 (ms)', true),
    ],
    width: 8,
    height: HEIGHT,
  });
}

/** What topics take in and give out. */
export function topicWidgets({ topics }: SystemFlow): Widget[] {
  return topics.flatMap(({ name, resource }) => {
    const series = (metric: string, label: string): Series => ({
      namespace: 'AWS/SNS',
      metric,
      dimensions: { TopicName: resource.topicName },
      stat: 'Sum',
      label,
    });
    return graphs({
      title: `${name}: topic`,
      series: [
        series('NumberOfMessagesPublished', 'published'),
        series('NumberOfNotificationsDelivered', 'delivered'),
        series('NumberOfNotificationsFilteredOut', 'filtered out'),
        series('NumberOfNotificationsFailed', 'failed'),
        series('NumberOfNotificationsRedrivenToDlq', 'dead letters'),
      ],
      width: 8,
      height: HEIGHT,
    });
  });
}

/** One consumer in one row: in, waiting, age, function, dead letters. */
export function consumerWidgets(consumer: ConsumerFlow): Widget[] {
  const { name, queue, maxAgeSeconds } = consumer;
  const ofQueue = (metric: string, stat: string, label: string) => queueSeries(queue, metric, stat, label);
  return [
    ...graphs({
      title: `${name}: in and out`,
      series: [
        ...consumer.routes.flatMap(routeSeries),
        ofQueue('NumberOfMessagesSent', 'Sum', 'in'),
        ofQueue('NumberOfMessagesDeleted', 'Sum', 'handled'),
      ],
      width: 5,
      height: HEIGHT,
    }),
    ...graphs({
      title: `${name}: waiting`,
      series: [
        ofQueue('ApproximateNumberOfMessagesVisible', 'Maximum', 'waiting'),
        ofQueue('ApproximateNumberOfMessagesNotVisible', 'Maximum', 'in flight'),
      ],
      width: 4,
      height: HEIGHT,
    }),
    ...graphs({
      title: `${name}: age of the oldest (s)`,
      series: [ofQueue('ApproximateAgeOfOldestMessage', 'Maximum', 'age')],
      width: 5,
      height: HEIGHT,
      limit: maxAgeSeconds === undefined ? undefined : { label: 'maxAge', value: maxAgeSeconds },
    }),
    ...graphs({
      title: `${name}: function`,
      series: functionSeries(consumer.function.functionName),
      width: 5,
      height: HEIGHT,
    }),
    ...graphs({
      title: `${name}: dead letters`,
      series: consumer.deadLetterQueues.map(({ name: hop, resource }) =>
        queueSeries(resource, 'ApproximateNumberOfMessagesVisible', 'Maximum', hop),
      ),
      width: 5,
      height: HEIGHT,
    }),
  ];
}

/** What the two kinds of bus count, and how long events wait on them. */
const ROUTE_METRICS = {
  'AWS/Events': [
    ['Invocations', 'Sum', 'delivered'],
    ['FailedInvocations', 'Sum', 'failed'],
    ['IngestionToInvocationStartLatency', 'p99', 'latency p99 (ms)'],
  ],
  'AWS/EventsV2': [
    ['EventsDropped', 'Sum', 'dropped'],
    ['OnFailureDestinationDelivered', 'Sum', 'failed'],
    ['ApproximateBacklogAge', 'Maximum', 'age (ms)'],
  ],
} as const;

function routeSeries({ name, namespace, dimensions }: RouteFlow): Series[] {
  return ROUTE_METRICS[namespace].map(([metric, stat, label]) => ({
    namespace,
    metric,
    dimensions,
    stat,
    label: `${name} ${label}`,
    right: stat !== 'Sum',
  }));
}

export function queueSeries(queue: IQueue, metric: string, stat: string, label: string): Series {
  return { namespace: 'AWS/SQS', metric, dimensions: { QueueName: queueNameOf(queue) }, stat, label };
}

export function functionSeries(functionName: string): Series[] {
  return [
    ofFunction(functionName, 'Invocations', 'Sum', 'invocations'),
    ofFunction(functionName, 'Errors', 'Sum', 'errors'),
    ofFunction(functionName, 'Throttles', 'Sum', 'throttles'),
    { ...ofFunction(functionName, 'Duration', 'p90', 'duration p90 (ms)'), right: true },
  ];
}

function ofFunction(FunctionName: string, metric: string, stat: string, label: string): Series {
  return { namespace: 'AWS/Lambda', metric, dimensions: { FunctionName }, stat, label };
}
