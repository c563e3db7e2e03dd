/** Fields that the events of the agents system have in common, and the limits that its API checks at the edge. */
import * as z from 'zod/mini';

/** Opaque. With the tenant and `#` an ordering key fits the 128 characters of a message group id. */
export const AGENTS_ID_MAX_LENGTH = 60;
export const AgentsId = z.string().check(z.minLength(1), z.maxLength(AGENTS_ID_MAX_LENGTH));

/** UTF-16 code units, at the edge: sealed it is longer. */
export const FEEDBACK_TEXT_MAX_LENGTH = 4_000;
export const FeedbackText = z.string().check(z.minLength(1));

/** Where somebody said it. */
export const FeedbackChannel = z.enum(['web', 'email', 'app', 'support', 'survey']);
export type FeedbackChannel = z.infer<typeof FeedbackChannel>;

/** BCP 47: language, and a region where it matters, such as `en` or `de-AT`. */
export const FEEDBACK_LANGUAGE = /^[a-z]{2,3}(-[A-Z]{2})?$/;
export const FeedbackLanguage = z.string().check(z.regex(FEEDBACK_LANGUAGE));

/** -1: not wanted. 1 is what one person says; a customer's account may count more. */
const MIN_VOTE = -1;
export const MAX_VOTE_WEIGHT = 10;
export const VoteWeight = z.number().check(z.int(), z.minimum(MIN_VOTE), z.maximum(MAX_VOTE_WEIGHT));

export const SentimentLabel = z.enum(['negative', 'neutral', 'positive']);
export type SentimentLabel = z.infer<typeof SentimentLabel>;

export const FeedbackCategory = z.enum([
  'bug',
  'performance',
  'security',
  'billing',
  'usability',
  'feature-request',
  'praise',
  'other',
]);
export type FeedbackCategory = z.infer<typeof FeedbackCategory>;

export const FeedbackPriority = z.enum(['low', 'normal', 'high', 'urgent']);
export type FeedbackPriority = z.infer<typeof FeedbackPriority>;

/** What a model says of its own answer. */
export const Share = z.number().check(z.minimum(0), z.maximum(1));

/** What the examples of all events are about. */
export const exampleFeedback = {
  feedbackId: 'fbk_0193a7c4d2f07b1e9a5c',
  productId: 'prd_atlas',
} as const;
