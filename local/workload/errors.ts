/** Why the sample workload could not run, or not be measured. */
export type WorkloadErrorCode =
  | 'WAYBILL_WORKLOAD_REFUSED'
  | 'WAYBILL_WORKLOAD_TENANT_NOT_PROVISIONED'
  | 'WAYBILL_WORKLOAD_NOT_MEASURABLE';

export class WorkloadError extends Error {
  readonly code: WorkloadErrorCode;

  constructor(code: WorkloadErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WorkloadError';
    this.code = code;
  }
}
