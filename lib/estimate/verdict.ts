/** What the capacity checks say: the same fields as a guard's finding, with the number, the limit and the remedy. */

/**
 * `error`: it certainly cannot work, because a fixed limit of AWS is passed. `warning`: it passes a limit that AWS
 * raises on request, or it fails if the stated assumption holds. `info`: worth knowing.
 */
export type VerdictSeverity = 'error' | 'warning' | 'info';

export interface Verdict {
  /** Stable, for `waybill explain` and for acknowledgements. */
  readonly code: VerdictCode;
  /** Short, for tables: C1 to C31. */
  readonly id: string;
  readonly severity: VerdictSeverity;
  readonly constructPath: string;
  /** The number that was calculated, with its unit and how it came about. */
  readonly received: string;
  /** The limit, with its unit. */
  readonly allowed: string;
  readonly fix: string;
  /** The page of AWS the limit is from; `(from memory)` where nobody has read it there. */
  readonly source: string;
  /** What to ask AWS for, where the limit is a quota that it raises. */
  readonly request?: QuotaRequest;
}

export interface QuotaRequest {
  readonly quota: string;
  readonly region: string | undefined;
  readonly now: number;
  /** As much as the declared peak takes, with a fifth in reserve. */
  readonly needed: number;
}

/** The part of a quota that a peak may take: above it there is no room for a retry. */
const QUOTA_HEADROOM = 1.2;

export function quotaRequest(
  quota: string,
  region: string | undefined,
  now: number,
  value: number,
): QuotaRequest {
  return { quota, region, now, needed: Math.ceil(value * QUOTA_HEADROOM) };
}

export interface VerdictRule {
  readonly id: string;
  /** What is wrong where it speaks, in one short sentence. */
  readonly title: string;
  /** What happens then, as an operator sees it. */
  readonly explanation: string;
}

export const VERDICT_RULES = {
  WAYBILL_CAPACITY_EVENT_TOO_LARGE: {
    id: 'C1',
    title: 'Events are larger than what they are published to takes',
    explanation:
      'The publisher gets an error for each one above the limit; with an outbox they are quarantined.',
  },
  WAYBILL_CAPACITY_CONCURRENCY_SHORT: {
    id: 'C2',
    title: 'A consumer is slower than its events arrive at peak',
    explanation: 'The queue grows while the peak lasts, messages get old, and the age alarm rises.',
  },
  WAYBILL_CAPACITY_BATCH_OVER_TIMEOUT: {
    id: 'C3',
    title: 'A full batch takes longer than the function may run',
    explanation:
      'What is not reached in time comes back after the visibility timeout and has used up a receive.',
  },
  WAYBILL_CAPACITY_BATCH_OVER_PAYLOAD: {
    id: 'C4',
    title: 'A full batch is more than one invocation may carry',
    explanation: 'Lambda closes the batch early: a larger batchSize than that changes nothing.',
  },
  WAYBILL_CAPACITY_POLLERS_SLOW: {
    id: 'C5',
    title: 'A mapping takes minutes to reach the concurrency that the peak needs',
    explanation: 'A burst waits in the queue until Lambda has added enough concurrent invocations.',
  },
  WAYBILL_CAPACITY_IN_FLIGHT: {
    id: 'C6',
    title: 'A consumer may have more messages in flight than SQS allows',
    explanation: 'A standard queue answers OverLimit, a FIFO queue gives no more messages.',
  },
  WAYBILL_CAPACITY_FIFO_QUEUE: {
    id: 'C7',
    title: 'A FIFO queue gets more messages than it takes',
    explanation: 'Sends are throttled. SNS tries again for days, and the delay grows.',
  },
  WAYBILL_CAPACITY_FIFO_GROUP: {
    id: 'C8',
    title: 'The busiest message group is slower than its events arrive',
    explanation:
      'A group is handled one message after the other. Its messages get old, whatever the concurrency.',
  },
  WAYBILL_CAPACITY_FIFO_TOPIC: {
    id: 'C9',
    title: 'A FIFO topic gets more messages than it takes',
    explanation: 'Publishes are throttled; an outbox holds the events back and falls behind.',
  },
  WAYBILL_CAPACITY_SNS_PUBLISH: {
    id: 'C10',
    title: 'Topics get more messages than the quota of the Region',
    explanation: 'Publishes are throttled in the whole account, also those of other applications.',
  },
  WAYBILL_CAPACITY_PUT_EVENTS: {
    id: 'C11',
    title: 'Buses get more events than the quota of the Region',
    explanation: 'PutEvents is throttled in the whole account.',
  },
  WAYBILL_CAPACITY_BUS_INVOCATIONS: {
    id: 'C12',
    title: 'Rules deliver more events than the quota of the Region',
    explanation: 'Deliveries are delayed, up to the age at which an event is given up.',
  },
  WAYBILL_CAPACITY_LAMBDA_ACCOUNT: {
    id: 'C13',
    title: 'Functions may use more concurrency than the account has',
    explanation:
      'Invocations are throttled. Throttled receives count: messages end in dead-letter queues untouched.',
  },
  WAYBILL_CAPACITY_KMS_REQUESTS: {
    id: 'C14',
    title: 'Queues and topics ask for more keys than the quota of the Region',
    explanation:
      'Sends and receives fail with a KMS throttling error, in everything that uses KMS in the account.',
  },
  WAYBILL_CAPACITY_QUEUE_POLICY: {
    id: 'C15',
    title: 'A queue policy is at its limit of statements or bytes',
    explanation: 'The deployment fails at the limit, often when a producer is added by another team.',
  },
  WAYBILL_CAPACITY_TOPIC_POLICY: {
    id: 'C16',
    title: 'A topic policy is at its limit of statements or bytes',
    explanation: 'The deployment fails at the limit.',
  },
  WAYBILL_CAPACITY_FILTER_POLICIES: {
    id: 'C17',
    title: 'There are more filter policies than the quota',
    explanation:
      'The subscription is made and the call that attaches its filter fails, and with it the deployment.',
  },
  WAYBILL_CAPACITY_TOPIC_SUBSCRIPTIONS: {
    id: 'C18',
    title: 'A FIFO topic has more subscriptions than the quota',
    explanation: 'The deployment fails.',
  },
  WAYBILL_CAPACITY_BUS_RULES: {
    id: 'C19',
    title: 'A bus has more rules than the quota',
    explanation: 'The deployment fails.',
  },
  WAYBILL_CAPACITY_RULE_TARGETS: {
    id: 'C20',
    title: 'A rule has more targets than EventBridge allows',
    explanation: 'The deployment fails; the limit is not raised.',
  },
  WAYBILL_CAPACITY_WILDCARD_RULES: {
    id: 'C21',
    title: 'A bus has more rules with wildcards than EventBridge allows',
    explanation: 'The deployment fails; the limit is not raised.',
  },
  WAYBILL_CAPACITY_STACK_RESOURCES: {
    id: 'C22',
    title: 'A stack is near its limit of resources',
    explanation:
      'At 500 nothing can be added, and what holds messages cannot be moved to another stack without being replaced.',
  },
  WAYBILL_CAPACITY_DATABASE_NEVER_PAUSES: {
    id: 'C23',
    title: 'A database that should pause is asked every minute',
    explanation: 'It never pauses, and is paid for at its least capacity all the time.',
  },
  WAYBILL_CAPACITY_BUS_GROUP: {
    id: 'C24',
    title: 'The busiest event group of a custom bus is above what one group takes',
    explanation: 'Its events are throttled by the publisher, whatever the other groups do.',
  },
  WAYBILL_CAPACITY_STREAM_THROUGHPUT: {
    id: 'C25',
    title: 'A stream gets more than it takes',
    explanation: 'Records are refused, publishers try again and fall behind.',
  },
  WAYBILL_CAPACITY_STREAM_READER: {
    id: 'C26',
    title: 'A reader of a stream is slower than its records arrive at peak',
    explanation: 'Iterator age grows while the peak lasts; what is older than the retention is gone.',
  },
  WAYBILL_CAPACITY_KAFKA_THROUGHPUT: {
    id: 'C27',
    title: 'A Kafka cluster gets or gives more than it takes',
    explanation: 'MSK throttles clients: publishers and readers get slower, without an error.',
  },
  WAYBILL_CAPACITY_KAFKA_READER: {
    id: 'C28',
    title: 'A Kafka topic has too few partitions for its slowest reader',
    explanation: 'The group falls behind: more pollers than partitions do nothing.',
  },
  WAYBILL_CAPACITY_STATE_MACHINE: {
    id: 'C29',
    title: 'Executions are started faster than the quota of the Region',
    explanation: 'StartExecution is throttled; what starts them has to try again.',
  },
  WAYBILL_CAPACITY_WEB_SOCKET_SENDS: {
    id: 'C30',
    title: 'More is sent to WebSocket connections than the quota of the Region',
    explanation:
      'PostToConnection is throttled, and with it every API of the account: browsers hear of things late.',
  },
  WAYBILL_CAPACITY_WEB_SOCKET_CONNECTS: {
    id: 'C31',
    title: 'Lost WebSocket connections come back faster than they are let in',
    explanation:
      'After a failure clients are refused with 429 and try again; the last of them waits for minutes.',
  },
} as const satisfies Record<string, VerdictRule>;

export type VerdictCode = keyof typeof VERDICT_RULES;

export function verdict(code: VerdictCode, values: Omit<Verdict, 'code' | 'id'>): Verdict {
  return { code, id: VERDICT_RULES[code].id, ...values };
}
