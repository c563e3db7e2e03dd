/** Takes the order for an image. It is sent to the provider because of the event that this writes. */
import { GenerationRequested } from '../../../catalog/generation/index.ts';
import type { GenerationStatus } from '../../../catalog/generation/index.ts';
import type { Caller } from '../../http/request.ts';
import { rowsOf, unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

export interface GenerationCommand {
  readonly prompt: string;
  readonly model: string;
  readonly width: number;
  readonly height: number;
}

/** @returns the status, which a repeated request finds as it is by then */
export async function createGeneration(
  service: Service,
  { tenantId, userId }: Caller,
  generationId: string,
  { prompt, model, width, height }: GenerationCommand,
): Promise<GenerationStatus> {
  return unitOfWork(service, async (tx, emit) => {
    const created = await rowsOf(
      tx,
      `insert into generation (generation_id, tenant_id, user_id, prompt, model, width, height, core_model)
       values ($1, $2, $3, $4, $5, $6, $7, $5) on conflict (generation_id) do nothing returning 1`,
      [generationId, tenantId, userId, prompt, model, width, height],
    );
    if (created.length === 0) {
      const [known] = await rowsOf<{ readonly status: GenerationStatus }>(
        tx,
        `select status from generation where generation_id = $1`,
        [generationId],
      );
      return known!.status;
    }
    const data = { generationId, userId, prompt, model, width, height };
    emit(GenerationRequested, { tenantId, data });
    return 'PENDING';
  });
}
