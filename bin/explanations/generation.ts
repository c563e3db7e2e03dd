/** Codes of the generation system: what its APIs answer with, what its WebSocket clients are told, and its secrets. */
import type { SigningSecretErrorCode } from '../../lambda/service/signing-secret.ts';
import type { PushProblemCode } from '../../lambda/push/protocol.ts';
import type { AreaExplanation } from './explanation.ts';

const SECRET_EXPLANATIONS = {
  WAYBILL_SIGNING_SECRET_UNREADABLE: {
    what: 'The secret that signs tickets or callbacks could not be read.',
    why: 'Without it nothing can be verified, and nobody is let in.',
    fix: 'Allow secretsmanager:GetSecretValue on the secret and kms:Decrypt on its key, and check the way to Secrets Manager.',
    example: 'aws secretsmanager get-secret-value --secret-id ARN --query Name',
  },
  WAYBILL_SIGNING_SECRET_TOO_SHORT: {
    what: 'A secret that signs tickets or callbacks has fewer than 32 characters.',
    why: 'A key shorter than the hash can be guessed (RFC 2104, section 3).',
    fix: 'Store a longer one. While it is changed, store both, separated by a space.',
    example: 'aws secretsmanager get-random-password --password-length 64 --exclude-punctuation',
  },
} as const satisfies Record<SigningSecretErrorCode, AreaExplanation>;

const PUSH_EXPLANATIONS = {
  WAYBILL_PUSH_MESSAGE_INVALID: {
    what: 'A WebSocket client sent something that is no message of the push protocol.',
    why: 'It had no effect, and sending it again has none. The connection stays open.',
    fix: 'Send one of the two messages.',
    example: '{"action":"resume","cursor":41}',
  },
  WAYBILL_PUSH_UNAVAILABLE: {
    what: 'The notifications of a client could not be read or sent now.',
    why: 'The table or the management API failed. Nothing is lost: notifications are stored before they are sent.',
    fix: 'Clients send resume again, with a delay. Read the log of the function for the cause.',
    example: 'aws logs tail /aws/lambda/...-WebSocketMessage...',
  },
  WAYBILL_PUSH_TOO_MANY_CONNECTIONS: {
    what: 'A connection was closed because its user opened more than the environment allows.',
    why: 'The oldest gives way, so that a forgotten tab does not keep out the one that is looked at.',
    fix: 'Connect again when the page is looked at, not at once: two tabs would push each other out. Raise maxConnectionsPerUser if users need more.',
    example: 'maxConnectionsPerUser: 20',
  },
} as const satisfies Record<PushProblemCode, AreaExplanation>;

export const GENERATION_EXPLANATIONS = {
  ...SECRET_EXPLANATIONS,
  ...PUSH_EXPLANATIONS,
  WAYBILL_PUSH_REFUSED: {
    what: 'The management API of the WebSocket API refused a call with another status than 410, 429 or 5xx.',
    why: 'It is a mistake of the deployment, not of the connection. Notifications are stored; the event goes to the dead-letter queue, whose alarm tells of it.',
    fix: 'Allow execute-api:ManageConnections on the stage, and check WEB_SOCKET_MANAGEMENT_URL. Then redrive.',
    example: 'WEB_SOCKET_MANAGEMENT_URL=https://ID.execute-api.REGION.amazonaws.com/STAGE',
  },
  WAYBILL_SIGNATURE_INVALID: {
    what: 'A callback has no signature, or none that the secret gives. Answered with 401.',
    why: 'The signature is the authentication: anybody can reach the address.',
    fix: 'Sign the bytes that are sent: HMAC-SHA256 of the time, a full stop and the body.',
    example: 'X-Provider-Signature: t=1772366400,v1=5257a869e7...',
  },
  WAYBILL_SIGNATURE_OLD: {
    what: 'A callback is rightly signed, for a time more than 300 seconds from now. Answered with 401.',
    why: 'What somebody recorded must not be of use later.',
    fix: 'Sign each try anew, and check the clock of the sender.',
    example: 'chronyc tracking',
  },
  WAYBILL_PROVIDER_EVENT_ID_INVALID: {
    what: 'A callback has no id of its own, or one that can be none. Answered with 400.',
    why: 'By it a callback that comes again is told from news.',
    fix: 'Send 1 to 128 letters, digits or ._:- and the same with each try.',
    example: 'X-Provider-Event-Id: evt_0193a7c4',
  },
  WAYBILL_CALLBACK_NOT_STORED: {
    what: 'A callback could not be stored in three tries. Answered with 503.',
    why: 'The database is not there. Nothing was stored, and people were told on error-notifications.',
    fix: 'The provider sends it again. Follow the runbook of the database.',
    example: "select * from generation.error_notification where code = 'CALLBACK_NOT_STORED'",
  },
  WAYBILL_IDEMPOTENCY_KEY_REUSED: {
    what: 'An Idempotency-Key came with another request than the one it was first used with. Answered with 422.',
    why: 'Two different requests can not be one. Nothing was done.',
    fix: 'Make a new key for each new request, and keep it for its repetitions alone.',
    example: 'Idempotency-Key: 0f8fad5b-d9cb-469f-a165-70867728950e',
  },
  WAYBILL_USER_ERASED: {
    what: 'Somebody who was erased asks for an image. Answered with 403.',
    why: 'A token may outlive its user by some minutes; nothing is kept for an erased user any more.',
    fix: 'Issue no tokens for erased users. Who comes back is a new user, with a new id.',
    example: 'DELETE /users/usr_7f1c',
  },
  WAYBILL_PAGE_INVALID: {
    what: 'The query parameters `limit` or `cursor` of a list are not valid. Answered with 400.',
    why: 'A page of nowhere would look like the end of the list.',
    fix: 'Give limit from 1 to 100, and cursor as it stood in nextCursor.',
    example: 'GET /generations?limit=20',
  },
} as const satisfies Record<string, AreaExplanation>;
