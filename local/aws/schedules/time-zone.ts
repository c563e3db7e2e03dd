/**
 * Wall time and instants. A wall time is written as the milliseconds since the epoch that a clock showing UTC
 * would have at that reading, so that its fields can be read with Date's UTC methods.
 */

/** The wall time in a zone at an instant. */
export function toWallTime(instant: number, timeZone: string): number {
  if (timeZone === 'UTC') return instant;
  const parts = formatter(timeZone).formatToParts(instant);
  const field = (type: string) => Number(parts.find((part) => part.type === type)?.value ?? 0);
  return Date.UTC(
    field('year'),
    field('month') - 1,
    field('day'),
    field('hour'),
    field('minute'),
    field('second'),
  );
}

/** The first instant with this wall time; undefined for one that a change to summer time leaves out. */
export function toInstant(wallTime: number, timeZone: string): number | undefined {
  if (timeZone === 'UTC') return wallTime;
  const day = 86_400_000;
  const offsets = [wallTime - day, wallTime + day].map((near) => toWallTime(near, timeZone) - near);
  const instants = offsets
    .map((offset) => wallTime - offset)
    .filter((instant) => toWallTime(instant, timeZone) === wallTime);
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** False for a name that is no IANA time zone. */
export function isTimeZone(name: string): boolean {
  try {
    formatter(name);
    return true;
  } catch {
    return false;
  }
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(timeZone: string): Intl.DateTimeFormat {
  let existing = formatters.get(timeZone);
  if (!existing) {
    existing = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(timeZone, existing);
  }
  return existing;
}
