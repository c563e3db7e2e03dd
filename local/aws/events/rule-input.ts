/** What a rule is made of, as it is used: its pattern and its schedule. */
import { EVENT_BUS_PROFILE, type Pattern, PatternError, readPattern } from '../../../lib/matching/index.ts';
import { readSchedule, type Schedule } from '../schedules/index.ts';
import { invalidPattern, validationError } from './errors.ts';

/** A pattern, or the error EventBridge answers to it. */
export function readEventPattern(text: string): Pattern {
  try {
    return readPattern(text, EVENT_BUS_PROFILE);
  } catch (error) {
    if (error instanceof PatternError) throw invalidPattern(error.message);
    throw error;
  }
}

/** rate() or cron(), in UTC. */
export function readRuleSchedule(expression: string): Schedule {
  const schedule = readSchedule(expression, { oneTime: false });
  if (!schedule) throw validationError('Parameter ScheduleExpression is not valid.');
  return schedule;
}
