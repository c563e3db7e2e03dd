/** Downloads packages of Debian 13, whatever Debian is installed here, and without changing anything in the system. */
import { execFile } from 'node:child_process';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { promisify } from 'node:util';

/** The release of Debian with RabbitMQ 4, Redis 8 and Valkey 8. */
const SUITE = 'trixie';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const run = promisify(execFile);

/** Why no packages can be unpacked and run here; undefined where they can. */
export async function obstacleToPackages(server: string): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `needs Linux on x86-64; install ${server} by other means and put it on the PATH`;
  }
  for (const tool of ['apt-get', 'dpkg-deb']) {
    const missing = await run(tool, ['--version']).then(
      () => false,
      () => true,
    );
    if (missing) return `needs ${tool}, which Debian and its relatives have`;
  }
  return undefined;
}

/**
 * apt, with lists and sources of its own: the system's are read for the mirror's address and not changed.
 *
 * @param work an empty directory
 * @returns the packages' files
 */
export async function downloadPackages(work: string, names: readonly string[]): Promise<string[]> {
  const mirror = await debianMirror();
  const lists = path.join(work, 'lists');
  const packages = path.join(work, 'packages');
  await fs.mkdir(path.join(lists, 'partial'), { recursive: true });
  await fs.mkdir(path.join(work, 'cache', 'archives', 'partial'), { recursive: true });
  await fs.mkdir(packages);
  await fs.writeFile(path.join(work, 'sources.list'), `deb [signed-by=${KEYRING}] ${mirror} ${SUITE} main\n`);
  await fs.writeFile(path.join(work, 'status'), '');
  const settings = [
    ['Dir::Etc::sourcelist', path.join(work, 'sources.list')],
    ['Dir::Etc::sourceparts', '-'],
    ['Dir::State::lists', lists],
    ['Dir::State::status', path.join(work, 'status')],
    ['Dir::Cache', path.join(work, 'cache')],
    ['APT::Sandbox::User', ''],
  ].flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...settings, 'update']);
  await run('apt-get', [...settings, 'download', ...names], { cwd: packages });
  return (await fs.readdir(packages)).map((name) => path.join(packages, name));
}

async function debianMirror(): Promise<string> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)']);
  const mirror = stdout.split('\n').find((address) => /\/debian\/?$/.test(address));
  if (mirror === undefined) throw new Error("apt's sources name no Debian mirror");
  return mirror;
}
