/**
 * The load that an estimate is made for: which part of the declared traffic an environment sees, and what is assumed
 * where nothing is declared. Every figure here is an assumption, printed with the estimate.
 */

export interface LoadProfile {
  /**
   * The environment's busiest second over the declared `peakPerSecond`. Capacity is checked at this rate.
   * @default 1
   */
  readonly peakShare?: number;
  /**
   * The month's average over the environment's busiest second. Costs at the declared load are of this rate.
   * @default 0.2
   */
  readonly averageShare?: number;
  /**
   * What a handler takes for one message, in milliseconds.
   * @default 20
   */
  readonly messageMilliseconds?: number;
  /**
   * The same for single consumers, by name.
   * @default - as every other
   */
  readonly messageMillisecondsOf?: Readonly<Record<string, number>>;
}

export interface Assumptions {
  readonly peakShare: number;
  readonly averageShare: number;
  readonly messageMilliseconds: number;
  readonly messageMillisecondsOf: Readonly<Record<string, number>>;
  /** An invocation's own time, before and after its messages. */
  readonly invocationMilliseconds: number;
  /** Of an HTTP request, from the function's start to its answer. */
  readonly requestMilliseconds: number;
  /** Of one event in the relay: a batch of ten is read, published and marked in ten times this. */
  readonly relayMilliseconds: number;
  /** JSON log lines of one invocation. */
  readonly logBytesPerInvocation: number;
  /** The access log line of one HTTP request. */
  readonly accessLogBytes: number;
  /** WebSocket connections that are open in the declared peak. */
  readonly webSocketConnections: number;
  /** Connections of one user to whom something is sent, such as tabs. */
  readonly connectionsPerUser: number;
  /** Seconds between two heartbeats of a connection: below the ten minutes after which API Gateway closes it. */
  readonly heartbeatSeconds: number;
  /** The part of a consumer's messages that has the busiest ordering key. */
  readonly hottestKeyShare: number;
  /** The part that has the busiest tenant, which is the group where an event declares no ordering key. */
  readonly hottestTenantShare: number;
  /** Transactions per second that one Aurora capacity unit takes. */
  readonly transactionsPerCapacityUnit: number;
  /** Reads and writes of Aurora's storage per transaction. */
  readonly storageRequestsPerTransaction: number;
}

export const DEFAULT_ASSUMPTIONS: Assumptions = {
  peakShare: 1,
  averageShare: 0.2,
  messageMilliseconds: 20,
  messageMillisecondsOf: {},
  invocationMilliseconds: 10,
  requestMilliseconds: 50,
  relayMilliseconds: 2,
  logBytesPerInvocation: 500,
  accessLogBytes: 300,
  webSocketConnections: 10_000,
  connectionsPerUser: 1.5,
  heartbeatSeconds: 240,
  hottestKeyShare: 0.01,
  hottestTenantShare: 0.1,
  transactionsPerCapacityUnit: 300,
  storageRequestsPerTransaction: 4,
};

/** Hours of a month, as AWS's own calculator counts them. */
export const MONTH_HOURS = 730;
export const MONTH_SECONDS = MONTH_HOURS * 3600;
export const MONTH_DAYS = MONTH_HOURS / 24;

export function assumptionsOf(load: LoadProfile = {}): Assumptions {
  return { ...DEFAULT_ASSUMPTIONS, ...load };
}

export function messageMillisecondsOf(assumptions: Assumptions, consumer: string): number {
  return assumptions.messageMillisecondsOf[consumer] ?? assumptions.messageMilliseconds;
}
