/**
 * The directories of a container that it writes to, as directories of its task: two tasks on one machine do not see one
 * another's `/tmp`. Paths are changed where variables, and the words of health checks, begin with them.
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Volumes {
  /** The path on this machine, for a path in a volume; any other text as it is. */
  place(text: string): string;
  /** The same for every path of a line for the shell. */
  placeIn(line: string): string;
  environment(given: Readonly<Record<string, string>>): Record<string, string>;
  remove(): void;
}

const TEMPORARY = '/tmp';

/** @param paths of the container, absolute */
export function createVolumes(paths: readonly string[]): Volumes {
  const unique = [...new Set(paths.map((path) => path.replace(/(?<=.)\/+$/, '')))];
  const root = unique.length === 0 ? undefined : mkdtempSync(join(tmpdir(), 'waybill-task-'));
  const places = unique.map((path) => {
    const directory = join(root ?? '', path);
    mkdirSync(directory, { recursive: true });
    return { path, directory, within: new RegExp(`(?<![\\w./-])${escaped(path)}(?=$|[/\\s"';)|&])`, 'g') };
  });
  const place = (text: string): string => {
    const found = places.find(({ path }) => text === path || text.startsWith(`${path}/`));
    return found === undefined ? text : found.directory + text.slice(found.path.length);
  };
  return {
    place,
    placeIn: (line) =>
      places.reduce((known, { within, directory }) => known.replaceAll(within, directory), line),
    environment: (given) => ({
      ...(unique.includes(TEMPORARY) && { TMPDIR: place(TEMPORARY) }),
      ...Object.fromEntries(
        Object.entries(given)
          .map(([name, value]) => [name, place(value)] as const)
          // Authorities that the build of an image would have fetched: Node complains about a file that is missing.
          .filter(([name, value]) => name !== 'NODE_EXTRA_CA_CERTS' || existsSync(value)),
      ),
    }),
    remove() {
      if (root !== undefined) rmSync(root, { recursive: true, force: true });
    },
  };
}

function escaped(path: string): string {
  return path.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
