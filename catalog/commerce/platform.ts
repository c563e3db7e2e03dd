/** What the platform says of itself: something is broken that a person has to look at. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import { Id } from './fields.ts';

export const Platform = service('platform', {
  source: 'ecommerce.platform',
  description: 'The commerce system itself.',
});

export const SystemErrorRaised = event('SystemErrorRaised', {
  version: '1.0',
  source: Platform.source,
  description: 'A part of the system can not do its work, and a person has to look at it.',
  data: z.object({
    component: z.string(),
    /** Stable, such as `PAYMENT_PROVIDER_UNAVAILABLE`. */
    code: z.string(),
    /** The order that was under way, where it was one. */
    orderId: z.nullable(Id),
  }),
  priority: 'high',
  traffic: { peakPerSecond: 5, averageBytes: 600 },
  examples: [{ component: 'payment-worker', code: 'PAYMENT_PROVIDER_UNAVAILABLE', orderId: 'ord_01jd2mq7' }],
});
