/** Secrets that sign or verify something, as Secrets Manager keeps them. */
import { secretReader } from '../runtime/secret-reader.ts';
import { keptOnceMade } from './kept-once-made.ts';
import { setting } from './setting.ts';

/** RFC 2104, section 3: a key as long as the hash, that is 32 bytes. */
const SECRET_MIN_LENGTH = 32;

export type SigningSecretErrorCode = 'WAYBILL_SIGNING_SECRET_UNREADABLE' | 'WAYBILL_SIGNING_SECRET_TOO_SHORT';

export class SigningSecretError extends Error {
  readonly code: SigningSecretErrorCode;

  constructor(code: SigningSecretErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SigningSecretError';
    this.code = code;
  }
}

/**
 * Kept for the life of the process.
 * @param variable - the environment variable with the secret's ARN
 * @throws SigningSecretError, or RuntimeError where the variable is not set
 */
export function signingSecret(variable: string): () => Promise<string> {
  return keptOnceMade(async () => (await readSigningSecrets(variable))[0]!);
}

/**
 * The secrets that are valid now, read anew each time: one, or while it is changed two, separated by white space.
 * @throws SigningSecretError, or RuntimeError where the variable is not set
 */
export async function readSigningSecrets(variable: string): Promise<readonly string[]> {
  const text = await secretReader(
    process.env,
    (reason, options) =>
      new SigningSecretError(
        'WAYBILL_SIGNING_SECRET_UNREADABLE',
        `the secret in ${variable} could not be read: ${reason}`,
        options,
      ),
  )(setting(variable));
  const secrets = text.split(/\s+/).filter((secret) => secret !== '');
  const shortest = Math.min(...secrets.map(({ length }) => length));
  if (secrets.length === 0 || shortest < SECRET_MIN_LENGTH) {
    throw new SigningSecretError(
      'WAYBILL_SIGNING_SECRET_TOO_SHORT',
      `the secret in ${variable} has ${secrets.length === 0 ? 0 : shortest} characters, which can be guessed: give it at least ${SECRET_MIN_LENGTH}`,
    );
  }
  return secrets;
}
