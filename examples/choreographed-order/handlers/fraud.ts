import { fraud } from '../services/fraud.ts';
import { takePart } from '../take-part.ts';

export const handler = takePart(fraud);
