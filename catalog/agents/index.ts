/** The events of the agents system: feedback on products, and what eight agents make of it. */
import { Feedback, FeedbackReceived, FeedbackVoted } from './feedback.ts';
import { DuplicateFound, FeedbackCategorised, PriorityAssigned, SentimentRated } from './findings.ts';

export * from './consumed.ts';
export * from './feedback.ts';
export * from './findings.ts';
export {
  AGENTS_ID_MAX_LENGTH,
  AgentsId,
  FEEDBACK_LANGUAGE,
  FEEDBACK_TEXT_MAX_LENGTH,
  FeedbackCategory,
  FeedbackChannel,
  FeedbackLanguage,
  FeedbackPriority,
  FeedbackText,
  MAX_VOTE_WEIGHT,
  SentimentLabel,
  VoteWeight,
} from './fields.ts';

export const agentsServices = [Feedback] as const;
export const agentsEvents = [
  FeedbackReceived,
  FeedbackVoted,
  SentimentRated,
  FeedbackCategorised,
  DuplicateFound,
  PriorityAssigned,
] as const;
