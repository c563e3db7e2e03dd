import { inventory } from '../services/inventory.ts';
import { takePart } from '../take-part.ts';

export const handler = takePart(inventory);
