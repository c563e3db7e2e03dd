/** A generation's row, and the one way in which it changes: forward. */
import { GenerationComplete, GenerationFailed } from '../../catalog/generation/index.ts';
import type { GenerationStatus } from '../../catalog/generation/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { rowsOf } from '../service/unit-of-work.ts';
import type { Emit, Transaction } from '../service/unit-of-work.ts';

export interface Generation {
  readonly generationId: string;
  readonly tenantId: string;
  readonly userId: string;
  readonly prompt: string;
  readonly model: string;
  readonly width: number;
  readonly height: number;
  readonly status: GenerationStatus;
  readonly imageUrl: string | null;
  readonly imageHeight: number | null;
  readonly imageWidth: number | null;
  readonly coreModel: string;
  readonly errorCode: string | null;
  readonly acknowledgedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const GENERATION_COLUMNS = `
  generation_id as "generationId", tenant_id as "tenantId", user_id as "userId", prompt, model, width, height, status,
  image_url as "imageUrl", image_height as "imageHeight", image_width as "imageWidth", core_model as "coreModel",
  error_code as "errorCode", acknowledged_at as "acknowledgedAt", created_at as "createdAt",
  updated_at as "updatedAt"`;

/** What becomes of a generation. */
export type Change =
  | { readonly status: 'PENDING'; readonly coreModel: string }
  | {
      readonly status: 'COMPLETE';
      readonly coreModel: string;
      readonly imageUrl: string;
      readonly imageHeight: number;
      readonly imageWidth: number;
    }
  | {
      readonly status: 'ERROR';
      /** Unset where nobody told: the row's stays. */
      readonly coreModel?: string;
      readonly errorCode: string;
      /** For people, without what the user wrote. */
      readonly reason: string;
      readonly provider: string;
    };

/** Locked until the transaction ends, so that two who tell of it take turns. */
export async function lockGeneration(tx: Transaction, generationId: string): Promise<Generation | undefined> {
  const [row] = await rowsOf<Generation>(
    tx,
    `select ${GENERATION_COLUMNS} from generation where generation_id = $1 for update`,
    [generationId],
  );
  return row;
}

/**
 * Changes a locked generation and tells of it.
 *
 * | the row             | PENDING             | COMPLETE | ERROR   |
 * |---------------------|---------------------|----------|---------|
 * | PENDING, first word | told: it is ordered | changed  | changed |
 * | PENDING, later      | nothing             | changed  | changed |
 * | COMPLETE            | nothing             | nothing  | nothing |
 * | ERROR               | nothing             | nothing  | nothing |
 *
 * @returns the status it has then, and whether anything was changed
 */
export async function changeGeneration(
  tx: Transaction,
  emit: Emit,
  generation: Generation,
  change: Change,
  causedBy?: Envelope,
): Promise<{ readonly status: GenerationStatus; readonly changed: boolean }> {
  const { generationId, status } = generation;
  const isNews = change.status !== 'PENDING' || generation.acknowledgedAt === null;
  if (status !== 'PENDING' || !isNews) return { status, changed: false };
  const image = change.status === 'COMPLETE' ? change : NO_IMAGE;
  const [changed] = await rowsOf<Generation>(
    tx,
    `update generation
        set status = $2, core_model = $3, image_url = $4, image_height = $5, image_width = $6, error_code = $7,
            acknowledged_at = coalesce(acknowledged_at, clock_timestamp()), updated_at = clock_timestamp()
      where generation_id = $1 returning ${GENERATION_COLUMNS}`,
    [
      generationId,
      change.status,
      change.coreModel ?? generation.coreModel,
      image.imageUrl,
      image.imageHeight,
      image.imageWidth,
      change.status === 'ERROR' ? change.errorCode : null,
    ],
  );
  tell(emit, changed!, change, causedBy);
  return { status: change.status, changed: true };
}

const NO_IMAGE = { imageUrl: null, imageHeight: null, imageWidth: null };

function tell(emit: Emit, generation: Generation, change: Change, causedBy?: Envelope): void {
  const { tenantId, generationId, userId, prompt, status, imageUrl, imageHeight, imageWidth, coreModel } =
    generation;
  const updatedAt = generation.updatedAt.toISOString();
  const caused = causedBy === undefined ? {} : { causedBy };
  emit(GenerationComplete, {
    tenantId,
    ...caused,
    data: {
      generationId,
      userId,
      prompt,
      status,
      imageUrl,
      imageHeight,
      imageWidth,
      coreModel,
      createdAt: generation.createdAt.toISOString(),
      updatedAt,
    },
  });
  if (change.status !== 'ERROR') return;
  const { provider, errorCode, reason } = change;
  emit(GenerationFailed, {
    tenantId,
    ...caused,
    data: { generationId, userId, provider, code: errorCode, reason, occurredAt: updatedAt },
  });
}
