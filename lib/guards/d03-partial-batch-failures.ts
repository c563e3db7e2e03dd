/**
 * D3: a consumer's failed messages come back, and only those.
 *
 * | mapping | |
 * |---|---|
 * | of a consumer that the topology knows, without ReportBatchItemFailures | found: its handler answers which messages failed, nobody reads it, and Lambda deletes the whole batch |
 * | the same, with it | |
 * | of a stream or Kafka topic, the same | found: Lambda takes the failed records for done, and goes on behind them |
 * | of a broker | it has no such answer |
 * | of any other function | not known: it may throw instead, which brings the whole batch back |
 *
 * design.md, D3; lambda/latest/dg/services-sqs-errorhandling.html
 */
import { declaredEventsOf } from './declared-events.ts';
import type { Resource } from '../assembly/index.ts';
import type { Finding, Guard } from './guard.ts';

export const partialBatchFailures: Guard = {
  id: 'D3',
  title: 'Lambda does not read which messages of a batch failed',
  explanation:
    'The handler of a consumer never throws for a message: it answers with the ids of those that failed. A mapping that does not read the answer takes it as success and deletes them all.',
  source: 'lambda/latest/dg/services-sqs-errorhandling.html',
  level: 'error',
  check(messaging) {
    const declared = declaredEventsOf(messaging.assembly);
    if (declared === undefined) return [];
    return declared.topology.edges.flatMap((edge) => {
      if (edge.kind === 'reads') {
        const via = declared.resourceOf(edge.via);
        return messaging.mappings
          .filter(
            ({ resource, reportBatchItemFailures, queues }) =>
              resource === via && queues.length === 0 && !reportBatchItemFailures,
          )
          .map(({ resource }) => unread(resource));
      }
      // Without events the queue holds hints alone.
      if (edge.kind !== 'consumes' || edge.events.length === 0) return [];
      const [queue, fn] = [declared.resourceOf(edge.from)?.arn, declared.resourceOf(edge.to)?.arn];
      return messaging.mappings
        .filter(
          ({ eventSourceArn, functionArn, reportBatchItemFailures }) =>
            eventSourceArn === queue && functionArn === fn && !reportBatchItemFailures,
        )
        .map(({ resource }) => unread(resource));
    });
  },
};

function unread(resource: Resource): Finding {
  return {
    resource,
    property: 'FunctionResponseTypes',
    received: 'nothing',
    allowed: 'ReportBatchItemFailures',
    fix: 'leave it as the consumer sets it',
  };
}
