/** Public surface: schedule expressions and the timers that follow them. */
export { readSchedule, type Schedule, type ScheduleSyntax } from './expression.ts';
export { isTimeZone } from './time-zone.ts';
export { createScheduleTimers, type ScheduleTimers } from './timers.ts';
