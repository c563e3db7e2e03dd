/** The access keys that the embedded AWS gave out: to instances of functions, and to whoever assumed a role. */
import { randomBytes } from 'node:crypto';
import type { Clock } from './clock.ts';
import type { Caller } from './context.ts';
import type { StateStore } from './state/index.ts';

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

/** How long after its end a session is still known as one that has ended, in milliseconds. */
const ENDED_SESSION_KEPT_MS = 24 * 60 * 60 * 1000;

/** With the sessions that an earlier process began; the keys of its functions' instances ended with it. */
export function createCredentials(state: StateStore, clock: Clock): Credentials {
  const callers = new Map<string, Caller>();
  const kept = state.collection<Caller>('sts.sessions');
  for (const [accessKeyId, caller] of kept.entries()) {
    if ((caller.expiresAt ?? 0) + ENDED_SESSION_KEPT_MS < clock.now()) kept.delete(accessKeyId);
    else callers.set(accessKeyId, caller);
  }
  return {
    issue(caller) {
      const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
      callers.set(accessKeyId, caller);
      if (caller.expiresAt !== undefined) kept.put(accessKeyId, caller);
      return {
        accessKeyId,
        secretAccessKey: randomBytes(30).toString('base64'),
        sessionToken: randomBytes(96).toString('base64'),
      };
    },
    callerOf: (accessKeyId) => callers.get(accessKeyId),
  };
}
