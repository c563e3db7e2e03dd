/**
 * Installs the browser that the tests of the example page use, where the machine allows it: `npm run browser:install`.
 * One that is there already is left alone; what can't be installed is named, with what is missing.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BROWSER_VARIABLE, findBrowser } from './find-browser.ts';

const run = promisify(execFile);
const OTHERWISE = `install Chromium by other means and put it on the PATH, or name it in ${BROWSER_VARIABLE}`;

const { state, detail } = await installBrowser();
process.stdout.write(`Chromium: ${state}: ${detail}\n`);
if (state === 'left out') process.exitCode = 1;

async function installBrowser(): Promise<{
  readonly state: 'installed' | 'present' | 'left out';
  readonly detail: string;
}> {
  const present = await findBrowser();
  if (present !== undefined) return { state: 'present', detail: `${present.version}, ${present.executable}` };
  const obstacle = await obstacleHere();
  if (obstacle !== undefined) return { state: 'left out', detail: `${obstacle}; ${OTHERWISE}` };
  try {
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update'], { env });
    await run('apt-get', ['install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'], {
      env,
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const [first = ''] = (error as Error).message.split('\n').filter((line) => line.startsWith('E: '));
    return {
      state: 'left out',
      detail: `apt-get failed: ${first || (error as Error).message.slice(0, 300)}`,
    };
  }
  const installed = await findBrowser();
  return installed === undefined
    ? { state: 'left out', detail: `the package was installed, and no Chromium starts; ${OTHERWISE}` }
    : { state: 'installed', detail: `${installed.version}, ${installed.executable}` };
}

async function obstacleHere(): Promise<string | undefined> {
  if (process.platform !== 'linux') return "only Debian's package is installed by this command";
  const hasApt = await run('apt-get', ['--version']).then(
    () => true,
    () => false,
  );
  if (!hasApt) return "it needs apt-get, and Debian's package";
  return process.getuid?.() === 0 ? undefined : 'apt-get needs root';
}
