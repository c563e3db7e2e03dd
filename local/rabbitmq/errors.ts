/** What the broker answers instead of doing what it was asked: it closes the channel, or the whole connection. */

/** Closes the channel. Source: AMQP 0-9-1, 1.2 "AMQP-defined constants". */
export type ChannelReply = 'ACCESS_REFUSED' | 'NOT_FOUND' | 'RESOURCE_LOCKED' | 'PRECONDITION_FAILED';
export type ConnectionReply =
  | 'FRAME_ERROR'
  | 'SYNTAX_ERROR'
  | 'COMMAND_INVALID'
  | 'CHANNEL_ERROR'
  | 'UNEXPECTED_FRAME'
  | 'NOT_ALLOWED'
  | 'NOT_IMPLEMENTED'
  | 'ACCESS_REFUSED'
  | 'CONNECTION_FORCED';

const CODES: Readonly<Record<ChannelReply | ConnectionReply, number>> = {
  CONNECTION_FORCED: 320,
  ACCESS_REFUSED: 403,
  NOT_FOUND: 404,
  RESOURCE_LOCKED: 405,
  PRECONDITION_FAILED: 406,
  FRAME_ERROR: 501,
  SYNTAX_ERROR: 502,
  COMMAND_INVALID: 503,
  CHANNEL_ERROR: 504,
  UNEXPECTED_FRAME: 505,
  NOT_ALLOWED: 530,
  NOT_IMPLEMENTED: 540,
};

export class ChannelError extends Error {
  readonly replyCode: number;

  constructor(reply: ChannelReply, message: string) {
    super(`${reply} - ${message}`);
    this.replyCode = CODES[reply];
  }
}

export class ConnectionError extends Error {
  readonly replyCode: number;

  constructor(reply: ConnectionReply, message: string) {
    super(`${reply} - ${message}`);
    this.replyCode = CODES[reply];
  }
}
