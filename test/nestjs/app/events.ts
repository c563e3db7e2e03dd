/** The events of the tests' application. */
import * as z from 'zod/mini';
import { event } from 'waybill/contracts';

export const ImageFinished = event('ImageFinished', {
  version: '1.0',
  source: 'images',
  data: z.object({ imageId: z.string(), userId: z.string() }),
  orderingKey: 'userId',
});

export const ImageRemoved = event('ImageRemoved', {
  version: '1.0',
  source: 'images',
  data: z.object({ imageId: z.string(), userId: z.string() }),
});
