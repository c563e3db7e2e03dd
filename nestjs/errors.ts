/** Errors of the NestJS module. They stop the application while it starts, before a message is received. */
export type NestErrorCode =
  | 'WAYBILL_NEST_HANDLER_MISSING'
  | 'WAYBILL_NEST_HANDLER_TWICE'
  | 'WAYBILL_NEST_HANDLER_WITHOUT_CONSUMER'
  | 'WAYBILL_NEST_HANDLER_SCOPED'
  | 'WAYBILL_NEST_HANDLER_NO_METHOD'
  | 'WAYBILL_NEST_ADAPTER_MISSING'
  | 'WAYBILL_NEST_CONSUMER_TWICE'
  | 'WAYBILL_NEST_INBOX_MISSING'
  | 'WAYBILL_NEST_PEER_MISSING'
  | 'WAYBILL_NEST_QUEUE_URL_MISSING'
  | 'WAYBILL_NEST_TICKET_SECRET_MISSING';

export class NestError extends Error {
  readonly code: NestErrorCode;

  constructor(code: NestErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.name = 'NestError';
    this.code = code;
  }
}
