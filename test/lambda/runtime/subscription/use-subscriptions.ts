/** Subscriptions that end with their test. */
import { afterEach } from '@jest/globals';

import { subscribe } from '../../../../lambda/runtime/subscription/index.ts';
import type { EventSubscription, SubscribeOptions } from '../../../../lambda/runtime/subscription/index.ts';
import { SOON } from './support.ts';

type Start = (
  options: Partial<SubscribeOptions> & Pick<SubscribeOptions, 'consumer'>,
) => Promise<EventSubscription>;

/** Starts subscriptions, which are stopped after the test, before what hooks that come later empty. */
export function useSubscriptions(
  database: () => { readonly store: SubscribeOptions['store'] },
  defaults: Partial<SubscribeOptions>,
): Start {
  let running: EventSubscription[] = [];
  afterEach(async () => {
    await Promise.all(running.map((one) => one.stop({ within: 2_000 })));
    running = [];
  });
  return async (options) => {
    const subscription = await subscribe({
      store: database().store,
      backoff: SOON,
      ...defaults,
      ...options,
    });
    running.push(subscription);
    return subscription;
  };
}
