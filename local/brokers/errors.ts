/** Why a real broker could not be started, with what to do about it. */
export type BrokerErrorCode = 'WAYBILL_BROKER_NOT_INSTALLED' | 'WAYBILL_BROKER_FAILED';

export class BrokerError extends Error {
  readonly code: BrokerErrorCode;

  constructor(code: BrokerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BrokerError';
    this.code = code;
  }
}
