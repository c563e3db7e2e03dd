/** Errors of the contracts. Each has a stable code, and a message that says what happened and what to do. */
export type ContractErrorCode =
  | 'WAYBILL_CONTRACT_INVALID'
  | 'WAYBILL_ENVELOPE_NOT_JSON'
  | 'WAYBILL_ENVELOPE_INVALID'
  | 'WAYBILL_EVENT_DATA_ELSEWHERE'
  | 'WAYBILL_EVENT_DATA_INVALID'
  | 'WAYBILL_EVENT_TYPE_UNKNOWN'
  | 'WAYBILL_EVENT_VERSION_UNSUPPORTED'
  | 'WAYBILL_UPCAST_FAILED'
  | 'WAYBILL_CLOUDEVENT_INVALID';

export class ContractError extends Error {
  readonly code: ContractErrorCode;

  constructor(code: ContractErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ContractError';
    this.code = code;
  }
}

/** True for a ContractError of this or another copy of the package: told by name, because `instanceof` fails across copies. */
export function isContractError(error: unknown): error is ContractError {
  return error instanceof Error && error.name === 'ContractError' && 'code' in error;
}
