/** Public surface of the commerce workload: create it, run it, measure and judge what came of it. */
export { commerceFailures, commerceReport, commerceSummary } from './judge.ts';
export type { AnalyticsCount, ClassLatency, CommerceOutcome } from './judge.ts';
export { COMMERCE_SCHEMA, measureCommerce, publishLatencyOfHigh, summarize, uncounted } from './measure.ts';
export { tellStockCounts } from './legacy.ts';
export type { OrderFate, OrderMix, StockCount } from './plan.ts';
export { measureSagas } from './saga.ts';
export { createCommerceWorkload } from './workload.ts';
export type { CommerceWorkload, CommerceWorkloadOptions } from './workload.ts';
