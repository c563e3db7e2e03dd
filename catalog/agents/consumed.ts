/** Which events each agent gets, opens and appends: agents, handlers and stacks take the same lists. */
import { FeedbackReceived, FeedbackVoted } from './feedback.ts';
import { DuplicateFound, FeedbackCategorised, PriorityAssigned, SentimentRated } from './findings.ts';

/** Keys are the names of agents, which are their consumer names. */
export const agentConsumes = {
  sentiment: [FeedbackReceived],
  categorisation: [FeedbackReceived],
  'duplicate-detection': [FeedbackReceived],
  priority: [SentimentRated, FeedbackCategorised],
  notification: [PriorityAssigned, DuplicateFound],
  roadmap: [FeedbackCategorised, PriorityAssigned, FeedbackVoted],
  'weekly-digest': [
    FeedbackReceived,
    FeedbackVoted,
    SentimentRated,
    FeedbackCategorised,
    DuplicateFound,
    PriorityAssigned,
  ],
  'webhook-relay': [PriorityAssigned, DuplicateFound],
} as const;

export type AgentName = keyof typeof agentConsumes;

export const agentNames = Object.keys(agentConsumes) as readonly AgentName[];

/** Of what they get, what they open: these agents read what people wrote. The others get it sealed. */
export const agentOpens = {
  sentiment: [FeedbackReceived],
  categorisation: [FeedbackReceived],
  'duplicate-detection': [FeedbackReceived],
  priority: [],
  notification: [],
  roadmap: [],
  'weekly-digest': [],
  'webhook-relay': [],
} as const satisfies Readonly<Record<AgentName, readonly unknown[]>>;

export const agentPublishes = {
  sentiment: [SentimentRated],
  categorisation: [FeedbackCategorised],
  'duplicate-detection': [DuplicateFound],
  priority: [PriorityAssigned],
  notification: [],
  roadmap: [],
  'weekly-digest': [],
  'webhook-relay': [],
} as const satisfies Readonly<Record<AgentName, readonly unknown[]>>;
