/** Errors of the AMQP part: what the broker refused, or why it could not be reached, with what to do about it. */
export type AmqpErrorCode =
  | 'WAYBILL_AMQP_CLIENT_MISSING'
  | 'WAYBILL_AMQP_NOT_CONFIGURED'
  | 'WAYBILL_AMQP_SECRET_UNREADABLE'
  | 'WAYBILL_AMQP_SECRET_INVALID'
  | 'WAYBILL_AMQP_UNREACHABLE'
  | 'WAYBILL_AMQP_ACCESS_REFUSED'
  | 'WAYBILL_AMQP_NOT_FOUND'
  | 'WAYBILL_AMQP_TOPOLOGY_CONFLICT'
  | 'WAYBILL_AMQP_TOPOLOGY_INVALID'
  | 'WAYBILL_AMQP_CHANNEL_CLOSED'
  | 'WAYBILL_AMQP_CONFIRM_TIMEOUT'
  | 'WAYBILL_AMQP_NACKED'
  | 'WAYBILL_AMQP_UNROUTABLE'
  | 'WAYBILL_AMQP_BATCH_FAILED';

export class AmqpError extends Error {
  readonly code: AmqpErrorCode;

  constructor(code: AmqpErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'AmqpError';
    this.code = code;
  }
}

/** Reply codes of AMQP 0-9-1. Source: AMQP 0-9-1 specification, section 1.2. */
const ACCESS_REFUSED = 403;
const NOT_FOUND = 404;
const PRECONDITION_FAILED = 406;

/**
 * An error of the client, in our words.
 *
 * | broker's reply | code |
 * |---|---|
 * | 403 | WAYBILL_AMQP_ACCESS_REFUSED |
 * | 404 | WAYBILL_AMQP_NOT_FOUND |
 * | 406 | WAYBILL_AMQP_TOPOLOGY_CONFLICT |
 * | other, or the channel or connection is gone | WAYBILL_AMQP_CHANNEL_CLOSED |
 */
export function amqpError(cause: unknown): AmqpError {
  if (cause instanceof AmqpError) return cause;
  const reply = replyCode(cause);
  const words = brokersWords(cause);
  if (reply === ACCESS_REFUSED) {
    return new AmqpError(
      'WAYBILL_AMQP_ACCESS_REFUSED',
      `the broker refused: ${words}. Check the user's permissions on the virtual host, and its password`,
      { cause },
    );
  }
  if (reply === NOT_FOUND) {
    return new AmqpError(
      'WAYBILL_AMQP_NOT_FOUND',
      `the broker has none of it: ${words}. Declare it first, see declareTopology(), or check the name and the virtual host`,
      { cause },
    );
  }
  if (reply === PRECONDITION_FAILED) return preconditionFailed(words, cause);
  return new AmqpError('WAYBILL_AMQP_CHANNEL_CLOSED', `the channel to the broker is closed: ${words}`, {
    cause,
  });
}

function preconditionFailed(words: string, cause: unknown): AmqpError {
  const advice = words.includes('inequivalent arg')
    ? "it exists with other settings, and AMQP can't change them: declare what is there, give yours a new name, or let it run empty and delete it; a delivery limit, a length and a time to live can be changed by a policy of the broker"
    : 'the broker does not accept what was asked of it';
  return new AmqpError('WAYBILL_AMQP_TOPOLOGY_CONFLICT', `${words}: ${advice}`, { cause });
}

export function isAccessRefused(error: unknown): boolean {
  return replyCode(error) === ACCESS_REFUSED;
}

/** The client gives the reply code of an open channel or connection; while it connects, only in the text. */
function replyCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'number') return error.code;
  const text = /terminated by server: (\d{3})/.exec(error.message)?.[1];
  return text === undefined ? undefined : Number(text);
}

/** `... with message "PRECONDITION_FAILED - ..."` -> what is between the quotes. */
function brokersWords(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return /with message "(.*)"$/s.exec(message)?.[1] ?? message;
}
