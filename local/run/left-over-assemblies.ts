/** The folders of assemblies that a run left behind because it was killed: the next run of the clone removes them. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** As `createDeployment` names them, that of a standby Region too. */
const OF_A_RUN = /^cdk\.out-(\d+)-\d+(-standby)?$/;

/** @param folder - where runs keep their assemblies; one that is not there has none */
export async function removeLeftOverAssemblies(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const processId = Number(OF_A_RUN.exec(name)?.[1]);
    if (processId > 0 && !isRunning(processId))
      await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isRunning(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // There is one, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
