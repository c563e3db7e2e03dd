/** What agents cost by the month on each transport. */
export { transportCosts } from './transport-costs.ts';
export type { TransportCostOptions } from './transport-costs.ts';
export { TRANSPORTS } from './types.ts';
export type {
  TransportCost,
  TransportCostLine,
  TransportKind,
  TransportLoad,
  TransportSizes,
} from './types.ts';
