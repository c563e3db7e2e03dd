/** What a function says of its controls, and what it gets: the words of `createControls()`. */
import type { DynamoDbClient } from '../aws/dynamodb.ts';
import type { SqsSender } from '../clients.ts';
import type { Clock, Random } from '../clock.ts';
import type { ConsumerAdmission } from '../consumer/admission.ts';
import type { Logger } from '../logger.ts';
import type { CircuitBreaker, CircuitBreakerProps } from './circuit-breaker.ts';

export interface ControlsProps {
  /**
   * Name or ARN of the controls table.
   * @default - WAYBILL_CONTROLS_TABLE; without it nothing is ever off, and no breaker opens
   */
  readonly table?: string;
  /**
   * Where messages of tenants that are off wait.
   * @default - WAYBILL_PARKING_QUEUE_URL; without it they stay in the queue, and come back every few minutes
   */
  readonly parkingQueueUrl?: string;
  /**
   * Milliseconds for which switches and states of breakers are not read again: what an operator does counts
   * everywhere after as long.
   * @default 2000
   */
  readonly maxStateAge?: number;
  /**
   * Under overload less important messages are postponed; none is lost.
   * @default - none is postponed
   */
  readonly shedding?: SheddingProps;
  /** @default - JSON lines on standard output */
  readonly logger?: Logger;
  /** For tests. */
  readonly tableClient?: DynamoDbClient;
  /** For tests. */
  readonly client?: SqsSender;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests. */
  readonly random?: Random;
}

export interface SheddingProps {
  /** Seconds after which a message is late: less important ones then wait. */
  readonly maxAgeSeconds?: number;
  /** Messages in work in this instance; for pollers, whose instances have many. */
  readonly maxConcurrent?: number;
  /**
   * Names of events that are of low priority. The others are of the priority that their contract declares.
   * @default - none
   */
  readonly lowPriority?: readonly string[];
  /**
   * Seconds after which a message is postponed no more, however much is to do. Far below the queue's retention.
   * @default 21600
   */
  readonly longestPostponement?: number;
}

export interface DependencyProps extends Omit<
  CircuitBreakerProps,
  'client' | 'dependency' | 'logger' | 'clock' | 'random' | 'maxStateAge'
> {
  /**
   * Calls of this instance at a time.
   * @default - as many as there are
   */
  readonly maxConcurrent?: number;
  /** @default - as many as maxConcurrent */
  readonly maxQueued?: number;
  /** @default 5 */
  readonly maxWaitSeconds?: number;
  /**
   * Whether nothing can be handled without it: then messages are postponed while its breaker is open, without
   * calling the handler. False for one that the handler can do without.
   * @default true
   */
  readonly required?: boolean;
}

export interface Dependency {
  readonly breaker: CircuitBreaker;
  /**
   * Calls it through its bulkhead and its breaker.
   * @throws UnavailableError, or whatever `fn` throws
   */
  call<Result>(fn: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result>;
}

export interface Controls extends ConsumerAdmission {
  /** Make it once, beside the handler, not in it. */
  dependency(name: string, props?: DependencyProps): Dependency;
}
