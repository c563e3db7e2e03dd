/** Public surface of the embedded Amazon MemoryDB. */
export { createMemoryDbService, type MemoryDbService } from './service.ts';
