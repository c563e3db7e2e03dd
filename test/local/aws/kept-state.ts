/** A state store in memory that a test can take over into the next "process", as after kill -9. */
import type { StateStore } from '../../../local/aws/state/index.ts';

export interface KeptState {
  readonly store: StateStore;
  /** What the next process would find: every value went through JSON. */
  survivor(): KeptState;
  keys(collection: string): readonly string[];
}

export function keptState(
  found: ReadonlyMap<string, ReadonlyMap<string, string>> = new Map<string, ReadonlyMap<string, string>>(),
): KeptState {
  const collections = new Map([...found].map(([name, records]) => [name, new Map(records)] as const));
  const recordsOf = (name: string) => {
    let records = collections.get(name);
    if (!records) collections.set(name, (records = new Map<string, string>()));
    return records;
  };
  return {
    store: {
      persistent: true,
      directory: undefined,
      collection: <Value>(name: string) => ({
        put: (key: string, value: Value) => void recordsOf(name).set(key, JSON.stringify(value)),
        delete: (key: string) => void recordsOf(name).delete(key),
        entries: () => [...recordsOf(name)].map(([key, text]) => [key, JSON.parse(text) as Value] as const),
      }),
      flush() {},
      close() {},
    },
    survivor: () => keptState(collections),
    keys: (name) => [...recordsOf(name).keys()],
  };
}
