/** `POST /callbacks/provider`: first the signature over the raw bytes, then the body, then the database. */
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import * as z from 'zod/mini';
import { GenerationId, Side } from '../../../catalog/generation/index.ts';
import type { Route } from '../../http/http-handler.ts';
import { Problem } from '../../http/problem.ts';
import { commandBody, rawBody } from '../../http/request.ts';
import type { Service } from '../../service/unit-of-work.ts';
import type { CallbackSecrets } from '../provider-secret.ts';
import { verifySignature } from './signature.ts';
import { storeCallback } from './store-callback.ts';
import type { Callback, PublishError } from './store-callback.ts';

export interface CallbackProps {
  readonly generation: () => Promise<Service>;
  readonly secrets: CallbackSecrets;
  /** Tells people when the database can not be asked to. */
  readonly publishError: PublishError;
  /** Milliseconds since the epoch. @default Date.now */
  readonly now?: () => number;
  /** Milliseconds between the tries. @default - with backoff */
  readonly wait?: (milliseconds: number) => Promise<void>;
}

const MODEL_MAX_LENGTH = 100;
const CODE_MAX_LENGTH = 100;
const MESSAGE_MAX_LENGTH = 1_000;
/** With it a notification stays far below the 128 KB of a WebSocket message. */
const URL_MAX_LENGTH = 32_768;

const coreModel = z.string().check(z.minLength(1), z.maxLength(MODEL_MAX_LENGTH));
const common = { generationId: GenerationId, coreModel };
/** What a provider adds later is passed over. */
const CallbackBody = z.discriminatedUnion('status', [
  z.object({ ...common, status: z.literal('PENDING') }),
  z.object({
    ...common,
    status: z.literal('COMPLETE'),
    imageUrl: z.string().check(z.maxLength(URL_MAX_LENGTH), z.regex(/^(https:\/\/|data:image\/)/)),
    imageWidth: Side,
    imageHeight: Side,
  }),
  z.object({
    ...common,
    status: z.literal('ERROR'),
    error: z.object({
      code: z.string().check(z.maxLength(CODE_MAX_LENGTH), z.regex(/^[A-Za-z0-9_.-]+$/)),
      message: z.string().check(z.maxLength(MESSAGE_MAX_LENGTH)),
    }),
  }),
]);

const EventId = /^[A-Za-z0-9._:-]{1,128}$/;

/**
 * | callback                                        | answer | stored |
 * |-------------------------------------------------|--------|--------|
 * | no signature, a wrong one, an old one           | 401    | nothing |
 * | no id of its own, or none that can be one       | 400    | nothing |
 * | a body that is not valid                        | 400, 413, 422 | nothing |
 * | of a generation that is not known               | 404    | nothing |
 * | with an id that was received before             | 200, unchanged | nothing |
 * | of a generation that has ended                  | 200, unchanged | its id |
 * | news                                            | 200    | the row, its id and the event, or none of them |
 * | the database can not store it, three times      | 503    | nothing; people are told |
 */
export function callbackRoutes(props: CallbackProps): Readonly<Record<string, Route>> {
  const { now = Date.now } = props;
  return {
    'POST /callbacks/provider': async (event) => {
      await authenticate(props.secrets, event, now());
      const eventId = event.headers['x-provider-event-id'] ?? '';
      if (!EventId.test(eventId)) throw eventIdInvalid();
      const callback = (await commandBody(event, CallbackBody)) as Callback;
      return { status: 200, body: await storeCallback(props, eventId, callback) };
    },
  };
}

/** @throws Problem 401 */
async function authenticate(
  secrets: CallbackSecrets,
  event: APIGatewayProxyEventV2,
  now: number,
): Promise<void> {
  const header = event.headers['x-provider-signature'];
  const body = rawBody(event);
  let verdict = verifySignature(await secrets.known(), header, body, now);
  if (verdict === 'wrong') verdict = verifySignature(await secrets.fresh(), header, body, now);
  if (verdict !== 'right') throw refused(verdict);
}

function refused(verdict: 'missing' | 'wrong' | 'old'): Problem {
  const details = {
    missing: 'Sign the body: X-Provider-Signature: t=UNIX,v1=HEX, an HMAC-SHA256 of `t.body`.',
    wrong: 'No signature is right: sign the bytes that are sent, with the secret that was agreed on.',
    old: 'The signature is older or newer than 300 seconds: sign each try anew, and check the clock.',
  };
  return new Problem({
    status: 401,
    code: verdict === 'old' ? 'WAYBILL_SIGNATURE_OLD' : 'WAYBILL_SIGNATURE_INVALID',
    title: 'The signature is not accepted',
    detail: details[verdict],
  });
}

function eventIdInvalid(): Problem {
  return new Problem({
    status: 400,
    code: 'WAYBILL_PROVIDER_EVENT_ID_INVALID',
    title: 'The callback has no id of its own',
    detail: 'Send X-Provider-Event-Id: 1 to 128 letters, digits or ._:- and the same with each try.',
  });
}
