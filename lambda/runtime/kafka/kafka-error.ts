/** What an error of the Kafka client means for the records in a call. */
import type { EntryFailure } from '../transports/call-error.ts';

/** Codes by which a broker refuses the content of a record. Source: Kafka protocol, "Error codes". */
const MESSAGE_FAULTS = new Set([
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
]);

/** The client has retried what can be retried. Its errors are trees: the broker's own code is somewhere in them. */
export function kafkaFailure(error: unknown): EntryFailure {
  const code = brokerCode(error) ?? unknownTopic(error) ?? ownCode(error);
  return {
    code,
    message: error instanceof Error ? error.message : String(error),
    messageAtFault: MESSAGE_FAULTS.has(code),
    retryNow: false,
  };
}

function brokerCode(error: unknown): string | undefined {
  const { apiId, errors, cause } = Object(error) as {
    readonly apiId?: unknown;
    readonly errors?: unknown;
    readonly cause?: unknown;
  };
  if (typeof apiId === 'string') return apiId;
  const inner: readonly unknown[] = Array.isArray(errors) ? errors : [];
  for (const one of [...inner, ...(cause === undefined ? [] : [cause])]) {
    const code = brokerCode(one);
    if (code !== undefined) return code;
  }
  return undefined;
}

/** The client tells of a topic that is not there in words alone. */
function unknownTopic(error: unknown): string | undefined {
  const text = error instanceof Error ? error.message : '';
  return text.startsWith('Unknown topic ') ? 'UNKNOWN_TOPIC_OR_PARTITION' : undefined;
}

function ownCode(error: unknown): string {
  const { code, name } = Object(error) as { readonly code?: unknown; readonly name?: unknown };
  if (typeof code === 'string') return code;
  return typeof name === 'string' ? name : 'UnknownError';
}
