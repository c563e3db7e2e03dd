/** A claim store in memory, for tests. */
import type { ClaimStore } from './claim.ts';

export interface MemoryClaimStore extends ClaimStore {
  /** By key. A test may change and remove them. */
  readonly objects: Map<string, Uint8Array>;
}

export function memoryClaimStore(): MemoryClaimStore {
  const objects = new Map<string, Uint8Array>();
  return {
    objects,
    async put(key, content) {
      objects.set(key, content);
    },
    get: async (key) => objects.get(key),
  };
}
