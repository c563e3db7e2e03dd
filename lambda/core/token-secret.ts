/** The key that signs the API's tokens. A file of its own, so that the authorizer carries no database. */
import { readSecretFromAws } from '../runtime/postgres/secret.ts';
import { keptOnceMade } from './kept-once-made.ts';

/** RFC 7518, section 3.2: a key as long as the hash, that is 32 bytes. */
const SECRET_MIN_LENGTH = 32;

/**
 * Kept for the life of the process: a rotation restarts the function.
 * @throws when API_TOKEN_SECRET_ARN is not set, or the secret can't be read
 */
export const tokenSecret: () => Promise<string> = keptOnceMade(async () => {
  const secretArn = process.env['API_TOKEN_SECRET_ARN'];
  if (secretArn === undefined || secretArn === '') {
    throw new Error(
      'API_TOKEN_SECRET_ARN is not set: it names the secret whose text signs the tokens of the API',
    );
  }
  const secret = await readSecretFromAws(process.env)(secretArn);
  if (secret.length < SECRET_MIN_LENGTH) {
    throw new Error(
      `the secret in API_TOKEN_SECRET_ARN has ${secret.length} characters, which can be guessed: give it at least ${SECRET_MIN_LENGTH}`,
    );
  }
  return secret;
});
