/** The machines, versions, aliases and activities of one Step Functions, and what of them outlives the process. */
import type { AwsContext } from '../context.ts';
import type { Activity, Alias, Machine, Version } from './model.ts';

export interface Store {
  readonly machines: Kept<Machine>;
  readonly versions: Kept<Version>;
  readonly aliases: Kept<Alias>;
  readonly activities: Kept<Activity>;
}

/** Values by their ARN. */
export interface Kept<Value> {
  get(arn: string): Value | undefined;
  put(value: Value): void;
  delete(arn: string): void;
  all(): readonly Value[];
}

export function createStore(context: AwsContext): Store {
  const kept = <Value extends { readonly arn: string }>(kind: string): Kept<Value> => {
    const collection = context.state.collection<Value>(`states.${kind}`);
    const values = new Map<string, Value>(collection.entries());
    return {
      get: (arn) => values.get(arn),
      put(value) {
        values.set(value.arn, value);
        collection.put(value.arn, value);
      },
      delete(arn) {
        if (values.delete(arn)) collection.delete(arn);
      },
      all: () => [...values.values()],
    };
  };
  return {
    machines: kept<Machine>('machines'),
    versions: kept<Version>('versions'),
    aliases: kept<Alias>('aliases'),
    activities: kept<Activity>('activities'),
  };
}
