import { shipping } from '../services/shipping.ts';
import { takePart } from '../take-part.ts';

export const handler = takePart(shipping);
