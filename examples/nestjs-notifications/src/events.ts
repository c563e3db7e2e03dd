/** The event of the example. The service that publishes it shares this file, as a package. */
import * as z from 'zod/mini';
import { event } from 'waybill/contracts';

export const GenerationComplete = event('GenerationComplete', {
  version: '1.0',
  source: 'generation.images',
  data: z.object({
    generationId: z.string(),
    userId: z.string(),
    status: z.enum(['PENDING', 'COMPLETE', 'ERROR']),
    imageUrl: z.nullable(z.string()),
  }),
  orderingKey: 'userId',
});
