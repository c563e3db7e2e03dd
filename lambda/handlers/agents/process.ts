/** The long-running process: it works from when it is loaded until SIGTERM, and then finishes what runs. */
import { logger } from '../../agents/environment.ts';
import { processSettings } from '../../agents/process-settings.ts';
import { startAgentsProcess } from '../../agents/process.ts';
import { describeError } from '../../runtime/logger.ts';

async function run(): Promise<void> {
  // Before anything that waits: a process that is told to end while it starts ends, too.
  const told = Promise.withResolvers<void>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => told.resolve());
  const agents = await startAgentsProcess(processSettings(), logger);
  await told.promise;
  await agents.stop();
}

run().then(
  () => process.exit(0),
  (error: unknown) => {
    logger.error('the process could not go on', { error: describeError(error), reason: reasonOf(error) });
    process.exit(1);
  },
);

function reasonOf(error: unknown): string | undefined {
  return error instanceof Error ? error.message : undefined;
}
