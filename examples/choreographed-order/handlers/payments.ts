import { payments } from '../services/payments.ts';
import { takePart } from '../take-part.ts';

export const handler = takePart(payments);
