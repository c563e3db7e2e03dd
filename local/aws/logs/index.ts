/** CloudWatch Logs: groups and streams of events, filters on them, and the metrics they hold. */
import { actionNamed } from '../actions.ts';
import type { AwsContext, AwsService, Caller } from '../context.ts';
import { logsAuthorization } from './authorization.ts';
import { publishEmbeddedMetrics } from './embedded-metrics.ts';
import { requiredText, type Input } from './errors.ts';
import { createGroups } from './groups.ts';
import { createMetricFilters } from './metric-filters.ts';
import type { LogEvent, LogGroup, LogStream } from './model.ts';
import { accepted, batchOf } from './put-log-events.ts';
import { filterLogEvents, getLogEvents } from './read-events.ts';
import { createResourcePolicies } from './resource-policies.ts';
import { createLogStore, type InputLogEvent } from './store.ts';
import { createSubscriptionFilters } from './subscription-filters.ts';

export type { InputLogEvent } from './store.ts';

declare module '../context.ts' {
  interface AwsServices {
    readonly logs: LogsService;
  }
}

/** An event as {@link LogsService.logs} shows it. */
export interface LogEventView {
  readonly streamName: string;
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly message: string;
}

/** The in-process face of CloudWatch Logs. */
export interface LogsService extends AwsService {
  readonly name: 'logs';
  /**
   * Writes events that another service has, in order of their time; group and stream are made when they are
   * missing. With a caller, this needs the permission of PutLogEvents.
   */
  append(groupName: string, streamName: string, events: readonly InputLogEvent[], caller?: Caller): void;
  /** The events of a group in the order of their writing; empty when there is no such group. */
  logs(groupName: string): readonly LogEventView[];
  groupNames(): readonly string[];
}

export function createLogsService(context: AwsContext): LogsService {
  const store = createLogStore(context);
  const groups = createGroups(context, store);
  const metricFilters = createMetricFilters(context, store);
  const subscriptionFilters = createSubscriptionFilters(context, store);
  const policies = createResourcePolicies(context);

  const write = (group: LogGroup, stream: LogStream, events: readonly InputLogEvent[]): void => {
    const kept = store.add(stream, events);
    for (const event of kept) publishEmbeddedMetrics(context, event);
    if (group.metricFilters.size > 0) metricFilters.apply(group, kept);
    if (group.subscriptionFilters.size > 0) subscriptionFilters.apply(group, stream, kept);
  };

  const actions: Readonly<Record<string, (input: Input) => unknown>> = {
    ...groups.actions,
    ...metricFilters.actions,
    ...subscriptionFilters.actions,
    ...policies.actions,
    PutLogEvents(input) {
      const group = store.group(requiredText(input, 'logGroupName'));
      const stream = store.stream(group, requiredText(input, 'logStreamName'));
      const { taken, rejected } = accepted(batchOf(input), context.clock.now(), group.retentionDays);
      write(group, stream, taken);
      return {
        nextSequenceToken: String(stream.events.at(-1)?.order ?? 0),
        ...(rejected && { rejectedLogEventsInfo: rejected }),
      };
    },
    GetLogEvents: (input) => getLogEvents(store, input),
    FilterLogEvents: (input) => filterLogEvents(store, input),
  };

  const authorization = (action: string, input: Readonly<Record<string, unknown>>) =>
    logsAuthorization(context, policies.merged(), action, input);

  return {
    name: 'logs',
    protocols: { json: { version: '1.1', targetPrefix: 'Logs_20140328' } },
    async handle(action, input) {
      return actionNamed(actions, 'CloudWatch Logs', action)(input) ?? {};
    },
    authorization,
    append(groupName, streamName, events, caller) {
      if (caller) {
        const input = { logGroupName: groupName, logStreamName: streamName };
        context.authorizer?.authorize('logs', caller, authorization('PutLogEvents', input));
      }
      const { group, stream } = groups.open(groupName, streamName);
      write(group, stream, events);
    },
    logs(groupName) {
      const group = store.groups.get(groupName);
      if (!group) return [];
      store.expire(group);
      return [...group.streams.values()]
        .flatMap((stream) => stream.events.map((event) => ({ stream, event })))
        .toSorted((a, b) => a.event.order - b.event.order)
        .map(({ stream, event }) => view(stream, event));
    },
    groupNames: () => [...store.groups.keys()],
    close: () => subscriptionFilters.close(),
  };
}

function view({ name }: LogStream, { timestamp, message }: LogEvent): LogEventView {
  return { streamName: name, timestamp, message };
}
