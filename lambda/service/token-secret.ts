/** The key that signs the API's tokens. A file of its own, so that the authorizer carries no database. */
import { secretReader } from '../runtime/secret-reader.ts';
import { keptOnceMade } from './kept-once-made.ts';

/** RFC 7518, section 3.2: a key as long as the hash, that is 32 bytes. */
const SECRET_MIN_LENGTH = 32;

export type TokenSecretErrorCode =
  | 'WAYBILL_TOKEN_SECRET_NOT_CONFIGURED'
  | 'WAYBILL_TOKEN_SECRET_UNREADABLE'
  | 'WAYBILL_TOKEN_SECRET_TOO_SHORT';

export class TokenSecretError extends Error {
  readonly code: TokenSecretErrorCode;

  constructor(code: TokenSecretErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TokenSecretError';
    this.code = code;
  }
}

/**
 * Kept for the life of the process: a rotation restarts the function.
 * @throws TokenSecretError when API_TOKEN_SECRET_ARN is not set, or the secret can't be read or is too short
 */
export const tokenSecret: () => Promise<string> = keptOnceMade(async () => {
  const secretArn = process.env['API_TOKEN_SECRET_ARN'];
  if (secretArn === undefined || secretArn === '') {
    throw new TokenSecretError(
      'WAYBILL_TOKEN_SECRET_NOT_CONFIGURED',
      'API_TOKEN_SECRET_ARN is not set: it names the secret whose text signs the tokens of the API',
    );
  }
  const secret = await secretReader(process.env, unreadable)(secretArn);
  if (secret.length < SECRET_MIN_LENGTH) {
    throw new TokenSecretError(
      'WAYBILL_TOKEN_SECRET_TOO_SHORT',
      `the secret in API_TOKEN_SECRET_ARN has ${secret.length} characters, which can be guessed: give it at least ${SECRET_MIN_LENGTH}`,
    );
  }
  return secret;
});

function unreadable(reason: string, options?: ErrorOptions): TokenSecretError {
  return new TokenSecretError(
    'WAYBILL_TOKEN_SECRET_UNREADABLE',
    `the secret that signs the tokens of the API could not be read: ${reason}`,
    options,
  );
}
