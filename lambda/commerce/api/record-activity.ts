/** What a visitor did, told by the shop's pages. */
import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import {
  CartUpdated,
  CheckoutStarted,
  CommerceId,
  ProductViewed,
  Sku,
} from '../../../catalog/commerce/index.ts';
import type { Caller } from '../../http/request.ts';
import { unitOfWork } from '../../service/unit-of-work.ts';
import type { Service } from '../../service/unit-of-work.ts';

const visitor = {
  sessionId: CommerceId,
  customerId: z.nullish(CommerceId),
};
const MOST_OF_ONE = 1_000;
const Total = z.object({
  minorUnits: z.number().check(z.int(), z.minimum(0)),
  currency: z.string().check(z.regex(/^[A-Z]{3}$/)),
});

export const ActivityBody = z.discriminatedUnion('kind', [
  z.object({ ...visitor, kind: z.literal('ProductViewed'), sku: Sku }),
  z.object({
    ...visitor,
    kind: z.literal('CartUpdated'),
    sku: Sku,
    change: z.enum(['added', 'removed']),
    quantity: z.number().check(z.int(), z.minimum(1), z.maximum(MOST_OF_ONE)),
  }),
  z.object({ ...visitor, kind: z.literal('CheckoutStarted'), total: Total }),
]);
export type ActivityCommand = z.infer<typeof ActivityBody>;

const SOURCE = 'commerce-api:activity';

/** @param idempotencyKey - the caller's own; the same one again with the same content tells nothing */
export async function recordActivity(
  service: Service,
  caller: Caller,
  command: ActivityCommand,
  idempotencyKey?: string,
): Promise<void> {
  const { tenantId } = caller;
  const { sessionId } = command;
  const customerId = command.customerId ?? null;
  await unitOfWork(service, async (tx, emit) => {
    const isNew =
      idempotencyKey === undefined ||
      (await service.processOnce(tx, SOURCE, requestId(tenantId, idempotencyKey, command)));
    if (!isNew) return;
    switch (command.kind) {
      case 'ProductViewed':
        emit(ProductViewed, { tenantId, data: { sessionId, customerId, sku: command.sku } });
        break;
      case 'CartUpdated': {
        const { sku, change, quantity } = command;
        emit(CartUpdated, { tenantId, data: { sessionId, customerId, sku, change, quantity } });
        break;
      }
      case 'CheckoutStarted':
        emit(CheckoutStarted, { tenantId, data: { sessionId, customerId, total: command.total } });
        break;
    }
  });
}

/**
 * The inbox keeps UUIDs. The content is part of it: activity that was sent with the key of another is told too, rather
 * than lost, since its sender gets no answer that it could compare.
 */
function requestId(tenantId: string, idempotencyKey: string, command: ActivityCommand): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([tenantId, idempotencyKey, command]))
    .digest('hex');
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    hash.slice(12, 16),
    hash.slice(16, 20),
    hash.slice(20, 32),
  ].join('-');
}
