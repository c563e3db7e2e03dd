import { orders } from '../services/orders.ts';
import { takePart } from '../take-part.ts';

export const handler = takePart(orders);
