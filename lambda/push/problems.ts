/** What a client is told when something is wrong, as problem documents of RFC 9457. Never holds what the client sent. */
import type { ErrorMessage, PushProblemCode } from './protocol.ts';

interface Text {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

const PROBLEMS: Readonly<Record<PushProblemCode, Text>> = {
  WAYBILL_PUSH_MESSAGE_INVALID: {
    title: 'The message is not valid',
    status: 400,
    detail:
      'Send {"action":"resume","cursor":NUMBER}, {"action":"resume","cursor":"latest"} or {"action":"ping"}.',
  },
  WAYBILL_PUSH_UNAVAILABLE: {
    title: 'The notifications can not be read now',
    status: 503,
    detail: 'Nothing is lost. Send resume again after some seconds.',
  },
  WAYBILL_PUSH_TOO_MANY_CONNECTIONS: {
    title: 'Another connection took the place of this one',
    status: 409,
    detail:
      'A user has so many connections at a time, and the oldest gives way. Connect again when this one is looked at.',
  },
};

export function problemMessage(code: PushProblemCode): ErrorMessage {
  return { type: 'error', problem: { type: `urn:waybill:problem:${code}`, code, ...PROBLEMS[code] } };
}
