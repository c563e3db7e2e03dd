/**
 * The addresses under which earlier processes listened on the same state directory. The port may have changed, and
 * what they resolved still names the old one: environments of functions, outputs of stacks, endpoints of subscriptions.
 */
import type { AwsContext } from './context.ts';
import type { StateStore } from './state/index.ts';

const COLLECTION = 'endpoint.urls';

/** Read once, when a process starts. */
export function formerEndpointUrls(state: StateStore): readonly string[] {
  return state
    .collection<true>(COLLECTION)
    .entries()
    .map(([url]) => url);
}

/** Keeps the present address for the processes that come. */
export function rememberEndpointUrl({ state, endpointUrl }: AwsContext): void {
  state.collection<true>(COLLECTION).put(endpointUrl, true);
}

/** A kept value with former addresses of this endpoint replaced by the present one, in text at any depth. */
export function atThisEndpoint<Value>(
  { endpointUrl, formerEndpointUrls: former }: AwsContext,
  value: Value,
): Value {
  const others = former.filter((url) => url !== endpointUrl);
  if (others.length === 0) return value;
  const text = JSON.stringify(value);
  // A port is whole: 127.0.0.1:456 is no part of 127.0.0.1:4566.
  const replaced = others.reduce(
    (left, url) => left.replace(new RegExp(`${url.replace(/[.[\]]/g, '\\$&')}(?!\\d)`, 'g'), endpointUrl),
    text,
  );
  return replaced === text ? value : (JSON.parse(replaced) as Value);
}
