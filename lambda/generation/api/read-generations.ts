/** Reads a user's own generations. Those of others, of other tenants too, are as if they were not there. */
import { notFound } from '../../http/request.ts';
import type { Caller } from '../../http/request.ts';
import { rowsOf } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { GENERATION_COLUMNS } from '../generation.ts';
import type { Generation } from '../generation.ts';
import { cursorOf } from './paging.ts';
import type { Page } from './paging.ts';

/** @throws Problem 404 */
export async function readGeneration(service: Service, caller: Caller, generationId: string) {
  const { tenantId, userId } = caller;
  const [row] = await rowsOf<Generation>(
    service.database,
    `select ${GENERATION_COLUMNS} from generation where generation_id = $1 and tenant_id = $2 and user_id = $3`,
    [generationId, tenantId, userId],
  );
  if (row === undefined) throw notFound('You have no generation with this id.');
  return viewOf(row);
}

export async function listGenerations(service: Service, caller: Caller, { limit, after }: Page) {
  const { tenantId, userId } = caller;
  const rows = await rowsOf<Generation & { readonly place: string }>(
    service.database,
    `select ${GENERATION_COLUMNS},
            to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as place
       from generation
      where tenant_id = $1 and user_id = $2
        and ($3::timestamptz is null or (created_at, generation_id) < ($3::timestamptz, $4::text))
      order by created_at desc, generation_id desc limit $5`,
    [tenantId, userId, after?.createdAt ?? null, after?.generationId ?? null, limit + 1],
  );
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const nextCursor =
    rows.length > limit && last !== undefined
      ? cursorOf({ createdAt: last.place, generationId: last.generationId })
      : null;
  return { items: items.map(viewOf), nextCursor };
}

function viewOf(row: Generation) {
  const { generationId, prompt, model, width, height, status, imageUrl, imageHeight, imageWidth, coreModel } =
    row;
  return {
    generationId,
    prompt,
    model,
    width,
    height,
    status,
    imageUrl,
    imageHeight,
    imageWidth,
    coreModel,
    errorCode: row.errorCode,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
