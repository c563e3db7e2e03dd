/** The store of an embedded AWS without a state directory: it keeps nothing. */
import type { Collection, StateStore } from './index.ts';

const emptyCollection: Collection<unknown> = { put() {}, delete() {}, entries: () => [] };

export const forgetfulStateStore: StateStore = {
  persistent: false,
  directory: undefined,
  collection: <Value>() => emptyCollection as Collection<Value>,
  flush() {},
  close() {},
};
