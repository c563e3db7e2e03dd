/** Errors of the Redis part: what the server refused, or why it could not be reached, with what to do about it. */
import type { EntryFailure } from '../transports/call-error.ts';

export type RedisErrorCode =
  | 'WAYBILL_REDIS_CLIENT_MISSING'
  | 'WAYBILL_REDIS_NOT_CONFIGURED'
  | 'WAYBILL_REDIS_UNREACHABLE'
  | 'WAYBILL_REDIS_ACCESS_REFUSED'
  | 'WAYBILL_REDIS_OUT_OF_MEMORY'
  | 'WAYBILL_REDIS_READ_ONLY'
  | 'WAYBILL_REDIS_LOADING'
  | 'WAYBILL_REDIS_CLUSTER'
  | 'WAYBILL_REDIS_PARTITIONS_DIFFER'
  | 'WAYBILL_REDIS_GROUP_MISSING'
  | 'WAYBILL_REDIS_WRONG_TYPE'
  | 'WAYBILL_REDIS_REFUSED';

export class RedisError extends Error {
  readonly code: RedisErrorCode;

  constructor(code: RedisErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RedisError';
    this.code = code;
  }
}

interface Meaning {
  readonly code: RedisErrorCode;
  readonly words: string;
}

/** By the word that a server's error begins with. Source: "RESP errors", redis.io/docs/latest/develop/reference/protocol-spec. */
const BY_PREFIX: Readonly<Record<string, Meaning>> = {
  OOM: {
    code: 'WAYBILL_REDIS_OUT_OF_MEMORY',
    words:
      'its memory is full: trim streams sooner (retention), remove groups that nobody reads, or take a larger node. Nothing was written, and it is tried again',
  },
  READONLY: {
    code: 'WAYBILL_REDIS_READ_ONLY',
    words:
      'this is a replica, after a failover perhaps: the connection is opened anew. Use the primary endpoint',
  },
  MASTERDOWN: {
    code: 'WAYBILL_REDIS_LOADING',
    words: 'this is a replica without its primary: it is tried again',
  },
  LOADING: { code: 'WAYBILL_REDIS_LOADING', words: 'it has started and reads its data: it is tried again' },
  BUSY: { code: 'WAYBILL_REDIS_LOADING', words: 'it runs a long script: it is tried again' },
  MISCONF: {
    code: 'WAYBILL_REDIS_OUT_OF_MEMORY',
    words:
      'it cannot write its data to disk and takes no writes: look at its log and its disk. It is tried again',
  },
  NOREPLICAS: {
    code: 'WAYBILL_REDIS_READ_ONLY',
    words: 'it has fewer replicas than min-replicas-to-write asks for: it is tried again',
  },
  MOVED: {
    code: 'WAYBILL_REDIS_CLUSTER',
    words: 'it is a cluster: set `cluster: true` (WAYBILL_REDIS_CLUSTER=true)',
  },
  ASK: { code: 'WAYBILL_REDIS_CLUSTER', words: 'the slot is on its way to another node: it is tried again' },
  TRYAGAIN: {
    code: 'WAYBILL_REDIS_CLUSTER',
    words: 'the slot is on its way to another node: it is tried again',
  },
  CLUSTERDOWN: {
    code: 'WAYBILL_REDIS_CLUSTER',
    words: 'some slots have no node, during a failover perhaps: it is tried again',
  },
  CROSSSLOT: { code: 'WAYBILL_REDIS_CLUSTER', words: 'the keys of one call are in different slots' },
  NOAUTH: { code: 'WAYBILL_REDIS_ACCESS_REFUSED', words: 'it asks for a user and password' },
  WRONGPASS: {
    code: 'WAYBILL_REDIS_ACCESS_REFUSED',
    words: 'the user or the password is wrong, or the token is over',
  },
  NOPERM: {
    code: 'WAYBILL_REDIS_ACCESS_REFUSED',
    words: 'the user may not do this: give it the keys and commands named in docs/redis.md',
  },
  NOGROUP: { code: 'WAYBILL_REDIS_GROUP_MISSING', words: 'the stream or its group is gone' },
  WRONGTYPE: {
    code: 'WAYBILL_REDIS_WRONG_TYPE',
    words: 'another application keeps something else under this name: choose another `prefix`',
  },
};

/** Names of the client's errors that mean: no connection, and nobody knows whether the server got the command. */
const CONNECTION_LOST =
  /^(ClientClosedError|ClientOfflineError|ConnectionTimeoutError|SocketTimeoutError|SocketClosedUnexpectedlyError|DisconnectsClientError|RootNodesUnavailableError|ReconnectStrategyError|AbortError|TimeoutError|MaxCommandRedirectionsError)$/;
const SYSTEM_ERROR = /^(E[A-Z_]+|ERR_TLS\w*|ERR_SSL\w*|CERT_\w+|DEPTH_ZERO\w*|SELF_SIGNED\w*|UNABLE_TO\w*)$/;

/** An error of the client, in our words. */
export function redisError(cause: unknown): RedisError {
  if (cause instanceof RedisError) return cause;
  const message = cause instanceof Error ? cause.message : String(cause);
  const prefix = prefixOf(message);
  const meaning = prefix === undefined ? undefined : BY_PREFIX[prefix];
  if (meaning !== undefined) {
    return new RedisError(meaning.code, `the server refused (${message}): ${meaning.words}`, { cause });
  }
  if (isConnectionLost(cause)) {
    return new RedisError(
      'WAYBILL_REDIS_UNREACHABLE',
      `no connection to the server (${message || codeOf(cause) || nameOf(cause)}): check the address, the security groups, TLS, and that it runs`,
      { cause },
    );
  }
  return new RedisError('WAYBILL_REDIS_REFUSED', `the server refused: ${message}`, { cause });
}

/**
 * | error | the event is at fault | another try within this call |
 * |---|---|---|
 * | no connection, READONLY | no | yes: the next connection may find the new primary |
 * | LOADING, BUSY, cluster on its way | no | yes |
 * | OOM, MISCONF, access | no | no: the outbox has patience |
 */
export function redisFailure(error: unknown): EntryFailure {
  const { code, message } = redisError(error);
  return { code, message, messageAtFault: false, retryNow: SOON_OVER.has(code) };
}

const SOON_OVER: ReadonlySet<RedisErrorCode> = new Set([
  'WAYBILL_REDIS_UNREACHABLE',
  'WAYBILL_REDIS_READ_ONLY',
  'WAYBILL_REDIS_LOADING',
  'WAYBILL_REDIS_CLUSTER',
]);

/** True where the connection is of no more use: it is gone, or leads to a node that is the wrong one by now. */
export function needsNewConnection(error: unknown): boolean {
  if (isConnectionLost(error)) return true;
  const message = error instanceof Error ? error.message : '';
  return /^(READONLY|MASTERDOWN|NOAUTH|WRONGPASS|CLUSTERDOWN)$/.test(prefixOf(message) ?? '');
}

export function isMissingGroup(error: unknown): boolean {
  if (error instanceof RedisError) return error.code === 'WAYBILL_REDIS_GROUP_MISSING';
  return error instanceof Error && prefixOf(error.message) === 'NOGROUP';
}

/** A script tells of an error within it behind its own words: `ERR ... script: ..., NOGROUP ...` in some versions. */
function prefixOf(message: string): string | undefined {
  const first = /^-?([A-Z]+)\b/.exec(message)?.[1];
  if (first !== undefined && first !== 'ERR' && first in BY_PREFIX) return first;
  const inner = /(?:^|[\s:-])(OOM|READONLY|NOGROUP|WRONGTYPE|NOPERM|MISCONF)\s/.exec(message)?.[1];
  return inner ?? first;
}

function isConnectionLost(error: unknown): boolean {
  if (CONNECTION_LOST.test(nameOf(error))) return true;
  if (SYSTEM_ERROR.test(codeOf(error) ?? '')) return true;
  const { errors, cause } = Object(error) as { readonly errors?: unknown; readonly cause?: unknown };
  const inner: readonly unknown[] = [...(Array.isArray(errors) ? errors : []), cause];
  return inner.some((one) => one !== undefined && isConnectionLost(one));
}

/** The client's errors keep the name `Error`; their class tells them apart. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.constructor.name : '';
}

function codeOf(error: unknown): string | undefined {
  const { code } = Object(error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
