/** Takes the order for an image. It is sent to the provider because of the event that this writes. */
import { createHash } from 'node:crypto';
import { GenerationRequested } from '../../../catalog/generation/index.ts';
import { Problem } from '../../http/problem.ts';
import type { Caller } from '../../http/request.ts';
import { rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service, Transaction } from '../../service/unit-of-work.ts';
import { refuseErased } from '../users/erase-user.ts';

export interface GenerationCommand {
  readonly prompt: string;
  readonly model: string;
  readonly width: number;
  readonly height: number;
}

/**
 * | the id                                        | the command      | then                     |
 * |-----------------------------------------------|------------------|--------------------------|
 * | is new                                        |                  | a row and an event       |
 * | is there, as the key was used before          | the same         | nothing: the same answer |
 * | is there                                      | another one      | 422                      |
 *
 * @param idempotencyKey - the caller's own, that the id was made of
 * @throws Problem 403 for a user who was erased, 422 for a key that was used with another command
 */
export async function createGeneration(
  service: Service,
  { tenantId, userId }: Caller,
  generationId: string,
  command: GenerationCommand,
  idempotencyKey?: string,
): Promise<void> {
  const { prompt, model, width, height } = command;
  const digest = idempotencyKey === undefined ? null : digestOf(command);
  await unitOfWork(service, async (tx, emit) => {
    await refuseErased(tx, tenantId, userId);
    const created = await rowsOf(
      tx,
      `insert into generation
         (generation_id, tenant_id, user_id, prompt, model, width, height, core_model, request_digest)
       values ($1, $2, $3, $4, $5, $6, $7, $5, $8) on conflict (generation_id) do nothing returning 1`,
      [generationId, tenantId, userId, prompt, model, width, height, digest],
    );
    if (created.length === 0) return refuseAnother(tx, generationId, digest);
    const data = { generationId, userId, prompt, model, width, height };
    emit(GenerationRequested, { tenantId, data });
  });
}

/** @throws Problem 422 */
async function refuseAnother(tx: Transaction, generationId: string, digest: string | null): Promise<void> {
  const [known] = await rowsOf<{ readonly digest: string | null }>(
    tx,
    `select request_digest as digest from generation where generation_id = $1`,
    [generationId],
  );
  // A row of an earlier release has none: it is taken for the same.
  if (known === undefined || known.digest === null || known.digest === digest) return;
  throw new Problem({
    status: 422,
    code: 'WAYBILL_IDEMPOTENCY_KEY_REUSED',
    title: 'The Idempotency-Key was used for another request',
    detail: 'Nothing was done. Send the request that the key was first used with, or use a new key.',
  });
}

/** Of what was understood and not of the bytes: spaces and defaults make no other request. */
function digestOf({ prompt, model, width, height }: GenerationCommand): string {
  return createHash('sha256')
    .update(JSON.stringify([prompt, model, width, height]))
    .digest('hex');
}
