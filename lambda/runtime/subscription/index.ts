/** Subscriptions: consumers of the event store, pushed and polled, with cursors of their own. */
export { deadLettersOf, redriveDeadLetters } from './dead-letters.ts';
export type {
  DeadLetterFilter,
  RedriveOptions,
  RedriveReport,
  SubscriptionDeadLetter,
} from './dead-letters.ts';
export { subscriptionMetrics } from './metrics.ts';
export type { SubscriptionMetrics } from './metrics.ts';
export { replayEvents } from './replay.ts';
export type { ReplayOptions } from './replay.ts';
export { removeSubscription, subscribe } from './subscribe.ts';
export type { EventSubscription, SettledEvent, SubscribeOptions } from './types.ts';
