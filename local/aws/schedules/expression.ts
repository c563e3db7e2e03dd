/**
 * Schedule expressions: rate(), cron() and, for EventBridge Scheduler, at().
 * eventbridge/latest/userguide/eb-scheduled-rule-pattern.html, scheduler/latest/UserGuide/schedule-types.html
 */
import { type Cron, nextCron, readCron } from './cron.ts';
import { toInstant } from './time-zone.ts';

/** When something is due. */
export interface Schedule {
  /**
   * The first time after `after` (milliseconds since the epoch), or undefined when there is none.
   *
   * @param origin where rate() counts from: when the schedule was made, or its start date
   */
  next(after: number, origin: number): number | undefined;
  /** at(): there is one time, whatever start and end dates say. */
  readonly once: boolean;
}

export interface ScheduleSyntax {
  /**
   * As EventBridge Scheduler has it: `at(yyyy-mm-ddThh:mm:ss)` is known, any plural will do, and rate() is due for
   * the first time at its origin, not one period later.
   */
  readonly oneTime: boolean;
  /** IANA name; UTC when absent. Rules on a bus are always UTC. */
  readonly timeZone?: string | undefined;
}

const MILLISECONDS: Readonly<Record<string, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

/** Reads an expression; undefined when it is not valid. */
export function readSchedule(expression: string, syntax: ScheduleSyntax): Schedule | undefined {
  const [, kind, body] = /^(rate|cron|at)\((.*)\)$/.exec(expression) ?? [];
  if (body === undefined) return undefined;
  const timeZone = syntax.timeZone ?? 'UTC';
  if (kind === 'rate') return readRate(body, syntax);
  if (kind === 'cron') {
    const cron = readCron(body);
    return cron && cronSchedule(cron, timeZone);
  }
  return syntax.oneTime ? readAt(body, timeZone) : undefined;
}

/** Rules insist on `1 minute` and `2 minutes`. */
function readRate(body: string, { oneTime: lenient }: ScheduleSyntax): Schedule | undefined {
  const [, digits, unit, plural] = /^(\d+) (minute|hour|day)(s?)$/.exec(body) ?? [];
  const count = Number(digits);
  const milliseconds = unit === undefined ? undefined : MILLISECONDS[unit];
  if (milliseconds === undefined || count < 1) return undefined;
  if (!lenient && (plural === 's') === (count === 1)) return undefined;
  const period = count * milliseconds;
  const first = lenient ? 0 : 1;
  return {
    once: false,
    next: (after, origin) => origin + Math.max(first, Math.floor((after - origin) / period) + 1) * period,
  };
}

function cronSchedule(cron: Cron, timeZone: string): Schedule {
  return { once: false, next: (after) => nextCron(cron, after, timeZone) };
}

function readAt(body: string, timeZone: string): Schedule | undefined {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/.test(body)) return undefined;
  const wallTime = Date.parse(`${body}Z`);
  if (Number.isNaN(wallTime)) return undefined;
  const due = toInstant(wallTime, timeZone);
  return due === undefined ? undefined : { once: true, next: (after) => (due > after ? due : undefined) };
}
