/**
 * What a provider told, stored: the generation's row, the id of the callback and the event in the outbox are one
 * transaction. It is tried three times; then people are told past the database, and the provider tries again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { GenerationStatus } from '../../../catalog/generation/index.ts';
import { isContractError } from '../../../lib/contracts/index.ts';
import { Problem } from '../../http/problem.ts';
import { notFound } from '../../http/request.ts';
import { fullJitter } from '../../runtime/backoff.ts';
import { hasRows, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { changeGeneration, lockGeneration } from '../generation.ts';
import type { Change } from '../generation.ts';

export type Callback = { readonly generationId: string; readonly coreModel: string } & (
  | { readonly status: 'PENDING' }
  | {
      readonly status: 'COMPLETE';
      readonly imageUrl: string;
      readonly imageWidth: number;
      readonly imageHeight: number;
    }
  | { readonly status: 'ERROR'; readonly error: { readonly code: string; readonly message: string } }
);

export interface UnstoredCallback {
  readonly providerEventId: string;
  readonly generationId: string;
  readonly reason: string;
}

/** Tells people, without a database. Must not reject. */
export type PublishError = (unstored: UnstoredCallback) => Promise<void>;

export interface StoreProps {
  readonly generation: () => Promise<Service>;
  readonly publishError: PublishError;
  readonly wait?: (milliseconds: number) => Promise<void>;
}

export interface Stored {
  /** The generation's, whatever the callback said. */
  readonly status: GenerationStatus;
  /** Whether this callback changed it. */
  readonly changed: boolean;
}

const MAX_TRIES = 3;
/** Milliseconds between the tries. With three timeouts of a connection it stays below API Gateway's 30 s. */
const BACKOFF = { base: 200, cap: 2_000 };
const RETRY_AFTER_SECONDS = 30;
/** Who tells of errors. What it says itself is not passed on: it may quote the prompt. */
const PROVIDER = 'provider';

/** @throws Problem 404 when there is no such generation, 503 when it could not be stored */
export async function storeCallback(
  { generation, publishError, wait = sleep }: StoreProps,
  providerEventId: string,
  callback: Callback,
): Promise<Stored> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await storeOnce(await generation(), providerEventId, callback);
    } catch (error) {
      if (error instanceof Problem || isContractError(error)) throw error;
      if (attempt === MAX_TRIES) {
        await publishError({
          providerEventId,
          generationId: callback.generationId,
          reason: `The callback could not be stored in ${MAX_TRIES} tries.`,
        });
        throw notStored(error);
      }
      await wait(fullJitter(BACKOFF, attempt, Math.random));
    }
  }
}

async function storeOnce(service: Service, providerEventId: string, callback: Callback): Promise<Stored> {
  return unitOfWork(service, async (tx, emit) => {
    const generation = await lockGeneration(tx, callback.generationId);
    if (generation === undefined) throw notFound('There is no generation with this id.');
    // After the lock: of two tries at once the second one sees the first one's row.
    const isNew = await hasRows(
      tx,
      `insert into provider_event (provider_event_id, generation_id, status) values ($1, $2, $3)
       on conflict do nothing returning 1`,
      [providerEventId, callback.generationId, callback.status],
    );
    if (!isNew) return { status: generation.status, changed: false };
    return changeGeneration(tx, emit, generation, changeOf(callback));
  });
}

function changeOf(callback: Callback): Change {
  if (callback.status !== 'ERROR') return callback;
  const { coreModel, error } = callback;
  return {
    status: 'ERROR',
    coreModel,
    errorCode: error.code,
    reason: `The provider could not make the image: ${error.code}.`,
    provider: PROVIDER,
  };
}

function notStored(cause: unknown): Problem {
  return new Problem({
    status: 503,
    code: 'WAYBILL_CALLBACK_NOT_STORED',
    title: 'The callback could not be stored',
    detail: `Nothing was stored. Send it again, with the same X-Provider-Event-Id, after ${RETRY_AFTER_SECONDS} seconds.`,
    headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
    cause,
  });
}
