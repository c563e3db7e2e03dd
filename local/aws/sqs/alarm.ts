/** One timer that can be moved: the queue's next due time. */
import type { Clock, ClockTimer } from '../clock.ts';

export interface Alarm {
  /** Rings at `time` (milliseconds since the epoch) instead of any earlier setting; undefined: not at all. */
  setFor(time: number | undefined): void;
}

export function createAlarm(clock: Clock, ring: () => void): Alarm {
  let timer: ClockTimer | undefined;
  let setTo: number | undefined;
  return {
    setFor(time) {
      if (time === setTo) return;
      if (timer) clock.clearTimeout(timer);
      timer = undefined;
      setTo = time;
      if (time === undefined) return;
      timer = clock.setTimeout(() => {
        timer = undefined;
        setTo = undefined;
        ring();
      }, time - clock.now());
    },
  };
}
