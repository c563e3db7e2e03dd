/** Started by a schedule: ends generations whose provider says nothing any more, and forgets what is of no use. */
import { generation, logger } from '../../generation/environment.ts';
import {
  endSilentGenerations,
  forgetProviderEvents,
  timeoutFromEnvironment,
} from '../../generation/timeouts.ts';

export async function handler(): Promise<{ readonly ended: number }> {
  const ended = await endSilentGenerations(await generation(), timeoutFromEnvironment());
  if (ended > 0) logger.warn('generations ended because their provider said nothing', { ended });
  await forgetProviderEvents(await generation());
  return { ended };
}
