/** What the feedback API takes, as the bodies of its requests. */
import * as z from 'zod/mini';
import {
  AgentsId,
  FEEDBACK_TEXT_MAX_LENGTH,
  FeedbackChannel,
  FeedbackLanguage,
  VoteWeight,
} from '../../../catalog/agents/index.ts';

const URL_MAX_LENGTH = 2048;

export const FeedbackBody = z.strictObject({
  productId: AgentsId,
  channel: z._default(FeedbackChannel, 'web'),
  text: z.string().check(z.trim(), z.minLength(1), z.maxLength(FEEDBACK_TEXT_MAX_LENGTH)),
  language: z.optional(FeedbackLanguage),
});

export const VoteBody = z.strictObject({ weight: z._default(VoteWeight, 1) });

export const EndpointBody = z.strictObject({ url: z.string().check(z.maxLength(URL_MAX_LENGTH)) });

/** Seconds that metrics are of. */
export const METRICS_WINDOW = { min: 10, max: 3_600, default: 300 } as const;
