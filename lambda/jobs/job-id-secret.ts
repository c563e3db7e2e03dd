/** The secret from which the prefixes of job ids are made. Only the authorizer reads it. */
import { secretReader } from '../runtime/secret-reader.ts';
import { keptOnceMade } from '../service/kept-once-made.ts';
import { JobsError } from './errors.ts';
import { jobsVariable } from './settings.ts';

/** Characters: as long as the hash, that is 32 bytes. */
const SECRET_MIN_LENGTH = 32;

/**
 * Kept for the life of the process. It is never rotated: an id that was given out must stay its owner's.
 * @throws JobsError
 */
export const jobIdSecret: () => Promise<string> = keptOnceMade(async () => {
  const secret = await secretReader(process.env, unreadable)(jobsVariable('JOB_ID_SECRET_ARN'));
  if (secret.length < SECRET_MIN_LENGTH) {
    throw new JobsError(
      'WAYBILL_JOB_ID_SECRET_TOO_SHORT',
      `the secret in JOB_ID_SECRET_ARN has ${secret.length} characters, which can be guessed: give it at least ${SECRET_MIN_LENGTH}`,
    );
  }
  return secret;
});

function unreadable(reason: string, options?: ErrorOptions): JobsError {
  return new JobsError(
    'WAYBILL_JOB_ID_SECRET_UNREADABLE',
    `the secret from which the ids of jobs are made could not be read: ${reason}`,
    options,
  );
}
