/** What people say of a product: the events that the feedback API appends. */
import * as z from 'zod/mini';
import { event, service } from '../../lib/contracts/index.ts';
import {
  AgentsId,
  exampleFeedback,
  FeedbackChannel,
  FeedbackLanguage,
  FeedbackText,
  VoteWeight,
} from './fields.ts';

export const Feedback = service('feedback', {
  source: 'feedback.products',
  description: 'Feedback on products, and what eight agents make of it.',
});

const FeedbackData = z.object({
  feedbackId: AgentsId,
  productId: AgentsId,
  authorId: AgentsId,
  channel: FeedbackChannel,
  text: FeedbackText,
  language: z.optional(FeedbackLanguage),
});
type FeedbackData = z.infer<typeof FeedbackData>;

export const FeedbackReceived = event('FeedbackReceived', {
  version: '2.0',
  source: Feedback.source,
  description: 'Somebody said what they think of a product.',
  data: FeedbackData,
  orderingKey: 'productId',
  pii: ['text'],
  dataSubject: 'authorId',
  // The text had a longest length, which it exceeds when it is sealed.
  upcast: { '1': (older: FeedbackData) => older },
  traffic: { peakPerSecond: 100, averageBytes: 1_300 },
  examples: [
    {
      ...exampleFeedback,
      authorId: 'usr_7f1c',
      channel: 'app',
      text: 'The export crashes every time since the update. Please fix this.',
      language: 'en',
    },
  ],
});

export const FeedbackVoted = event('FeedbackVoted', {
  version: '1.0',
  source: Feedback.source,
  description: 'Somebody wants the same, or does not want it.',
  data: z.object({ feedbackId: AgentsId, productId: AgentsId, userId: AgentsId, weight: VoteWeight }),
  orderingKey: 'productId',
  traffic: { peakPerSecond: 100, averageBytes: 560 },
  examples: [{ ...exampleFeedback, userId: 'usr_91ab', weight: 1 }],
});
