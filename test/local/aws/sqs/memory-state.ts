/** A state store in memory: it keeps JSON text, as a journal would on disk. */
import type { StateStore } from '../../../../local/aws/state/index.ts';

export function memoryState() {
  const collections = new Map<string, Map<string, string>>();
  const records = (name: string) => {
    const known = collections.get(name) ?? new Map<string, string>();
    collections.set(name, known);
    return known;
  };
  const store: StateStore = {
    persistent: true,
    directory: undefined,
    collection: <Value>(name: string) => ({
      put: (key: string, value: Value) => void records(name).set(key, JSON.stringify(value)),
      delete: (key: string) => void records(name).delete(key),
      entries: () => [...records(name)].map(([key, text]) => [key, JSON.parse(text) as Value] as const),
    }),
    flush() {},
    close() {},
  };
  return { store, count: (name: string) => records(name).size };
}
