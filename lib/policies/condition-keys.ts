/** The keys of a request that conditions and policy variables look at: names in lower case, each with its values. */

export type ConditionKeys = ReadonlyMap<string, readonly string[]>;

/** Keys from a plain object; absent values are left out. */
export function conditionKeys(
  values: Readonly<Record<string, string | readonly string[] | undefined>>,
): Map<string, readonly string[]> {
  const keys = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(values)) {
    if (value !== undefined) keys.set(name.toLowerCase(), typeof value === 'string' ? [value] : value);
  }
  return keys;
}
