/** Errors of reading and deploying a cloud assembly. Each has a stable code and says what happened and what to do. */
export type AssemblyErrorCode =
  | 'WAYBILL_ASSEMBLY_NOT_FOUND'
  | 'WAYBILL_ASSEMBLY_INVALID'
  | 'WAYBILL_TEMPLATE_UNRESOLVED'
  | 'WAYBILL_TEMPLATE_CYCLE'
  | 'WAYBILL_TEMPLATE_UNSUPPORTED'
  | 'WAYBILL_RESOURCE_FAILED'
  | 'WAYBILL_CUSTOM_RESOURCE_FAILED';

export class AssemblyError extends Error {
  readonly code: AssemblyErrorCode;

  constructor(code: AssemblyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AssemblyError';
    this.code = code;
  }
}

/** The text of whatever was thrown, for building an error that says why. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
