/** What is thrown instead of a call that would not succeed now. It is no failure of the message: it waits. */
export type UnavailableCode =
  | 'WAYBILL_BREAKER_OPEN'
  | 'WAYBILL_BULKHEAD_FULL'
  | 'WAYBILL_JOB_WAITS'
  | 'WAYBILL_LOAD_SHED';

/**
 * A consumer postpones the message of a handler that throws this, without counting it as a failure; an HTTP
 * function answers 503 with Retry-After (`unavailableResponse`).
 */
export class UnavailableError extends Error {
  readonly code: UnavailableCode;
  /** The dependency, or the part of this service, that cannot take the work now. */
  readonly what: string;
  /** After this a new try makes sense. At least one. */
  readonly retryAfterSeconds: number;
  readonly retryable = true;

  constructor(code: UnavailableCode, what: string, retryAfterSeconds: number, options?: ErrorOptions) {
    const seconds = Math.max(1, Math.ceil(retryAfterSeconds));
    super(`${what} ${REASONS[code]}; try again in ${seconds} s`, options);
    this.name = 'UnavailableError';
    this.code = code;
    this.what = what;
    this.retryAfterSeconds = seconds;
  }
}

const REASONS: Readonly<Record<UnavailableCode, string>> = {
  WAYBILL_BREAKER_OPEN: 'is not called, because too many calls to it have failed',
  WAYBILL_BULKHEAD_FULL: 'has as many calls under way and waiting as it may have',
  WAYBILL_JOB_WAITS: 'has work under way that ends first',
  WAYBILL_LOAD_SHED: 'is overloaded and takes more important work first',
};
