/** Tells people that a part of the system can not do its work, once for each event it failed on. */
import { SystemErrorRaised } from '../../catalog/commerce/index.ts';
import type { Envelope } from '../../lib/contracts/index.ts';
import { unitOfWork } from '../service/unit-of-work.ts';
import type { Service } from '../service/unit-of-work.ts';

export async function raiseSystemError(
  service: Service,
  component: string,
  code: string,
  causedBy: Envelope,
  orderId: string | null,
): Promise<void> {
  await unitOfWork(service, async (tx, emit) => {
    if (!(await service.processOnce(tx, `${component}:system-error`, causedBy.eventId))) return;
    emit(SystemErrorRaised, {
      tenantId: causedBy.tenantId,
      causedBy,
      data: { component, code, orderId },
    });
  });
}
