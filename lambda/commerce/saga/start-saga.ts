/** Consumer `saga-starter`: each order placed begins one saga, whose name is the order's id. */
import type { OrderPlaced } from '../../../catalog/commerce/index.ts';
import type { EnvelopeOf } from '../../../lib/contracts/index.ts';
import type { Service } from '../../service/unit-of-work.ts';
import { handleOnce } from '../handle-once.ts';
import { sagaInputOf } from './saga-input.ts';
import type { SagaStarter } from './step-functions.ts';

/**
 * Started before the effect is recorded: a crash in between starts it again, and the name makes that harmless. The
 * other way round an order could be left without a saga.
 */
export async function startSaga(
  service: Service,
  starter: SagaStarter,
  event: EnvelopeOf<typeof OrderPlaced>,
): Promise<void> {
  const started = await starter.start(event.data.orderId, sagaInputOf(event));
  await handleOnce(service, 'saga-starter', event, async () => ({
    outcome: started ? 'started' : 'started-before',
  }));
}
