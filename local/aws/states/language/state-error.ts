/** What goes wrong inside an execution: an error name and a cause, which Retry and Catch look at. */

/** https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html */
export class StateError extends Error {
  override readonly name = 'StateError';
  /** The error's name, e.g. `States.Timeout` or `Lambda.Unknown`. */
  readonly error: string;
  readonly causeText: string | undefined;
  /** True for what the state itself got wrong, not its task: the cause then tells where. */
  readonly ofState: boolean;
  /** The field whose expression failed. */
  readonly location: string | undefined;

  constructor(error: string, causeText?: string, ofState = false, location?: string) {
    super(`${error}${causeText === undefined ? '' : `: ${causeText}`}`);
    this.error = error;
    this.causeText = causeText;
    this.ofState = ofState;
    this.location = location;
  }
}

/** A mistake at run time that no Retry and no Catch sees. */
export function runtimeError(cause: string): StateError {
  return new StateError('States.Runtime', cause, true);
}

export function intrinsicFailure(expression: string, problem: string): StateError {
  const cause = `The function '${expression}' had the following error: ${problem}`;
  return new StateError('States.IntrinsicFailure', cause, true);
}

export function queryError(cause: string, location: string): StateError {
  return new StateError('States.QueryEvaluationError', cause, true, location);
}

export function dataLimitExceeded(what: string): StateError {
  const cause = `${what} has reached the maximum number of bytes service limit (262144).`;
  return new StateError('States.DataLimitExceeded', cause);
}
