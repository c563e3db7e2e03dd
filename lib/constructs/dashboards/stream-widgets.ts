/** The graphs of streams, Kafka clusters and brokers, and of those who read them. */
import { functionSeries, queueSeries } from './hop-widgets.ts';
import type { ReaderFlow, StreamsFlow } from './stream-flow.ts';
import { graphs } from './widgets.ts';
import type { Series, Widget } from './widgets.ts';

const HEIGHT = 6;

/** What streams, clusters and brokers take in and give out. */
export function sourceWidgets({ streams, clusters, brokers }: StreamsFlow): Widget[] {
  return [
    ...streams.flatMap(({ name, streamName }) => {
      const series = of('AWS/Kinesis', { StreamName: streamName });
      return graphs({
        title: `${name}: stream`,
        series: [
          series('IncomingRecords', 'Sum', 'in'),
          series('GetRecords.Records', 'Sum', 'read'),
          series('WriteProvisionedThroughputExceeded', 'Sum', 'writes refused'),
          series('ReadProvisionedThroughputExceeded', 'Sum', 'reads refused'),
        ],
        width: 8,
        height: HEIGHT,
      });
    }),
    ...clusters.flatMap(({ name, cluster: { clusterName, brokers: count } }) =>
      graphs({
        title: `${name}: Kafka`,
        series:
          count === 0
            ? [
                of('AWS/Kafka', { 'Cluster Name': clusterName })('BytesInPerSec', 'Average', 'bytes in'),
                of('AWS/Kafka', { 'Cluster Name': clusterName })('BytesOutPerSec', 'Average', 'bytes out'),
              ]
            : Array.from({ length: count }, (_, index) => String(index + 1)).flatMap((broker) => {
                const series = of('AWS/Kafka', { 'Cluster Name': clusterName, 'Broker ID': broker });
                return [
                  series('BytesInPerSec', 'Average', `broker ${broker} bytes in`),
                  series('CpuUser', 'Average', `broker ${broker} CPU (%)`, true),
                ];
              }),
        width: 8,
        height: HEIGHT,
      }),
    ),
    ...brokers.flatMap(({ name, brokerName }) => {
      const series = of('AWS/AmazonMQ', { Broker: brokerName });
      return graphs({
        title: `${name}: broker`,
        series: [
          series('MessageReadyCount', 'Maximum', 'ready'),
          series('MessageUnacknowledgedCount', 'Maximum', 'in flight'),
          series('PublishRate', 'Average', 'published a second', true),
          series('SystemCpuUtilization', 'Average', 'CPU (%)', true),
        ],
        width: 8,
        height: HEIGHT,
      });
    }),
  ];
}

/** One reader in one row: how far behind, function, dead letters. */
export function readerWidgets(reader: ReaderFlow): Widget[] {
  const { name, kind, function: fn, deadLetterQueues, limit } = reader;
  const behind = BEHIND[kind];
  const ofFunction = of('AWS/Lambda', { FunctionName: fn.functionName });
  return [
    ...(behind === undefined
      ? []
      : graphs({
          title: `${name}: ${behind.title}`,
          series: [ofFunction(behind.metric, 'Maximum', 'behind')],
          width: 8,
          height: HEIGHT,
          limit: limit === undefined ? undefined : { label: behind.limit, value: limit },
        })),
    ...graphs({
      title: `${name}: function`,
      series: functionSeries(fn.functionName),
      width: 8,
      height: HEIGHT,
    }),
    ...graphs({
      title: `${name}: dead letters`,
      series: deadLetterQueues.map((queue) =>
        queueSeries(queue, 'ApproximateNumberOfMessagesVisible', 'Maximum', 'queue'),
      ),
      width: 8,
      height: HEIGHT,
    }),
  ];
}

/** A broker tells nothing by queue. */
const BEHIND: Readonly<
  Record<
    ReaderFlow['kind'],
    { readonly title: string; readonly metric: string; readonly limit: string } | undefined
  >
> = {
  stream: { title: 'behind the stream (ms)', metric: 'IteratorAge', limit: 'maxAge' },
  kafka: { title: 'records that wait', metric: 'OffsetLag', limit: 'maxLag' },
  broker: undefined,
};

function of(namespace: string, dimensions: Readonly<Record<string, string>>) {
  return (metric: string, stat: string, label: string, right = false): Series => ({
    namespace,
    metric,
    dimensions,
    stat,
    label,
    right,
  });
}
