/** What MemoryDB keeps of one kind, by name. */
import type { AwsContext } from '../context.ts';
import { AwsError } from '../errors.ts';

export interface Table<Row> {
  readonly all: () => readonly Row[];
  /** @throws AwsError `KINDNotFoundFault` */
  readonly get: (name: string) => Row;
  /** @throws AwsError `KINDAlreadyExistsFault` */
  readonly create: (row: Row) => Row;
  readonly put: (row: Row) => Row;
  readonly delete: (name: string) => void;
}

/** Rows by their names, which are in small letters whatever the caller writes. */
export function table<Row extends { readonly name: string }>(
  { state }: AwsContext,
  collection: string,
  kind: string,
): Table<Row> {
  const kept = state.collection<Row>(collection);
  const rows = new Map<string, Row>(kept.entries());
  const put = (row: Row): Row => {
    rows.set(row.name, row);
    kept.put(row.name, row);
    return row;
  };
  return {
    all: () => [...rows.values()],
    get(name) {
      const found = rows.get(name.replace(/^arn:.*\//, '').toLowerCase());
      if (found === undefined) throw new AwsError(`${kind}NotFoundFault`, `${kind} ${name} not found.`);
      return found;
    },
    create(row) {
      if (rows.has(row.name)) {
        throw new AwsError(`${kind}AlreadyExistsFault`, `${kind} ${row.name} already exists.`);
      }
      return put(row);
    },
    put,
    delete(name) {
      rows.delete(name);
      kept.delete(name);
    },
  };
}
