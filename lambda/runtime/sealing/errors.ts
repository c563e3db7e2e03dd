/** Errors of sealing. Each has a stable code and says what to do; none repeats a value. */
export type SealingErrorCode =
  | 'WAYBILL_PII_NOT_TEXT'
  | 'WAYBILL_SEALING_KEY_UNUSABLE'
  | 'WAYBILL_SEALING_NOT_GRANTED'
  | 'WAYBILL_SEALING_SUBJECT_KEYS_MISSING'
  | 'WAYBILL_SEALED_ELSEWHERE'
  | 'WAYBILL_SEAL_BROKEN';

export class SealingError extends Error {
  readonly code: SealingErrorCode;

  constructor(code: SealingErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SealingError';
    this.code = code;
  }
}
