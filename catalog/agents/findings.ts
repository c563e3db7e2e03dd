/** What the agents find out about feedback: each appends its own event. */
import * as z from 'zod/mini';
import { event } from '../../lib/contracts/index.ts';
import { Feedback } from './feedback.ts';
import {
  AgentsId,
  exampleFeedback,
  FeedbackCategory,
  FeedbackPriority,
  SentimentLabel,
  Share,
} from './fields.ts';

export const SentimentRated = event('SentimentRated', {
  version: '1.0',
  source: Feedback.source,
  description: 'How somebody feels about the product, by what they wrote.',
  data: z.object({
    feedbackId: AgentsId,
    productId: AgentsId,
    /** -1 is as bad as it gets, 1 as good. */
    score: z.number().check(z.minimum(-1), z.maximum(1)),
    label: SentimentLabel,
  }),
  orderingKey: 'productId',
  traffic: { peakPerSecond: 100, averageBytes: 560 },
  examples: [{ ...exampleFeedback, score: -0.5, label: 'negative' }],
});

export const FeedbackCategorised = event('FeedbackCategorised', {
  version: '1.0',
  source: Feedback.source,
  description: 'What the feedback is about.',
  data: z.object({
    feedbackId: AgentsId,
    productId: AgentsId,
    category: FeedbackCategory,
    confidence: Share,
  }),
  orderingKey: 'productId',
  traffic: { peakPerSecond: 100, averageBytes: 570 },
  examples: [{ ...exampleFeedback, category: 'bug', confidence: 0.8 }],
});

export const DuplicateFound = event('DuplicateFound', {
  version: '1.0',
  source: Feedback.source,
  description: 'The same was said of the product before.',
  data: z.object({
    feedbackId: AgentsId,
    productId: AgentsId,
    /** The feedback that said it first. */
    originalId: AgentsId,
    similarity: Share,
  }),
  orderingKey: 'productId',
  traffic: { peakPerSecond: 20, averageBytes: 590 },
  examples: [{ ...exampleFeedback, originalId: 'fbk_0193a7c4d2f07b1e0001', similarity: 0.92 }],
});

export const PriorityAssigned = event('PriorityAssigned', {
  version: '1.0',
  source: Feedback.source,
  description: 'How soon somebody should look at it, and why.',
  data: z.object({
    feedbackId: AgentsId,
    productId: AgentsId,
    priority: FeedbackPriority,
    /** In words, and without what the author wrote. */
    reasons: z.array(z.string()),
  }),
  orderingKey: 'productId',
  traffic: { peakPerSecond: 100, averageBytes: 620 },
  examples: [{ ...exampleFeedback, priority: 'high', reasons: ['category bug', 'sentiment negative'] }],
});
