/** The error for a pattern that AWS would refuse. Services put their own code and wording around it. */
/** Why a pattern is refused. `NestedPattern`, `TooManyKeys` ... are worded differently by each service. */
export type PatternErrorCode =
  | 'InvalidPattern'
  | 'NestedPattern'
  | 'TooManyKeys'
  | 'TooManyCombinations'
  | 'TooLong';

/** A refused pattern. The message is AWS's own reason, without the prefix a service adds. */
export class PatternError extends Error {
  readonly code: PatternErrorCode;

  constructor(message: string, code: PatternErrorCode = 'InvalidPattern') {
    super(message);
    this.name = 'PatternError';
    this.code = code;
  }
}
