/**
 * Subscription filters: log events go to a function or a stream as they come, compressed.
 * "Log group-level subscription filters", AmazonCloudWatch/latest/logs/SubscriptionFilters.html
 */
import { gzipSync } from 'node:zlib';
import { serviceCaller, type AwsContext } from '../context.ts';
import { call, createDeliveries, invokeFunction, roleCaller, type RetryPolicy } from '../delivery/index.ts';
import {
  invalidParameter,
  limitExceeded,
  notFound,
  optionalText,
  requiredText,
  type Input,
} from './errors.ts';
import { parseFilterPattern } from './filter-pattern.ts';
import { pageOf } from './groups.ts';
import { MAXIMUM_SUBSCRIPTION_FILTERS } from './limits.ts';
import type { LogEvent, LogGroup, LogStream, SubscriptionFilter } from './model.ts';
import { eventId } from './read-events.ts';
import type { LogStore } from './store.ts';

/** CloudWatch Logs' own name as a caller of other services. */
const SERVICE_PRINCIPAL = 'logs.amazonaws.com';

/** The page above: "CloudWatch Logs retries the delivery for up to 24 hours". */
const RETRIES: RetryPolicy = {
  maximumRetries: Infinity,
  maximumAgeMilliseconds: 24 * 60 * 60 * 1000,
  delayMilliseconds: (retry) => Math.min(60_000, 1000 * 2 ** (retry - 1)),
};

export interface SubscriptionFilters {
  readonly actions: Readonly<Record<string, (input: Input) => unknown>>;
  /** Starts the deliveries of new events. */
  apply(group: LogGroup, stream: LogStream, events: readonly LogEvent[]): void;
  close(): void;
}

interface KeptFilter extends Omit<SubscriptionFilter, 'compiled'> {
  readonly group: string;
}

export function createSubscriptionFilters(context: AwsContext, store: LogStore): SubscriptionFilters {
  const kept = context.state.collection<KeptFilter>('logs.subscription-filters');
  for (const [, { group, ...filter }] of kept.entries()) {
    const compiled = parseFilterPattern(filter.pattern);
    store.groups.get(group)?.subscriptionFilters.set(filter.name, { ...filter, compiled });
  }
  const deliveries = createDeliveries(context);

  const deliver = async (
    group: LogGroup,
    stream: LogStream,
    { destinationArn, roleArn }: SubscriptionFilter,
    data: Buffer,
  ): Promise<void> => {
    const sourceArn = `${group.arn}:*`;
    const caller = serviceCaller(context, SERVICE_PRINCIPAL, sourceArn);
    const service = destinationArn.split(':')[2];
    if (service === 'lambda') {
      const event = JSON.stringify({ awslogs: { data: data.toString('base64') } });
      return invokeFunction(context, destinationArn, event, caller);
    }
    const record = { StreamARN: destinationArn, PartitionKey: stream.name, Data: data.toString('base64') };
    // Into a stream it writes with the role that the filter names.
    const writer =
      roleArn === undefined ? caller : roleCaller('logs.amazonaws.com', roleArn, `${group.arn}:*`);
    await call(context, 'kinesis', 'PutRecord', record, writer);
  };

  return {
    apply(group, stream, events) {
      for (const filter of group.subscriptionFilters.values()) {
        const matching = events.filter(({ message }) => filter.compiled.matches(message));
        if (matching.length === 0) continue;
        const data = gzipSync(JSON.stringify(dataMessage(context, group, stream, filter, matching)));
        void deliveries
          .run(() => deliver(group, stream, filter, data), RETRIES, context.clock.now())
          .then((outcome) => {
            context.events.emit({
              kind: outcome.delivered ? 'delivered' : 'delivery-failed',
              service: 'logs',
              resourceArn: group.arn,
              detail: {
                target: filter.destinationArn,
                ...(!outcome.delivered && { errorCode: outcome.error.code }),
              },
            });
          });
      }
    },
    close: () => deliveries.close(),
    actions: {
      PutSubscriptionFilter(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const name = requiredText(input, 'filterName');
        const filters = group.subscriptionFilters;
        if (filters.size >= MAXIMUM_SUBSCRIPTION_FILTERS && !filters.has(name)) {
          throw limitExceeded('Resource limit exceeded.');
        }
        const pattern = optionalText(input, 'filterPattern') ?? requiredText(input, 'filterPattern');
        const filter = {
          name,
          pattern,
          destinationArn: checkedDestination(requiredText(input, 'destinationArn')),
          roleArn: optionalText(input, 'roleArn'),
          distribution: optionalText(input, 'distribution') ?? 'ByLogStream',
          createdAt: filters.get(name)?.createdAt ?? context.clock.now(),
        };
        filters.set(name, { ...filter, compiled: parseFilterPattern(pattern) });
        kept.put(`${group.name}\n${name}`, { group: group.name, ...filter });
      },
      DeleteSubscriptionFilter(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const name = requiredText(input, 'filterName');
        if (!group.subscriptionFilters.delete(name))
          throw notFound('The specified subscription filter does not exist.');
        kept.delete(`${group.name}\n${name}`);
      },
      DescribeSubscriptionFilters(input) {
        const group = store.group(requiredText(input, 'logGroupName'));
        const prefix = optionalText(input, 'filterNamePrefix') ?? '';
        const found = [...group.subscriptionFilters.values()].filter(({ name }) => name.startsWith(prefix));
        const { items, next } = pageOf(found, input);
        const subscriptionFilters = items.map((filter) => ({
          filterName: filter.name,
          logGroupName: group.name,
          filterPattern: filter.pattern,
          destinationArn: filter.destinationArn,
          ...(filter.roleArn !== undefined && { roleArn: filter.roleArn }),
          distribution: filter.distribution,
          creationTime: filter.createdAt,
        }));
        return { subscriptionFilters, ...next };
      },
    },
  };
}

function dataMessage(
  context: AwsContext,
  group: LogGroup,
  stream: LogStream,
  filter: SubscriptionFilter,
  events: readonly LogEvent[],
) {
  return {
    messageType: 'DATA_MESSAGE',
    owner: context.accountId,
    logGroup: group.name,
    logStream: stream.name,
    subscriptionFilters: [filter.name],
    logEvents: events.map(({ order, timestamp, message }) => ({ id: eventId(order), timestamp, message })),
  };
}

function checkedDestination(arn: string): string {
  if (/^arn:[^:]+:(lambda|kinesis):/.test(arn)) return arn;
  throw invalidParameter(
    `The embedded AWS delivers log events to Lambda functions and Kinesis streams; ${arn} is neither.`,
  );
}
