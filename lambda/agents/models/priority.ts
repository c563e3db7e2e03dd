/** How soon somebody should look at feedback: points for what it is about and for how its author feels. */
import type { FeedbackCategory, FeedbackPriority } from '../../../catalog/agents/index.ts';

export interface Assessment {
  readonly priority: FeedbackPriority;
  /** The same whichever was known first. */
  readonly reasons: readonly string[];
}

const CATEGORY_POINTS: Readonly<Record<FeedbackCategory, number>> = {
  security: 4,
  bug: 2,
  performance: 2,
  billing: 2,
  usability: 1,
  'feature-request': 0,
  other: 0,
  praise: -2,
};

/**
 * | score            | points |
 * |------------------|--------|
 * | -0.6 and below   | 2      |
 * | -0.2 and below   | 1      |
 * | between          | 0      |
 * | 0.5 and above    | -1     |
 */
function pointsOfScore(score: number): number {
  if (score <= -0.6) return 2;
  if (score <= -0.2) return 1;
  return score >= 0.5 ? -1 : 0;
}

/** | 5 and more: urgent | 3: high | 1: normal | less: low | */
export function priorityOf(category: FeedbackCategory, score: number): Assessment {
  const ofCategory = CATEGORY_POINTS[category];
  const ofScore = pointsOfScore(score);
  return {
    priority: priorityFrom(ofCategory + ofScore),
    reasons: [`category ${category}: ${ofCategory}`, `sentiment ${score}: ${ofScore}`],
  };
}

function priorityFrom(points: number): FeedbackPriority {
  if (points >= 5) return 'urgent';
  if (points >= 3) return 'high';
  return points >= 1 ? 'normal' : 'low';
}
