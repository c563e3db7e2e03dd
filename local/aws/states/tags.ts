/** Tags of state machines and activities. */
import { resourceNotFound } from './errors.ts';
import { requiredText, tagsOf } from './input.ts';
import type { Input } from './input.ts';
import type { Activity, Machine } from './model.ts';
import type { Store } from './store.ts';

export function tagResource(store: Store, input: Input) {
  const { value, kept } = tagged(store, input);
  kept.put({ ...value, tags: tagsOf(input, value.tags) });
  return {};
}

export function untagResource(store: Store, input: Input) {
  const { value, kept } = tagged(store, input);
  const keys = Array.isArray(input['tagKeys']) ? (input['tagKeys'] as readonly string[]) : [];
  const left = Object.entries(value.tags).filter(([key]) => !keys.includes(key));
  kept.put({ ...value, tags: Object.fromEntries(left) });
  return {};
}

export function listTags(store: Store, input: Input) {
  const { value } = tagged(store, input);
  return { tags: Object.entries(value.tags).map(([key, tag]) => ({ key, value: tag })) };
}

function tagged(store: Store, input: Input) {
  const arn = requiredText(input, 'resourceArn');
  const machine = store.machines.get(arn);
  const value: Machine | Activity | undefined = machine ?? store.activities.get(arn);
  if (!value) throw resourceNotFound(arn);
  return { value, kept: machine ? store.machines : store.activities };
}
