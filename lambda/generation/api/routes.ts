/** The HTTP routes of the generation system. Tenant and user are always the caller's own (D18). */
import * as z from 'zod/mini';
import { GenerationId, Side } from '../../../catalog/generation/index.ts';
import type { Route } from '../../http/http-handler.ts';
import { idOf, validIdempotencyKeyOf } from '../../http/ids.ts';
import { callerOf, commandBody, notFound, pathParameter, requireJson } from '../../http/request.ts';
import type { Role } from '../../http/request.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { createGeneration } from './create-generation.ts';
import { listGenerations, readGeneration } from './read-generations.ts';
import { pageOf } from './paging.ts';
import { eraseUser } from '../users/erase-user.ts';

const ANYONE: readonly Role[] = ['member', 'admin'];

const PROMPT_MAX_LENGTH = 4_000;
const DEFAULT_SIDE = 1_024;

const GenerationBody = z.strictObject({
  prompt: z.string().check(z.trim(), z.minLength(1), z.maxLength(PROMPT_MAX_LENGTH)),
  model: z._default(z.enum(['image-small', 'image-large']), 'image-small'),
  width: z._default(Side, DEFAULT_SIDE),
  height: z._default(Side, DEFAULT_SIDE),
});

/** A request with an `idempotency-key` may be repeated: the generation is ordered once, and 202 names the same one. */
export function generationRoutes(generation: () => Promise<Service>): Readonly<Record<string, Route>> {
  return {
    'POST /generations': async (event) => {
      const caller = callerOf(event, ANYONE);
      requireJson(event);
      const key = validIdempotencyKeyOf(event);
      const command = await commandBody(event, GenerationBody);
      const { tenantId, userId } = caller;
      const generationId = idOf('gen', JSON.stringify([tenantId, userId]), key);
      await createGeneration(await generation(), caller, generationId, command, key);
      return {
        status: 202,
        headers: { location: `${event.requestContext.http.path}/${generationId}`, 'retry-after': '2' },
        // Of the order, and so the same each time that it is sent: how it stands by now is what GET is for.
        body: { generationId, status: 'PENDING' },
      };
    },
    'GET /generations/{generationId}': async (event) => {
      const caller = callerOf(event, ANYONE);
      const generationId = generationIdOf(event);
      return { status: 200, body: await readGeneration(await generation(), caller, generationId) };
    },
    'GET /generations': async (event) => {
      const caller = callerOf(event, ANYONE);
      const page = pageOf(event.queryStringParameters ?? {});
      return { status: 200, body: await listGenerations(await generation(), caller, page) };
    },
    'DELETE /users/{userId}': async (event) => {
      const caller = callerOf(event, ANYONE);
      await eraseUser(await generation(), caller, userIdOf(event));
      return { status: 204 };
    },
  };
}

/** @throws Problem 404 for what can be no id of a user */
function userIdOf(event: Parameters<Route>[0]): string {
  const userId = GenerationId.safeParse(decoded(pathParameter(event, 'userId')));
  // NUL can not be stored, so no user has it.
  if (!userId.success || userId.data.includes('\0')) throw notFound('You have no user with this id.');
  return userId.data;
}

/** As it stands where it is no encoding at all. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @throws Problem 404 for what can be no id of ours */
function generationIdOf(event: Parameters<Route>[0]): string {
  const generationId = pathParameter(event, 'generationId');
  if (!/^[\w-]{1,60}$/.test(generationId)) throw notFound('You have no generation with this id.');
  return generationId;
}
