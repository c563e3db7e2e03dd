/** What the capacity checks say: the same fields as a guard's finding, with the number, the limit and the remedy. */

/**
 * `error`: it certainly cannot work, because a fixed limit of AWS is passed. `warning`: it passes a limit that AWS
 * raises on request, or it fails if the stated assumption holds. `info`: worth knowing.
 */
export type VerdictSeverity = 'error' | 'warning' | 'info';

export interface Verdict {
  /** Stable, for `waybill explain` and for acknowledgements. */
  readonly code: VerdictCode;
  /** Short, for tables: C1 to C24. */
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
}

/** Codes with their ids, in the order of docs/capacity.md. */
export const VERDICT_IDS = {
  WAYBILL_CAPACITY_EVENT_TOO_LARGE: 'C1',
  WAYBILL_CAPACITY_CONCURRENCY_SHORT: 'C2',
  WAYBILL_CAPACITY_BATCH_OVER_TIMEOUT: 'C3',
  WAYBILL_CAPACITY_BATCH_OVER_PAYLOAD: 'C4',
  WAYBILL_CAPACITY_POLLERS_SLOW: 'C5',
  WAYBILL_CAPACITY_IN_FLIGHT: 'C6',
  WAYBILL_CAPACITY_FIFO_QUEUE: 'C7',
  WAYBILL_CAPACITY_FIFO_GROUP: 'C8',
  WAYBILL_CAPACITY_FIFO_TOPIC: 'C9',
  WAYBILL_CAPACITY_SNS_PUBLISH: 'C10',
  WAYBILL_CAPACITY_PUT_EVENTS: 'C11',
  WAYBILL_CAPACITY_BUS_INVOCATIONS: 'C12',
  WAYBILL_CAPACITY_LAMBDA_ACCOUNT: 'C13',
  WAYBILL_CAPACITY_KMS_REQUESTS: 'C14',
  WAYBILL_CAPACITY_QUEUE_POLICY: 'C15',
  WAYBILL_CAPACITY_TOPIC_POLICY: 'C16',
  WAYBILL_CAPACITY_FILTER_POLICIES: 'C17',
  WAYBILL_CAPACITY_TOPIC_SUBSCRIPTIONS: 'C18',
  WAYBILL_CAPACITY_BUS_RULES: 'C19',
  WAYBILL_CAPACITY_RULE_TARGETS: 'C20',
  WAYBILL_CAPACITY_WILDCARD_RULES: 'C21',
  WAYBILL_CAPACITY_STACK_RESOURCES: 'C22',
  WAYBILL_CAPACITY_DATABASE_NEVER_PAUSES: 'C23',
} as const;

export type VerdictCode = keyof typeof VERDICT_IDS;

export function verdict(code: VerdictCode, values: Omit<Verdict, 'code' | 'id'>): Verdict {
  return { code, id: VERDICT_IDS[code], ...values };
}
