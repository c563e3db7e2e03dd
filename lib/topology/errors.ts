/** Errors of reading a topology. Each has a stable code and says what to do. */
export type TopologyErrorCode =
  | 'WAYBILL_TOPOLOGY_NOT_FOUND'
  | 'WAYBILL_TOPOLOGY_NOT_JSON'
  | 'WAYBILL_TOPOLOGY_VERSION_UNSUPPORTED'
  | 'WAYBILL_TOPOLOGY_INVALID';

export class TopologyError extends Error {
  readonly code: TopologyErrorCode;

  constructor(code: TopologyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TopologyError';
    this.code = code;
  }
}
