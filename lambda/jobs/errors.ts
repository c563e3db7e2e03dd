/** Errors of the jobs system's own set-up. */
export type JobsErrorCode = 'WAYBILL_JOBS_NOT_CONFIGURED';

export class JobsError extends Error {
  readonly code: JobsErrorCode;

  constructor(code: JobsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'JobsError';
    this.code = code;
  }
}
