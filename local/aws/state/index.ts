/** What outlives the process: collections of plain JSON values, kept in a state directory when one is given. */
export { forgetfulStateStore } from './forgetful.ts';
export { StateError } from './directory.ts';
export { openStateStore } from './journal.ts';

/** The records of one kind, by key. */
export interface Collection<Value> {
  /** Keeps a value that JSON can hold. What it held under this key before is replaced. */
  put(key: string, value: Value): void;
  delete(key: string): void;
  /** What an earlier process kept, in the order in which the keys were first put. Read once, when a service starts. */
  entries(): readonly (readonly [key: string, value: Value])[];
}

export interface StateStore {
  /** False when nothing is kept: services may skip the work of making values. */
  readonly persistent: boolean;
  /** For what is too large for a record, in files of its owner's; undefined when nothing is kept. */
  readonly directory: string | undefined;
  /** The collection of this name, e.g. `sqs.queues`. One owner each. */
  collection<Value>(name: string): Collection<Value>;
  /** Hands everything put so far to the operating system. The endpoint calls it before each answer. */
  flush(): void;
  close(): void;
}
