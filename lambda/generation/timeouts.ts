/** Ends generations whose provider has said nothing for too long: who waits is told, and so are people. */
import { rowsOf, unitOfWork } from '../service/unit-of-work.ts';
import type { Service } from '../service/unit-of-work.ts';
import { numberSetting } from '../service/setting.ts';
import { changeGeneration, lockGeneration } from './generation.ts';

/** Rows of one transaction. */
const BATCH = 50;
/** Batches of one run; the schedule comes again. */
const MAX_BATCHES = 20;

/** Minutes. @throws RuntimeError */
export function timeoutFromEnvironment(): number {
  return numberSetting('GENERATION_TIMEOUT_MINUTES');
}

/**
 * Two runs at a time share the work.
 * @param minutes - since the generation last changed
 * @returns how many were ended
 */
export async function endSilentGenerations(service: Service, minutes: number): Promise<number> {
  let ended = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const count = await endBatch(service, minutes);
    ended += count;
    if (count < BATCH) break;
  }
  return ended;
}

async function endBatch(service: Service, minutes: number): Promise<number> {
  return unitOfWork(service, async (tx, emit) => {
    const silent = await rowsOf<{ readonly generationId: string }>(
      tx,
      `select generation_id as "generationId" from generation
        where status = 'PENDING' and created_at < now() - $1::double precision * interval '1 minute'
          and updated_at < now() - $1::double precision * interval '1 minute'
        order by created_at limit ${BATCH} for update skip locked`,
      [minutes],
    );
    for (const { generationId } of silent) {
      const generation = await lockGeneration(tx, generationId);
      if (generation === undefined) continue;
      await changeGeneration(tx, emit, generation, {
        status: 'ERROR',
        errorCode: 'TIMED_OUT',
        reason: `The provider said nothing for ${minutes} minutes.`,
        provider: 'provider',
      });
    }
    return silent.length;
  });
}

/** Days. Far longer than any provider tries again; its signatures are of use for minutes. */
const PROVIDER_EVENT_DAYS = 30;
const FORGET_BATCH = 5_000;

/** Forgets ids of callbacks that can not come again. What is left of more than a batch is for the next run. */
export async function forgetProviderEvents({ database }: Service): Promise<void> {
  await database.query(
    `delete from provider_event where provider_event_id in (
       select provider_event_id from provider_event
        where received_at < now() - $1::int * interval '1 day' order by received_at limit ${FORGET_BATCH})`,
    [PROVIDER_EVENT_DAYS],
  );
}
