/** The one error type of the embedded AWS. Services throw it; the protocols turn it into what AWS sends. */

/** What an {@link AwsError} carries beyond its code and message. */
export interface AwsErrorOptions {
  /** The code older Query clients know, where it differs from `code`, e.g. `AWS.SimpleQueueService.NonExistentQueue`. */
  readonly queryCode?: string;
  /** The status of Query answers, where it differs from the one of JSON answers. */
  readonly queryHttpStatus?: number;
  /** Put before the code in JSON's `__type`; the service's own namespace when absent. */
  readonly namespace?: string;
  /** Further members of the error's JSON body, e.g. `CancellationReasons`. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

/**
 * An error as AWS answers it. `code` is the shape name of the error in the service's API reference,
 * `httpStatus` its documented status: 4xx means that the caller is at fault, 5xx that the service is.
 */
export class AwsError extends Error {
  readonly code: string;
  readonly httpStatus: number;
  readonly queryCode: string;
  readonly queryHttpStatus: number;
  readonly namespace: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, httpStatus = 400, options: AwsErrorOptions = {}) {
    super(message);
    this.name = code;
    this.code = code;
    this.httpStatus = httpStatus;
    this.queryCode = options.queryCode ?? code;
    this.queryHttpStatus = options.queryHttpStatus ?? httpStatus;
    this.namespace = options.namespace;
    this.fields = options.fields ?? {};
  }

  /** True when the caller is at fault (`Sender` in Query answers, `SenderFault` in batch answers). */
  get senderFault(): boolean {
    return this.httpStatus < 500;
  }
}

/** Any thrown value as an {@link AwsError}; what is none becomes an `InternalFailure` that keeps its cause. */
export function asAwsError(thrown: unknown): AwsError {
  if (thrown instanceof AwsError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const error = new AwsError('InternalFailure', `The embedded AWS failed: ${message}`, 500);
  error.cause = thrown;
  return error;
}

/** The error for an action the service does not have, or that this embedded AWS does not run. */
export function unknownOperation(service: string, action: string, httpStatus = 400): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `The embedded AWS has no action "${action}" for ${service}. Check the name, or point this call at AWS.`,
    httpStatus,
    { queryCode: 'InvalidAction' },
  );
}
