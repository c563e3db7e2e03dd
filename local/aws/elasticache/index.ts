/** Public surface of the embedded Amazon ElastiCache. */
export { createElastiCacheService, type ElastiCacheService } from './service.ts';
