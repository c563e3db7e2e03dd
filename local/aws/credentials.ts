/** The access keys that the embedded AWS gave out: to instances of functions, and to whoever assumed a role. */
import { randomBytes } from 'node:crypto';
import type { Caller } from './context.ts';

/** What a client signs with. */
export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Credentials {
  /** A new access key; calls signed with it come from `caller`. */
  issue(caller: Caller): AccessKey;
  /** Undefined for a key that was not given out here; the endpoint takes its caller for the account root. */
  callerOf(accessKeyId: string): Caller | undefined;
}

/** No keys yet. */
export function createCredentials(): Credentials {
  const callers = new Map<string, Caller>();
  return {
    issue(caller) {
      const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
      callers.set(accessKeyId, caller);
      return {
        accessKeyId,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: randomBytes(96).toString('base64'),
      };
    },
    callerOf: (accessKeyId) => callers.get(accessKeyId),
  };
}
