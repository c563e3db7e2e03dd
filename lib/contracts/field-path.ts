/** Paths to fields of an event's data, as in `customer.email` or `items.*.name`, checked by the compiler. */
type Step<Path extends string, Rest extends string> = Path | `${Path}.${Rest}`;
type Deeper = [never, 0, 1, 2, 3];

export type FieldPath<Data, Depth extends number = 4> = [Depth] extends [never]
  ? never
  : Data extends readonly (infer Item)[]
    ? Step<'*', FieldPath<NonNullable<Item>, Deeper[Depth]>>
    : Data extends object
      ? {
          [Key in keyof Data & string]: Step<Key, FieldPath<NonNullable<Data[Key]>, Deeper[Depth]>>;
        }[keyof Data & string]
      : never;

/** The value at a path without `*`, or undefined where the path leads nowhere. */
export function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
