/** JSON as AWS's services write it. What is not about AWS is in lib/json.ts. */
import { record } from '../../lib/json.ts';

export { isRecord, parseObject, record } from '../../lib/json.ts';

/** `Tags: [{Key, Value}]` as a map. `duplicate` makes the error for a key that comes twice; without it the last counts. */
export function tagMap(tags: unknown, duplicate?: () => Error): Map<string, string> {
  const map = new Map<string, string>();
  for (const tag of Array.isArray(tags) ? (tags as readonly unknown[]) : []) {
    const { Key: key, Value: value } = record(tag);
    if (typeof key !== 'string') continue;
    if (duplicate && map.has(key)) throw duplicate();
    map.set(key, typeof value === 'string' ? value : '');
  }
  return map;
}
