// All that one SNS holds.

import type { Subscription, Topic } from './model.ts';

export interface SnsState {
  readonly topics: Map<string, Topic>;
  /** Every subscription of every topic, by ARN. */
  readonly subscriptions: Map<string, Subscription>;
}

export function createSnsState(): SnsState {
  return { topics: new Map(), subscriptions: new Map() };
}
