/** Consumer `activity-analytics`: what visitors do, and how orders end, counted in windows of the stream. */
import { analyticsEvents } from '../../../catalog/commerce/index.ts';
import { addToWindow, countWindow } from '../../commerce/analytics/count-activity.ts';
import type { WindowCounts } from '../../commerce/analytics/count-activity.ts';
import { controls } from '../../commerce/controls.ts';
import { commerce } from '../../commerce/environment.ts';
import { aggregateStream } from '../../runtime/index.ts';

export const handler = aggregateStream(
  analyticsEvents,
  {
    initial: (): WindowCounts => ({}),
    add: addToWindow,
    emit: async (counts, window) => countWindow(await commerce(), counts, window),
  },
  { controls },
);
