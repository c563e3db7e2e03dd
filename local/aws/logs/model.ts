/** Log groups, their streams and events, as they are kept. */

export interface LogEvent {
  /** Milliseconds since the epoch, as the writer gave it. */
  readonly timestamp: number;
  readonly ingestionTime: number;
  readonly message: string;
  /** Grows with each event of the service: tells apart events of one millisecond. */
  readonly order: number;
}

export interface LogStream {
  readonly name: string;
  readonly arn: string;
  readonly createdAt: number;
  /** By timestamp, then by order. */
  readonly events: LogEvent[];
  lastIngestionTime: number | undefined;
}

export interface LogGroup {
  readonly name: string;
  /** Without the `:*` that stands for its streams. */
  readonly arn: string;
  readonly createdAt: number;
  retentionDays: number | undefined;
  readonly kmsKeyId: string | undefined;
  readonly logGroupClass: string;
  readonly tags: Map<string, string>;
  readonly streams: Map<string, LogStream>;
  readonly metricFilters: Map<string, MetricFilter>;
  readonly subscriptionFilters: Map<string, SubscriptionFilter>;
}

/** Whether an event's message matches a filter pattern; what `$.name` and `$name` in it stand for. */
export interface FilterPattern {
  matches(message: string): boolean;
  /** The value a reference such as `$.latency` or `$size` has in a message; undefined when it has none. */
  valueOf(message: string, reference: string): string | number | undefined;
}

export interface MetricTransformation {
  readonly metricName: string;
  readonly metricNamespace: string;
  /** A number, or a reference into the event. */
  readonly metricValue: string;
  readonly defaultValue?: number;
  /** Dimension names to references. */
  readonly dimensions?: Readonly<Record<string, string>>;
  readonly unit?: string;
}

export interface MetricFilter {
  readonly name: string;
  readonly pattern: string;
  readonly compiled: FilterPattern;
  readonly transformations: readonly MetricTransformation[];
  readonly createdAt: number;
}

export interface SubscriptionFilter {
  readonly name: string;
  readonly pattern: string;
  readonly compiled: FilterPattern;
  readonly destinationArn: string;
  readonly roleArn: string | undefined;
  readonly distribution: string;
  readonly createdAt: number;
}

export interface ResourcePolicy {
  readonly name: string;
  readonly document: string;
  readonly updatedAt: number;
}
