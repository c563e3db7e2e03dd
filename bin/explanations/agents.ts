/**
 * Codes that the feedback API of the agents system answers with. Not tied to its types: the agents system is no part of
 * the package, and a type that is imported would bring it in.
 */
import type { AreaExplanation } from './explanation.ts';

export const AGENTS_EXPLANATIONS = {
  WAYBILL_VOTE_CAST: {
    what: 'Somebody voted again on the same feedback, with another weight. Answered with 409.',
    why: 'A person has one vote on a feedback. The first one counts.',
    fix: 'Send the same weight, or nothing.',
    example: '{ "weight": 1 }',
  },
  WAYBILL_PRODUCT_INVALID: {
    what: 'The query parameter productId is no id. Answered with 400.',
    why: 'A roadmap is of one product, or of all.',
    fix: 'Give 1 to 60 characters, or leave it out.',
    example: 'GET /roadmap?productId=atlas',
  },
  WAYBILL_METRICS_WINDOW_INVALID: {
    what: 'The query parameter windowSeconds is out of range. Answered with 400.',
    why: 'Figures are of a window that has to be counted.',
    fix: 'Give a whole number within the limits that the answer names, or leave it out.',
    example: 'GET /events/metrics?windowSeconds=3600',
  },
} as const satisfies Record<string, AreaExplanation>;
