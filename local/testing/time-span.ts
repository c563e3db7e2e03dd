/** A length of time in words: `{ hours: 12 }`, `{ minutes: 1, seconds: 30 }`. The parts add up. */
export interface TimeSpan {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export function millisecondsOf(span: TimeSpan): number {
  const { days = 0, hours = 0, minutes = 0, seconds = 0, milliseconds = 0 } = span;
  return days * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND + milliseconds;
}
