/** The old warehouse system: it counts shelves and tells the broker over AMQP, some counts twice. */
import { randomBytes } from 'node:crypto';
import { legacyTopology, STOCK_COUNTS_QUEUE } from '../../../lambda/commerce/legacy/bridge.ts';
import { createAmqpPublisher, declareTopology } from '../../../lambda/runtime/amqp/index.ts';
import type { AwsContext } from '../../aws/index.ts';
import { WorkloadError } from '../errors.ts';
import { planStockCounts } from './plan.ts';

/** A user of its own in the broker. */
const USERNAME = 'old-warehouse';
const TENANT = 'tenant-1';

/**
 * @param broker its id or ARN
 * @returns how many different counts were told
 * @throws WorkloadError when the broker does not take one
 */
export async function tellStockCounts(
  { services }: AwsContext,
  broker: string,
  options: { readonly seed: number; readonly counts: number },
): Promise<number> {
  const mq = services.get('mq');
  const password = randomBytes(18).toString('base64url');
  await mq.setPassword(broker, USERNAME, password);
  const address = {
    endpoint: await mq.endpoint(broker),
    credentials: async () => ({ username: USERNAME, password }),
  };
  await declareTopology(address, legacyTopology);
  const publisher = createAmqpPublisher({ broker: address });
  const { counts, messages } = planStockCounts(options);
  try {
    const failed = await publisher.publishAll(
      messages.map(({ countId, sku, counted, countedAt }, index) => ({
        // Its own, each time: what is told twice is told by two messages.
        messageId: `${countId}-${index}`,
        exchange: '',
        routingKey: STOCK_COUNTS_QUEUE,
        body: JSON.stringify({
          COUNTNO: countId,
          CLIENT: TENANT,
          ARTNO: sku.toUpperCase(),
          QTY: counted,
          COUNTED: countedAt,
        }),
      })),
    );
    const failure = failed.find((one) => one !== undefined);
    if (failure !== undefined) {
      throw new WorkloadError('WAYBILL_WORKLOAD_REFUSED', `the broker did not take a count: ${failure.code}`);
    }
  } finally {
    await publisher.close();
  }
  return counts.length;
}
