/**
 * The cron expressions of EventBridge: minutes, hours, day of month, month, day of week, year, with ? L W #.
 * eventbridge/latest/userguide/eb-cron-expressions.html
 */
import { toInstant, toWallTime } from './time-zone.ts';

/** A cron expression that has been read. */
export interface Cron {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly years: ReadonlySet<number>;
  /** Whether a day of a month is due. `month` counts from 1. */
  isDue(year: number, month: number, day: number): boolean;
}

type DayTest = Cron['isDue'];

const YEARS = { from: 1970, to: 2199 } as const;
const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
/** Sunday is 1. */
const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const MINUTE_MS = 60_000;

/** Reads the six fields; undefined when they are not valid. */
export function readCron(body: string): Cron | undefined {
  const fields = body.trim().split(/\s+/);
  if (fields.length !== 6) return undefined;
  const [minute = '', hour = '', dayOfMonth = '', month = '', dayOfWeek = '', year = ''] = fields;
  // One of the two day fields has to be left open.
  if ((dayOfMonth === '?') === (dayOfWeek === '?')) return undefined;

  const minutes = readSet(minute, 0, 59);
  const hours = readSet(hour, 0, 23);
  const months = readSet(month, 1, 12, MONTH_NAMES, 1);
  const years = readSet(year, YEARS.from, YEARS.to);
  const isDue = dayOfMonth === '?' ? readDayOfWeek(dayOfWeek) : readDayOfMonth(dayOfMonth);
  if (!minutes || !hours || !months || !years || !isDue) return undefined;
  return { minutes, hours, months, years, isDue };
}

/** The first time after `after` that the expression names, in milliseconds since the epoch. */
export function nextCron(cron: Cron, after: number, timeZone: string): number | undefined {
  let wallTime = toWallTime(after, timeZone);
  for (;;) {
    const next = nextWallTime(cron, wallTime);
    if (next === undefined) return undefined;
    const instant = toInstant(next, timeZone);
    // A wall time that summer time leaves out is skipped; one that comes twice is due once.
    if (instant !== undefined && instant > after) return instant;
    wallTime = next;
  }
}

function nextWallTime(cron: Cron, after: number): number | undefined {
  const start = new Date((Math.floor(after / MINUTE_MS) + 1) * MINUTE_MS);
  const first = { year: start.getUTCFullYear(), month: start.getUTCMonth() + 1, day: start.getUTCDate() };
  for (let year = Math.max(first.year, YEARS.from); year <= YEARS.to; year++) {
    if (!cron.years.has(year)) continue;
    const firstMonth = year === first.year ? first.month : 1;
    for (let month = firstMonth; month <= 12; month++) {
      if (!cron.months.has(month)) continue;
      const firstDay = year === first.year && month === first.month ? first.day : 1;
      for (let day = firstDay; day <= daysIn(year, month); day++) {
        if (!cron.isDue(year, month, day)) continue;
        const found = timeOfDay(cron, Date.UTC(year, month - 1, day), start.getTime());
        if (found !== undefined) return found;
      }
    }
  }
  return undefined;
}

function timeOfDay(cron: Cron, midnight: number, notBefore: number): number | undefined {
  for (let hour = 0; hour < 24; hour++) {
    if (!cron.hours.has(hour)) continue;
    for (let minute = 0; minute < 60; minute++) {
      if (!cron.minutes.has(minute)) continue;
      const time = midnight + (hour * 60 + minute) * MINUTE_MS;
      if (time >= notBefore) return time;
    }
  }
  return undefined;
}

/** `*`, `a`, `a-b`, `a/step`, `a-b/step`, and lists of them. Names stand for numbers from `nameBase` on. */
function readSet(
  field: string,
  from: number,
  to: number,
  names: readonly string[] = [],
  nameBase = 0,
): ReadonlySet<number> | undefined {
  const number = (text: string): number | undefined => {
    const named = names.indexOf(text.toUpperCase());
    if (named >= 0) return named + nameBase;
    const value = /^\d+$/.test(text) ? Number(text) : undefined;
    return value !== undefined && value >= from && value <= to ? value : undefined;
  };
  const values = new Set<number>();
  for (const part of field.split(',')) {
    const [range = '', step, ...rest] = part.split('/');
    const [start = '', end, ...more] = range.split('-');
    if (rest.length > 0 || more.length > 0) return undefined;
    const every = step === undefined ? 1 : Number(/^[1-9]\d*$/.exec(step)?.[0]);
    const low = start === '*' ? from : number(start);
    const open = start === '*' || (end === undefined && step !== undefined);
    const high = open ? to : number(end ?? start);
    if (low === undefined || high === undefined || Number.isNaN(every)) return undefined;
    // Names of days may run over the end of the week.
    const last = high < low && names.length > 0 ? high + names.length : high;
    if (last < low) return undefined;
    for (let value = low; value <= last; value += every)
      values.add(value > to ? value - names.length : value);
  }
  return values;
}

function readDayOfMonth(field: string): DayTest | undefined {
  if (field === 'L') return (year, month, day) => day === daysIn(year, month);
  if (field === 'LW') return (year, month, day) => day === nearestWeekday(year, month, daysIn(year, month));
  const near = /^(\d{1,2})W$/.exec(field)?.[1];
  if (near !== undefined) {
    const wanted = Number(near);
    if (wanted < 1 || wanted > 31) return undefined;
    return (year, month, day) => wanted <= daysIn(year, month) && day === nearestWeekday(year, month, wanted);
  }
  const days = readSet(field, 1, 31);
  return days && ((_year, _month, day) => days.has(day));
}

function readDayOfWeek(field: string): DayTest | undefined {
  const last = /^(\w+)L$/.exec(field)?.[1];
  if (field === 'L') return (year, month, day) => dayOfWeek(year, month, day) === 7;
  if (last !== undefined) {
    const wanted = oneDayOfWeek(last);
    if (wanted === undefined) return undefined;
    return (year, month, day) => dayOfWeek(year, month, day) === wanted && day + 7 > daysIn(year, month);
  }
  const [, name = '', nth] = /^(\w+)#([1-5])$/.exec(field) ?? [];
  if (nth !== undefined) {
    const wanted = oneDayOfWeek(name);
    if (wanted === undefined) return undefined;
    return (year, month, day) => dayOfWeek(year, month, day) === wanted && Math.ceil(day / 7) === Number(nth);
  }
  const days = readSet(field, 1, 7, DAY_NAMES, 1);
  return days && ((year, month, day) => days.has(dayOfWeek(year, month, day)));
}

function oneDayOfWeek(text: string): number | undefined {
  const days = readSet(text, 1, 7, DAY_NAMES, 1);
  return days?.size === 1 ? [...days][0] : undefined;
}

/** 1 is Sunday. */
function dayOfWeek(year: number, month: number, day: number): number {
  return new Date(Date.UTC(year, month - 1, day)).getUTCDay() + 1;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** The weekday closest to a day, within its month. */
function nearestWeekday(year: number, month: number, day: number): number {
  const weekday = dayOfWeek(year, month, day);
  if (weekday === 7) return day === 1 ? day + 2 : day - 1;
  if (weekday === 1) return day === daysIn(year, month) ? day - 2 : day + 1;
  return day;
}
