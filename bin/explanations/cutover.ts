/** Codes of moves between transports. */
import type { RuntimeErrorCode } from '../../lambda/runtime/errors.ts';
import type { AreaExplanation } from './explanation.ts';

type CutoverErrorCode = Extract<RuntimeErrorCode, `WAYBILL_TRANSPORT_${string}`>;

export const CUTOVER_EXPLANATIONS = {
  WAYBILL_TRANSPORT_NOT_LIVE: {
    what: 'An event came to a consumer by a transport that it is not live on.',
    why: 'During a move both transports deliver. Only one may have effects; the event waits, and the attempt is not counted.',
    fix: 'Nothing while a move is under way. If it repeats, a reader runs that should not: supervise it, or disable its event source mapping.',
    example: 'waybill transport status',
  },
  WAYBILL_TRANSPORT_CONSUMER_UNKNOWN: {
    what: 'No such consumer has started yet.',
    why: 'A consumer is noted at its first start, on the transport of its configuration.',
    fix: 'Correct the name, or start the consumer first.',
    example: 'waybill transport status',
  },
  WAYBILL_TRANSPORT_TYPES_UNKNOWN: {
    what: 'Nobody has said which events the consumer handles.',
    why: 'Without them the record cannot be compared with what arrived.',
    fix: 'Give `types` to superviseConsumers() or registerConsumers(), or to the command.',
    example: 'waybill transport parity sentiment --types FeedbackReceived',
  },
  WAYBILL_TRANSPORT_MOVE_UNSAFE: {
    what: 'A consumer was not moved, because events could be lost or have their effect twice.',
    why: 'The new transport does not have everything that is still to be handled, or the inbox has forgotten what was.',
    fix: 'Do what the message says: start the mirror, let the old transport catch up, or keep the inbox for longer.',
    example: 'waybill transport parity sentiment --on redis',
  },
  WAYBILL_TRANSPORT_MOVE_BLOCKED: {
    what: 'A consumer was not moved: effects in work on the old transport did not end in time.',
    why: 'A move waits for them, because what they write counts. A process that is stopped or cut off keeps its transaction open.',
    fix: 'Try again. End the session that the message names if it does not end by itself: its effect is undone and happens on the new transport.',
    example: 'select pg_terminate_backend(4711);',
  },
  WAYBILL_TRANSPORT_MOVED_MEANWHILE: {
    what: 'The consumer is not live where the move expected it.',
    why: 'Somebody else moved it between the look and the move.',
    fix: 'Look where it is, and decide anew.',
    example: 'waybill transport status sentiment',
  },
  WAYBILL_TRANSPORT_NOT_MIGRATED: {
    what: 'The tables of moves between transports are missing.',
    why: 'They are made by migrations of their own, behind those of the event store.',
    fix: 'Apply them.',
    example: 'await migrate(pool, [...runtimeMigrations, ...eventStoreMigrations, ...cutoverMigrations]);',
  },
} as const satisfies Record<CutoverErrorCode, AreaExplanation>;
