/** Consumer `generation-starter`: orders an image from the provider, outside of any transaction. */
import type { GenerationRequested } from '../../catalog/generation/index.ts';
import type { EnvelopeOf } from '../../lib/contracts/index.ts';
import { isPermanentError } from '../runtime/index.ts';
import type { HandlerContext } from '../runtime/index.ts';
import { hasRows, rowsOf } from '../service/unit-of-work.ts';
import type { Service } from '../service/unit-of-work.ts';
import { changeGeneration, lockGeneration } from './generation.ts';
import { handleOnce } from './handle-once.ts';
import type { ImageProvider } from './provider/image-provider.ts';

export interface Starter {
  readonly service: Service;
  readonly provider: ImageProvider;
}

/**
 * The provider makes an order once, however often it is sent: the row that says that it was sent is written after it.
 *
 * @throws what the provider or the database threw: the event comes again
 */
export async function startGeneration(
  { service, provider }: Starter,
  event: EnvelopeOf<typeof GenerationRequested>,
  { consumer, signal, logger }: Pick<HandlerContext, 'consumer' | 'signal' | 'logger'>,
): Promise<void> {
  const { generationId, prompt, model, width, height } = event.data;
  if (await isOver(service, consumer, event)) {
    await handleOnce(service, consumer, event, async () => ({ outcome: 'over' }));
    return;
  }
  let refusal: string | undefined;
  try {
    await provider.order({ generationId, prompt, model, width, height }, signal);
  } catch (error) {
    if (!isPermanentError(error)) throw error;
    logger.warn('the provider refused an order', { generationId, code: error.code });
    refusal = error.code;
  }
  await handleOnce(service, consumer, event, async (tx, emit) => {
    if (refusal === undefined) return { outcome: 'ordered' };
    const generation = await lockGeneration(tx, generationId);
    if (generation !== undefined) {
      const reason = `The provider refused the order: ${refusal}.`;
      const change = { status: 'ERROR', errorCode: refusal, reason, provider: provider.name } as const;
      await changeGeneration(tx, emit, generation, change, event);
    }
    return { outcome: 'refused' };
  });
}

/** The order was sent, or the generation has ended, for example because it waited too long. */
async function isOver(
  { database }: Service,
  consumer: string,
  { eventId, data }: EnvelopeOf<typeof GenerationRequested>,
): Promise<boolean> {
  const handled = await hasRows(database, `select 1 from event_inbox where consumer = $1 and event_id = $2`, [
    consumer,
    eventId,
  ]);
  if (handled) return true;
  const [row] = await rowsOf<{ readonly status: string }>(
    database,
    `select status from generation where generation_id = $1`,
    [data.generationId],
  );
  return row === undefined || row.status !== 'PENDING';
}
